/**
 * The embedding map: how long its parts take to compute from features, and how many frames a second the real window draws of it
 * while it is zoomed.
 *
 *   npm run bench -- map [points] [dimensions]
 */
import { _electron, type ElectronApplication } from '@playwright/test';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import * as v from 'valibot';
import { drawPoints, levels } from '../renderer/lib/map/draw-points.ts';
import { viewOfAll } from '../renderer/lib/map/geometry.ts';
import { openEngine } from '../trainer/engine/steps/open.ts';
import { kMeans } from '../trainer/maps/clusters.ts';
import { nearestNeighbours } from '../trainer/maps/neighbours.ts';
import { principalComponents } from '../trainer/maps/principal.ts';
import { layOut } from '../trainer/maps/umap.ts';
import { componentsKept, neighboursKept } from '../trainer/protocol/maps.ts';
import { Execution } from '../trainer/protocol/run.ts';
import { keyed } from '../trainer/random.ts';
import type { FeatureSet } from '../trainer/recipe.ts';
import { median } from '../trainer/training/pace.ts';

const points = Number(process.argv[2] ?? 60_000);
const columns = Number(process.argv[3] ?? 512);
const clusters = 10;
const framesMeasured = 300;
const root = process.cwd();
const silent = (): Promise<void> => Promise.resolve();

/** Rectified features of ten classes. */
function madeUpFeatures(): FeatureSet {
  const centres = keyed(1, 'centres');
  const centre = Float32Array.from({ length: clusters * columns }, () => centres.normal());
  const noise = new Float32Array(points * columns);
  keyed(1, 'noise').fillNormal(noise);
  const labels = Int32Array.from({ length: points }, (_, row) => row % clusters);
  const values = noise.map((one, at) =>
    Math.max(0, centre[labels[Math.floor(at / columns)]! * columns + (at % columns)]! + one),
  );
  return { rows: points, columns, values, labels };
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await work();
  console.log(`  ${what.padEnd(28)}${((performance.now() - began) / 1000).toFixed(1).padStart(8)} s`);
  return result;
}

async function compute(): Promise<void> {
  await openEngine(v.parse(Execution, { engine: 'eager', threads: availableParallelism() }));
  const features = madeUpFeatures();
  const { coordinates, components } = await timed('principal components', () =>
    principalComponents(features, componentsKept, silent),
  );
  const near = await timed('nearest neighbours', () => nearestNeighbours(features, neighboursKept, silent));
  await timed('clusters', async () => kMeans(coordinates, components, clusters, 1));
  const first = Float32Array.from(
    { length: 2 * points },
    (_, at) => coordinates[Math.floor(at / 2) * components + (at % 2)]!,
  );
  await timed('layout by UMAP', () => layOut(near, first, 1, silent));
}

/** Ten clouds in a circle, [points, 2]. */
function madeUpPositions(): readonly number[] {
  const random = keyed(1, 'positions');
  return Array.from({ length: points }, (_, point) => {
    const angle = (2 * Math.PI * (point % clusters)) / clusters;
    return [3 * Math.cos(angle) + random.normal(), 3 * Math.sin(angle) + random.normal()];
  }).flat();
}

/** The share of a frame that is ours: the points as pixels of a canvas of a large window at twice the density. */
function writePixels(positions: readonly number[]): void {
  const [width, height] = [1400, 800];
  const pixels = { width, height, values: new Uint32Array(width * height) };
  const places = Float32Array.from(positions);
  const view = viewOfAll(places, width, height);
  const taken = Array.from({ length: 100 }, () => {
    const began = process.cpuUsage();
    drawPoints(
      pixels,
      places,
      view,
      new Uint32Array(points).fill(1),
      new Uint8Array(points).fill(levels.usual),
      0,
      3.2,
    );
    const { user, system } = process.cpuUsage(began);
    return (user + system) / 1000;
  });
  console.log(`  written to ${width} x ${height} px     ${median(taken).toFixed(1)} ms of a processor a frame`);
}

