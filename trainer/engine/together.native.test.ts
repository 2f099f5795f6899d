/** Devices that compute a step together, of one process or of several, compute that of one with the whole batch, whatever the method. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildPrograms, programFolder } from '../data/testing/build-programs.ts';
import { isNightly } from '../durable/testing/nightly.ts';
import { Execution } from '../protocol/run.ts';
import { methods } from '../registry.ts';
import type { CameOfIt, StepsTogether } from '../testing/steps-together.ts';
import { openEngine } from './steps/open.ts';

const folder = programFolder(`together-${process.pid}`);
beforeAll(
  () => buildPrograms(folder, { together: join(import.meta.dirname, '../testing/steps-together.ts') }),
  300_000,
);
const children = new Set<ChildProcess>();
afterAll(() => {
  // One that waits for another does so for ever.
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function freeAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `127.0.0.1:${port}`;
}

async function cameOf(request: StepsTogether): Promise<CameOfIt> {
  const child = spawn(process.execPath, [join(folder, 'together.js'), JSON.stringify(request)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  expect(child.exitCode, errors).toBe(0);
  return JSON.parse(output.trim().split('\n').at(-1)!) as CameOfIt;
}

async function byProcesses(count: number, request: Omit<StepsTogether, 'together'>): Promise<readonly CameOfIt[]> {
  const addresses = await Promise.all(Array.from({ length: count }, freeAddress));
  return Promise.all(addresses.map((_, own) => cameOf({ ...request, together: { peers: { addresses, own } } })));
}

const closeTo = (one: number, other: number): boolean => Math.abs(one - other) <= 1e-5 * Math.max(1, Math.abs(other));

const some = isNightly ? methods.all : methods.all.filter(({ id }) => id === 'vicreg');
const cases = [...some.map(({ id }) => [id, 2] as const), ...(isNightly ? [['vicreg', 4] as const] : [])];

// Few steps: what differs in the last bits turns a rectifier over sooner or later, and from there on both go their own way.
it.each(cases)(
  '%s by %i devices and by as many processes has the losses and the metrics of one',
  async (method, count) => {
    const request = { method, batch: 64, steps: 4 };
    const alone = await cameOf({ ...request, together: null });
    const devices = await cameOf({ ...request, together: { devices: count } });
    const [first, ...others] = await byProcesses(count, request);
    for (const other of others) expect(other).toEqual(first);
    for (const found of [devices, first!]) {
      alone.losses.forEach((loss, step) => {
        expect(Number(found.losses[step]), `step ${step}`).toSatisfy((own: number) => closeTo(own, Number(loss)));
      });
      expect(Object.keys(found.metrics)).toEqual(Object.keys(alone.metrics));
      for (const [name, value] of Object.entries(alone.metrics))
        expect(found.metrics[name], name).toSatisfy(
          (own: number) => Math.abs(own - value) <= 1e-3 * Math.max(1, value),
        );
    }
  },
);

it('an image that is not finite in one part of the batch stops the step for all, and nothing is changed', async () => {
  const request = { method: 'vicreg', batch: 32 };
  const before = await cameOf({ ...request, steps: 1, together: { devices: 2 } });
  const stopped = { losses: [before.losses[0], 'NaN'], state: before.state };
  expect(await cameOf({ ...request, steps: 2, poisoned: 1, together: { devices: 2 } })).toMatchObject(stopped);
  if (!isNightly) return;
  const [first, second] = await byProcesses(2, { ...request, steps: 2, poisoned: 1 });
  expect(first!.losses[1]).toBe('NaN');
  expect(second).toEqual(first);
});

it('what several devices cannot do together is refused', () => {
  const open = (more: object) => () => openEngine(v.parse(Execution, { threads: 1, ...more }), { devices: 2 });
  expect(open({ engine: 'eager' })).toThrow(/operation by operation: choose the traced engine/);
  expect(open({ chunk: 8 })).toThrow(/in micro-batches: take more devices/);
  expect(open({ precision: 'bfloat16' })).toThrow(/in bfloat16: choose float32/);
});
