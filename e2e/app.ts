/** Starts the real program on a separate workspace and stops it afterwards. */
import AxeBuilder from '@axe-core/playwright';
import { test as base, _electron, expect, type ElectronApplication, type Page } from '@playwright/test';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Workstation } from '../electron/api/bridge.ts';
import type { RunRow } from '../electron/api/runs.ts';

export const root = resolve(import.meta.dirname, '..');

declare global {
  interface Window {
    readonly workstation: Workstation;
  }
}

export interface Program {
  readonly app: ElectronApplication;
  readonly page: Page;
  readonly home: string;
  /** Console messages that should never occur: exceptions, blocked content. */
  readonly complaints: string[];
  close(): Promise<void>;
}

export function electronPath(): string {
  const path = process.env['REPRISE_ELECTRON'];
  if (path === undefined) throw new Error('REPRISE_ELECTRON is not set: run the tests by "npm test".');
  return path;
}

export async function launch(
  home: string,
  profile: string,
  environment: Readonly<Record<string, string>> = {},
  build: string = root,
): Promise<Program> {
  const app = await _electron.launch({
    executablePath: electronPath(),
    args: [build, `--user-data-dir=${profile}`, '--lang=en-US', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
    env: {
      ...(process.env as Record<string, string>),
      REPRISE_HOME: home,
      REPRISE_TEST: '1',
      LANGUAGE: 'en',
      ...environment,
    },
    timeout: 60_000,
  });
  const page = await app.firstWindow({ timeout: 90_000 });
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await page.waitForLoadState('domcontentloaded', { timeout: 90_000 });
  await expect(page.getByRole('navigation').first()).toBeVisible({ timeout: 30_000 });
  return { app, page, home, complaints, close: () => app.close() };
}

interface Fixtures {
  /** An empty workspace folder. */
  home: string;
  profile: string;
  program: Program;
}

export const test = base.extend<Fixtures>({
  home: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), 'reprise-home-'));
    await use(folder);
    rmSync(folder, { recursive: true, force: true });
  },
  profile: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), 'reprise-profile-'));
    await use(folder);
    rmSync(folder, { recursive: true, force: true });
  },
  program: async ({ home, profile }, use) => {
    const program = await launch(home, profile);
    await use(program);
    await program.close();
    expect(program.complaints, 'the page complained').toEqual([]);
  },
});

export { expect };

/** Sends a request like the window, with a fault as an error. */
export async function ask(page: Page, name: keyof Workstation, ...args: readonly unknown[]): Promise<unknown> {
  const answer = (await page.evaluate(
    ([request, values]) =>
      (window.workstation as unknown as Record<string, (...values: readonly unknown[]) => Promise<unknown>>)[request]?.(
        ...values,
      ),
    [name, args] as const,
  )) as { ok: boolean; value: unknown; fault?: { message: string } };
  if (!answer.ok) throw new Error(`${name}: ${answer.fault?.message ?? ''}`);
  return answer.value;
}

/** What axe finds in a page, or in a part of it. */
export async function violationsOf(page: Page, part?: string): Promise<readonly string[]> {
  // Electron has no second page for axe to work in, hence the legacy mode.
  const axe = new AxeBuilder({ page }).setLegacyMode(true);
  const { violations } = await (part === undefined ? axe : axe.include(part)).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`);
}

/** Drops a folder or a file of the disk onto the window. */
export async function dropPath({ page }: Program, path: string): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  const drag = { x: 600, y: 400, data: { items: [], files: [path], dragOperationsMask: 1 } };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await devtools.send('Input.dispatchDragEvent', { type, ...drag });
  await devtools.detach();
}

export async function runsOf(page: Page): Promise<readonly RunRow[]> {
  return (await ask(page, 'runs')) as readonly RunRow[];
}

/** Process ids of trainers below a process, read from the system's own table. */
export function trainersOf(pid: number): readonly number[] {
  const table = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' });
  const rows = table
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((match) => match !== null);
  const below = new Set([pid]);
  for (let grew = true; grew;) {
    grew = false;
    for (const [, child, parent] of rows) {
      if (below.has(Number(parent)) && !below.has(Number(child))) {
        below.add(Number(child));
        grew = true;
      }
    }
  }
  return rows
    .filter(([, child, , args]) => below.has(Number(child)) && (args ?? '').includes('trainer.js'))
    .map(([, child]) => Number(child));
}

/** True while the process exists and is not a zombie. */
export function lives(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${String(pid)}/status`, 'utf8'));
  } catch {
    return false;
  }
}