/** Puts a map of these positions, and a data set for it, in place of the workstation's answers. */
async function answerWith(app: ElectronApplication, positions: readonly number[]): Promise<void> {
  await app.evaluate(({ ipcMain }, given) => {
    const count = given.length / 2;
    const answer = (name: string, value: unknown): void => {
      ipcMain.removeHandler(`workstation:${name}`);
      ipcMain.handle(`workstation:${name}`, () => ({ ok: true, value }));
    };
    const classes = Array.from({ length: 10 }, (_, number) => `class ${number}`);
    const splits = [{ split: 'test', images: count, perClass: classes.map(() => count / 10) }];
    const numbers = { points: count, images: count, columns: 512, neighbours: 1, clusters: 10 };
    answer('datasets', [
      {
        fingerprint: 'f',
        name: 'Points',
        builtIn: false,
        state: 'ready',
        inspection: { classes, splits },
        evaluators: [],
      },
    ]);
    answer('embeddingMap', {
      summary: { ...numbers, spread: 0.5, effectiveRank: 100, explained: [0.1, 0.1], agreement: null },
      arrays: {
        places: Int32Array.from({ length: count }, (_, point) => point),
        labels: Int32Array.from({ length: count }, (_, point) => point % 10),
        clusters: Int32Array.from({ length: count }, (_, point) => point % 10),
        principal: Float32Array.from(given),
        neighbours: Int32Array.from({ length: count }, (_, point) => (point + 1) % count),
        similarities: new Float32Array(count),
      },
    });
  }, positions);
}

/** Frames of the real window, whose workstation answers with these positions. */
async function draw(positions: readonly number[]): Promise<void> {
  const executablePath = process.env['REPRISE_ELECTRON'];
  if (executablePath === undefined) throw new Error('REPRISE_ELECTRON is not set: run this by "npm run bench".');
  const folder = mkdtempSync(join(tmpdir(), 'reprise-bench-'));
  const app = await _electron.launch({
    executablePath,
    args: [root, `--user-data-dir=${join(folder, 'profile')}`, '--lang=en-US', '--no-sandbox'],
    env: {
      ...(process.env as Record<string, string>),
      REPRISE_HOME: join(folder, 'home'),
      REPRISE_TEST: '1',
      LANGUAGE: 'en',
    },
  });
  try {
    const page = await app.firstWindow();
    await page.getByRole('navigation').first().waitFor({ timeout: 120_000 });
    await answerWith(app, positions);
    await page.reload();
    await page.evaluate(() => {
      location.hash = '#/map/weights/0123456789abcdef';
    });
    await page.getByTestId('make-map').click();
    const canvas = page.getByTestId('map-canvas');
    await canvas.waitFor({ timeout: 60_000 });
    const intervals = await canvas.evaluate(async (element, frames) => {
      const box = element.getBoundingClientRect();
      const at = {
        clientX: box.left + box.width / 2,
        clientY: box.top + box.height / 2,
        cancelable: true,
        bubbles: true,
      };
      const taken: number[] = [];
      let last = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
      for (let frame = 0; frame < frames; frame += 1) {
        // Closer for a while, then away again: every frame is drawn anew.
        element.dispatchEvent(new WheelEvent('wheel', { ...at, deltaY: Math.floor(frame / 30) % 2 === 0 ? -20 : 20 }));
        const now = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
        taken.push(now - last);
        last = now;
      }
      return taken;
    }, framesMeasured);
    const size = await canvas.evaluate((element) => [
      (element as HTMLCanvasElement).width,
      (element as HTMLCanvasElement).height,
    ]);
    const slow = [...intervals].sort((one, other) => one - other)[Math.floor(0.95 * intervals.length)]!;
    const mean = intervals.reduce((sum, one) => sum + one, 0) / intervals.length;
    console.log(
      `  drawn at ${size.join(' x ')} px        ${(1000 / mean).toFixed(1)} frames a second (usual ${median(intervals).toFixed(1)} ms, 95 % below ${slow.toFixed(1)} ms)`,
    );
  } finally {
    await app.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

console.log(`${points} points of ${columns} dimensions`);
const positions = madeUpPositions();
writePixels(positions);
await draw(positions);
await compute();
