/**
 * How long the real program takes from its start until the window shows something, and until its page stands and answers, with 1,000
 * runs and an ImageNet among the data sets. Exits with 1 if a median exceeds its limit.
 *
 *   npm run bench -- start [runs] [rows a run]
 */
import { chromium, type Page } from '@playwright/test';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { median } from '../trainer/training/pace.ts';
import { makeLargeWorkspace } from './shared/large-workspace.ts';

const runs = Number(process.argv[2] ?? 1000);
const rowsPerRun = Number(process.argv[3] ?? 1000);
const limits = { 'first paint': 1200, interactive: 1500 } as const;
/** The first start of all fills the system's and the window's caches, and is told by itself. */
const repetitions = 7;

const executablePath = process.env['REPRISE_ELECTRON'];
if (executablePath === undefined) throw new Error('REPRISE_ELECTRON is not set: run this by "npm run bench".');
const program = executablePath;
const folder = mkdtempSync(join(tmpdir(), 'reprise-bench-'));
const home = await makeLargeWorkspace(folder, runs, rowsPerRun);

/** Since 1970, in milliseconds: the first paint, and an upper bound of when the page stood. */
function momentsOf(page: Page) {
  return page.evaluate(async () => {
    const frame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve));
    while (document.querySelector('h1') === null || /Loading…/.test(document.body.innerText)) await frame();
    const interactive = performance.timeOrigin + performance.now();
    const painted = (): PerformanceEntry | undefined => performance.getEntriesByName('first-contentful-paint')[0];
    while (painted() === undefined) await frame();
    return { 'first paint': performance.timeOrigin + painted()!.startTime, interactive };
  });
}

/** Starts the program as a person does, and asks its window from outside, which holds nothing up. */
async function start() {
  const began = Date.now();
  const rootFlag = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const child = spawn(
    program,
    [
      process.cwd(),
      `--user-data-dir=${join(folder, 'profile')}`,
      '--lang=en-US',
      '--remote-debugging-port=0',
      ...rootFlag,
    ],
    {
      env: { ...process.env, REPRISE_HOME: home, REPRISE_TEST: '1', LANGUAGE: 'en' },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const ended = once(child, 'exit');
  try {
    let address: string | undefined;
    for await (const line of createInterface({ input: child.stderr })) {
      address = /DevTools listening on (\S+)/.exec(line)?.[1];
      if (address !== undefined) break;
    }
    child.stderr.resume();
    if (address === undefined) throw new Error('The program ended before it could be asked.');
    const browser = await chromium.connectOverCDP(address);
    let page: Page | undefined;
    while (page === undefined) {
      page = browser.contexts()[0]!.pages()[0];
      if (page === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const moments = await momentsOf(page);
    return { 'first paint': moments['first paint'] - began, interactive: moments.interactive - began };
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

let tooSlow = 0;
try {
  const first = await start();
  const rest: (typeof first)[] = [];
  for (let repetition = 0; repetition < repetitions; repetition += 1) rest.push(await start());
  console.log(`${runs} runs, ${runs * rowsPerRun} metric rows; median of ${repetitions} starts`);
  for (const [moment, limit] of Object.entries(limits)) {
    const taken = rest.map((one) => one[moment as keyof typeof limits]);
    if (median(taken) > limit) tooSlow += 1;
    const figures = `${median(taken).toFixed(0).padStart(6)} ms  (worst ${Math.max(...taken).toFixed(0)}, the first start of all ${first[moment as keyof typeof limits].toFixed(0)}; at most ${limit})`;
    console.log(`  ${moment.padEnd(12)}${figures}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (tooSlow > 0) process.exitCode = 1;
