import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { refusedWrite } from '../../../trainer/durable/disk-fault.ts';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Fault } from '../../../trainer/protocol/fault.ts';
import { createHeldWrites } from './held-writes.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'held-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const refusal = (): FaultError => {
  const fault = refusedWrite(join(folder, 'reprise.db'), 'ENOSPC');
  return new FaultError(fault.code, fault.message, fault.values, fault);
};
const later = (): Promise<unknown> => new Promise((wake) => setTimeout(wake, 50));

test('a refused write is told of once, made again, and its result is that of the write that the disk took', async () => {
  const told: (Fault | null)[] = [];
  const held = createHeldWrites((fault) => told.push(fault));
  let refusals = 2;
  const write = (): Promise<string> => (refusals-- > 0 ? Promise.reject(refusal()) : Promise.resolve('written'));
  const kept = held.keep(write);
  await later();
  expect(held.fault()?.values['freeBytes']).toBeGreaterThan(0);
  held.tryNow();
  await later();
  held.tryNow();
  expect(await kept).toBe('written');
  expect(told.map((fault) => fault?.code ?? null)).toEqual(['disk-full', null]);
  expect(held.fault()).toBeNull();
});

test('any other failure is not held', async () => {
  const held = createHeldWrites(() => undefined);
  await expect(held.keep(() => Promise.reject(new FaultError('store-died', 'gone')))).rejects.toThrow('gone');
});

test('once the workstation is closed a write that is refused still fails', async () => {
  const held = createHeldWrites(() => undefined);
  const kept = held.keep(() => Promise.reject(refusal()));
  const failed = expect(kept).rejects.toMatchObject({ fault: { code: 'disk-full' } });
  await later();
  held.close();
  await failed;
});

test('what waits for the disk goes on when it can be written', async () => {
  const held = createHeldWrites(() => undefined);
  const waiting = held.untilWritable(refusedWrite(join(folder, 'run.json'), 'EIO'));
  await later();
  held.tryNow();
  await waiting;
  expect(held.fault()).toBeNull();
});
