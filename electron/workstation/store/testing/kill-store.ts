/** Kills the process that owns the database while it writes; acknowledged data must survive. */
import Database from 'better-sqlite3';
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import type { StoreMessage, StoreRequest } from '../child.ts';
import { childScript, metrics, migrationsFolder, pretrainConfig, attemptOf, hello } from './store-fixture.ts';

export interface KillReport {
  readonly kills: number;
  readonly acknowledged: number;
  /** Acknowledged points missing from the file afterwards. */
  readonly lost: number;
  /** Answers of integrity_check other than 'ok'. */
  readonly damaged: readonly string[];
  /** Partially written transactions. */
  readonly halves: number;
}

export const pointsPerCall = 20;
const callsUnderWay = 8;
export const leastAnswers = 3;

/** @param delayMs how long each child writes before it is killed */
export async function killRepeatedly(
  folder: string,
  kills: number,
  delayMs: (kill: number) => number,
): Promise<KillReport> {
  const file = join(folder, 'reprise.db');
  const acknowledged = new Set<number>();
  let next = 1;
  const damaged: string[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    next = await writeUntilKilled(file, next, delayMs(kill), acknowledged, kill === 0);
    const said = integrity(file);
    if (said !== 'ok') damaged.push(said);
  }
  const stored = countsByCall(file);
  const lost = [...acknowledged].filter((call) => stored.get(call) !== pointsPerCall).length * pointsPerCall;
  const halves = [...stored.values()].filter((count) => count !== pointsPerCall).length;
  return { kills, acknowledged: acknowledged.size * pointsPerCall, lost, damaged, halves };
}

/** Returns the number of the next call that was never sent. */
async function writeUntilKilled(
  file: string,
  first: number,
  delayMs: number,
  acknowledged: Set<number>,
  isFirst: boolean,
): Promise<number> {
  const child = spawn(process.execPath, [childScript, '--database', file, '--migrations', migrationsFolder], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let next = first;
  const write = (): void => send(child, { id: next, name: 'apply', args: [[pointsOf(next++)]] });
  let opened: (() => void) | null = null;
  let answers = 0;
  let answered: (() => void) | null = null;
  const underWay = new Promise<void>((resolve) => (answered = resolve));
  const ready = new Promise<void>((resolve) => (opened = resolve));
  child.on('message', (message: StoreMessage) => {
    if ('opened' in message) {
      if (!message.opened.ok) throw new Error(message.opened.fault.message);
      return opened?.();
    }
    if (!message.ok) throw new Error(message.fault.message);
    if (message.id > 0) {
      acknowledged.add(message.id);
      answers += 1;
      if (answers === leastAnswers) answered?.();
      write();
    }
  });
  await ready;
  if (isFirst) {
    const run = {
      id: 'run-1',
      config: pretrainConfig,
      folder: '/runs/run-1',
      createdAt: 1,
      plan: null,
      planKey: null,
      status: 'queued',
    };
    send(child, { id: -1, name: 'insertRun', args: [run] });
    send(child, { id: -2, name: 'apply', args: [attemptOf('run-1', 1, [hello(0)])] });
  }
  for (let call = 0; call < callsUnderWay; call += 1) write();
  // Ensures that every child is killed in the middle of writing, even on a slow machine.
  await underWay;
  await new Promise((wake) => setTimeout(wake, delayMs));
  child.kill('SIGKILL');
  await exited;
  return next;
}

function send(child: ChildProcess, request: StoreRequest): void {
  // The last sends fail because the process is gone, as intended.
  child.send(request, () => undefined);
}

function pointsOf(call: number) {
  const steps = Array.from({ length: pointsPerCall }, (_, index) => [call * pointsPerCall + index, call] as const);
  const [event] = attemptOf('run-1', 1, [metrics('loss', steps)]);
  return { ...event, sequence: call + 1 };
}

function integrity(file: string): string {
  const database = new Database(file);
  try {
    return String(database.pragma('integrity_check', { simple: true }));
  } finally {
    database.close();
  }
}

function countsByCall(file: string): ReadonlyMap<number, number> {
  const database = new Database(file, { readonly: true });
  try {
    const rows = database
      .prepare<[number], { readonly call: number; readonly count: number }>(
        'SELECT CAST(step / ? AS INTEGER) AS call, count(*) AS count FROM metrics GROUP BY 1',
      )
      .all(pointsPerCall);
    return new Map(rows.map(({ call, count }) => [call, count]));
  } finally {
    database.close();
  }
}
