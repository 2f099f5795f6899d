/** Trainers that have outlived their program, as processes of their own. */
import { spawn, type ChildProcess } from 'node:child_process';
import process from 'node:process';
import { afterEach, expect, test } from 'vitest';
import { nameOfProcess } from '../workspace/processes.ts';
import { awaitOrphan } from './orphan.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A process that runs a program and has said that it does. */
async function started(program: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--eval', `${program}; console.log('ready')`], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  children.push(child);
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  return child;
}

const exitOf = (child: ChildProcess): Promise<unknown> =>
  new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));

test.runIf(process.platform === 'linux')('one that was stopped is woken and exits by itself', async () => {
  const child = await started(`process.on('disconnect', () => process.exit(7))`);
  child.kill('SIGSTOP');
  child.disconnect();
  const exit = exitOf(child);
  const told: string[] = [];
  await awaitOrphan(await nameOfProcess(child.pid ?? 0), (state) => told.push(state));
  expect(told).toEqual(['waiting']);
  expect(await exit).toBe(7);
});

test.runIf(process.platform === 'linux')('one that does nothing and hears nothing is ended', async () => {
  const child = await started(`process.on('SIGTERM', () => undefined); setInterval(() => undefined, 1e8)`);
  const exit = exitOf(child);
  const told: string[] = [];
  await awaitOrphan(await nameOfProcess(child.pid ?? 0), (state) => told.push(state));
  expect(told).toEqual(['waiting', 'ended']);
  expect(await exit).toBe('SIGKILL');
});

test.runIf(process.platform === 'linux')('one that may be any other program is left alone, and told of', async () => {
  const child = await started('setInterval(() => undefined, 1e8)');
  const told: string[] = [];
  const gone = awaitOrphan({ pid: child.pid ?? 0, startedAt: 0 }, (state) => {
    told.push(state);
    child.kill('SIGINT');
  });
  await gone;
  expect(told).toEqual(['foreign']);
});
