/**
 * How long each screen waits for the run database, queried as in the app: over the pipe, with 1,000 runs and 1,000,000
 * metric rows in the file. Exits with 1 if a screen exceeds its limit.
 *
 *   npm run bench -- store [runs] [rows a run]
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { openStore } from '../electron/workstation/store/client.ts';
import type { Store } from '../electron/workstation/store/store.ts';
import { fill, idOf, names } from './shared/many-runs.ts';

const runs = Number(process.argv[2] ?? 1000);
const rowsPerRun = Number(process.argv[3] ?? 1000);
const points = 800;
const mayTakeMs = 200;
const repetitions = 7;

const root = process.cwd();
const folder = mkdtempSync(join(tmpdir(), 'reprise-bench-'));

/** Adds one curve with as many points as all runs together, under a separate name. */
async function fillLongCurve(store: Store, run: string, rows: number): Promise<void> {
  const part = 5000;
  for (let from = 0; from < rows; from += part) {
    const own = Array.from({ length: Math.min(part, rows - from) }, (_, index) => from + index + 1);
    const values = own.map((step) => ({ step, name: 'long', value: Math.cos(step) }));
    await store.apply([{ run, attempt: 1, sequence: 100_000 + from, at: 1, type: 'metrics', points: values }]);
  }
}

async function time(ask: () => Promise<unknown>): Promise<{ readonly median: number; readonly worst: number }> {
  await ask();
  const taken: number[] = [];
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    const began = performance.now();
    await ask();
    taken.push(performance.now() - began);
  }
  taken.sort((left, right) => left - right);
  return { median: taken[Math.floor(repetitions / 2)] ?? Number.NaN, worst: taken.at(-1) ?? Number.NaN };
}

const store = await openStore({
  node: process.execPath,
  script: join(root, 'electron/workstation/store/child.ts'),
  database: join(folder, 'reprise.db'),
  migrations: join(root, 'migrations'),
  env: process.env,
});
let tooSlow = 0;
try {
  const began = performance.now();
  await fill(store, { runs, rowsPerRun, folder });
  const rows = runs * Math.floor(rowsPerRun / names.length) * names.length;
  const seconds = (performance.now() - began) / 1000;
  const megabytes = statSync(join(folder, 'reprise.db')).size / 1e6;
  console.log(`${runs} runs, ${rows} metric rows written in ${seconds.toFixed(1)} s, ${megabytes.toFixed(0)} MB`);

  const some = idOf(Math.floor(runs / 2));
  const screens: Readonly<Record<string, () => Promise<unknown>>> = {
    runs: () => Promise.all([store.runs(), store.queue()]),
    run: () =>
      Promise.all([
        store.run(some),
        store.attempts(some),
        store.checkpoints(some),
        store.results([some]),
        store.metricNames(some),
        store.hello(some),
        store.marks(some),
        store.log(some, 200),
        ...names.map((name) => store.series(some, name, points)),
      ]),
    compare: () => Promise.all([store.runs(), store.results(null), store.datasets()]),
    plans: () => Promise.all([store.plans(), store.runs()]),
    datasets: () => store.datasets(),
    reports: () => store.reports(),
  };
  for (const [screen, ask] of Object.entries(screens)) {
    const { median, worst } = await time(ask);
    if (median > mayTakeMs) tooSlow += 1;
    console.log(
      `${screen.padEnd(10)} ${median.toFixed(1).padStart(7)} ms (worst of ${repetitions}: ${worst.toFixed(1)} ms)`,
    );
  }
  await fillLongCurve(store, some, rows);
  const { median, worst } = await time(() => store.series(some, 'long', points));
  console.log(`one curve of ${rows} points in ${points}: ${median.toFixed(1)} ms (worst: ${worst.toFixed(1)} ms)`);
} finally {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
}
if (tooSlow > 0) {
  console.log(`${tooSlow} screens took longer than ${mayTakeMs} ms.`);
  process.exitCode = 1;
}
