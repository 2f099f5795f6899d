/** Events on the pipe and in the file: order, back-pressure, what may be dropped, what a crash leaves. */
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TrainerEvent } from '../protocol/events.ts';
import { openPort, type Message, type Port } from './port.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'port-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A parent that takes one message at a time, when told to. */
function slowParent() {
  const taken: TrainerEvent[] = [];
  let waiting: ((error: Error | null) => void) | null = null;
  return {
    taken,
    channel: {
      send(event: TrainerEvent, done: (error: Error | null) => void) {
        expect(waiting, 'one message in flight at a time').toBeNull();
        taken.push(event);
        waiting = done;
      },
    },
    next(error: Error | null = null) {
      const done = waiting;
      waiting = null;
      done?.(error);
    },
  };
}

const beat = (step: number): Message => ({
  type: 'beat',
  step,
  steps: 9,
  epoch: 0,
  fraction: null,
  samplesPerSecond: null,
  waitShare: null,
  secondsLeft: null,
  secondsLeftSpread: null,
  memoryBytes: 1,
  tensors: 1,
  safeStep: null,
});
const point = (step: number): Message => ({ type: 'metrics', points: [{ step, name: 'loss', value: step }] });
const phase: Message = { type: 'phase', phase: 'training', quietForMs: 1 };
const lines = (): TrainerEvent[] =>
  readFileSync(join(folder, 'events.ndjson'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TrainerEvent);
const attach = (port: Port, attempt = 1): void => port.attach({ run: 'test-run', attempt, folder });

it('is attached again once the disk lets the file be opened, and numbers go on', () => {
  const port = openPort({ channel: null, now: () => 5 });
  const gone = { run: 'test-run', attempt: 1, folder: join(folder, 'gone') };
  expect(() => port.attach(gone)).toThrow(
    expect.objectContaining({ fault: expect.objectContaining({ code: 'write-failed' }) as object }) as Error,
  );
  port.send(phase);
  mkdirSync(gone.folder);
  port.attach(gone);
  port.send(point(1));
  const text = readFileSync(join(gone.folder, 'events.ndjson'), 'utf8').trimEnd();
  expect(JSON.parse(text)).toMatchObject({ type: 'metrics', sequence: 2 });
});

describe('the pipe', () => {
  it('has one message in flight; points gather meanwhile, and only the newest beat waits', () => {
    const parent = slowParent();
    const port = openPort({ channel: parent.channel, now: () => 5 });
    attach(port);
    for (const message of [phase, point(1), point(2), beat(2), beat(3), point(3), beat(4)]) port.send(message);
    expect(parent.taken).toHaveLength(1);
    for (let i = 0; i < 9; i++) parent.next();
    expect(parent.taken.map((event) => [event.type, event.sequence])).toEqual([
      ['phase', 1],
      ['metrics', 3],
      ['metrics', 6],
      ['beat', 7],
    ]);
    expect(parent.taken[1]).toMatchObject({ points: [{ step: 1 }, { step: 2 }] });
  });

  it('keeps every recorded point in the file, each in a line of its own, and no beat', () => {
    const parent = slowParent();
    const port = openPort({ channel: parent.channel, now: () => 5 });
    attach(port);
    for (const message of [phase, point(1), point(2), beat(2), point(3)]) port.send(message);
    expect(lines().map((event) => [event.type, event.sequence])).toEqual([
      ['phase', 1],
      ['metrics', 2],
      ['metrics', 3],
      ['metrics', 5],
    ]);
  });

  it('goes on into the file when the parent is gone, and closes at once', async () => {
    const parent = slowParent();
    const port = openPort({ channel: parent.channel, now: () => 5 });
    attach(port);
    port.send(phase);
    parent.next(new Error('EPIPE'));
    port.send(point(1));
    port.hear({ type: 'disconnect' });
    expect(port.take()).toEqual({ type: 'disconnect' });
    await port.close();
    expect(lines()).toHaveLength(2);
    expect(parent.taken).toHaveLength(1);
  });

  it('is closed only when everything has been taken', async () => {
    const parent = slowParent();
    const port = openPort({ channel: parent.channel, now: () => 5 });
    port.send(phase);
    port.send(point(1));
    let closed = false;
    const closing = port.close().then(() => (closed = true));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(closed).toBe(false);
    parent.next();
    parent.next();
    await closing;
    expect(parent.taken).toHaveLength(2);
  });
});

describe('the file', () => {
  it('is cut where a crash tore its last line, and says so', () => {
    const first = openPort({ channel: null, now: () => 5 });
    attach(first);
    first.send(point(1));
    first.send(point(2));
    appendFileSync(join(folder, 'events.ndjson'), '{"run":"test-run","attempt":1,"seq');
    const second = openPort({ channel: null, now: () => 6 });
    attach(second, 2);
    second.send(point(3));
    expect(lines().map((event) => [event.attempt, event.sequence, event.type])).toEqual([
      [1, 1, 'metrics'],
      [1, 2, 'metrics'],
      [2, 1, 'log'],
      [2, 2, 'metrics'],
    ]);
  });

  it('goes on with the numbers of an attempt that is already in it', () => {
    const first = openPort({ channel: null, now: () => 5 });
    attach(first);
    first.send(point(1));
    first.send(point(2));
    const again = openPort({ channel: null, now: () => 6 });
    attach(again);
    again.send(point(3));
    expect(lines().map((event) => event.sequence)).toEqual([1, 2, 3]);
  });
});

describe('commands', () => {
  it('are taken in their order, and waiting ends when one comes', async () => {
    const port = openPort({ channel: null, now: () => 5 });
    const waited = port.wait(60_000);
    port.hear({ type: 'pause', when: 'now' });
    port.hear({ type: 'resume' });
    await waited;
    expect([port.take(), port.take(), port.take()]).toEqual([{ type: 'pause', when: 'now' }, { type: 'resume' }, null]);
  });
});
