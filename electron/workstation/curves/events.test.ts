/** TensorBoard's files: its own are read, ours are its own to the byte; damage is found, bounded and said. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import { sealedLine } from '../../../trainer/durable/sealed-line.ts';
import { inEnglish } from '../../../trainer/protocol/sentence.ts';
import { attemptOf, hello, metrics } from '../store/testing/store-fixture.ts';
import { eventFileOf, exportCurves } from './export-events.ts';
import { crc32c, masked } from './formats/crc32c.ts';
import { recordOf, recordsOf } from './formats/record-stream.ts';
import { readCurves } from './read-curves.ts';
import type { RecordedPoints } from './run-events.ts';

const golden = JSON.parse(readFileSync(join(import.meta.dirname, 'golden', 'events.json'), 'utf8')) as {
  readonly read: string;
  readonly write: string;
};
const theirs = Buffer.from(golden.read, 'base64');
const folder = mkdtempSync(join(tmpdir(), 'reprise-events-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'events.out.tfevents.1700000000.host');

async function read(bytes: Uint8Array, path = file) {
  writeFileSync(path, bytes);
  const { curves, notes } = await readCurves(path);
  const points = Object.fromEntries(
    curves.map(({ source, positions, values }) => [source, positions.map((at, nth) => [at, values[nth]])]),
  );
  return { points, notes: notes.map(inEnglish) };
}

async function* given(...all: readonly RecordedPoints[]): AsyncGenerator<RecordedPoints> {
  yield* all;
}

async function ours(...all: readonly RecordedPoints[]): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of eventFileOf(1_700_000_000.5, given(...all))) parts.push(part);
  return Buffer.concat(parts);
}

test('the checksum is that of RFC 3720, B.4, whole or in parts', () => {
  const ascending = Uint8Array.from({ length: 32 }, (_, at) => at);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(ascending)).toBe(0x46dd794e);
  expect(crc32c(ascending.toReversed())).toBe(0x113fdb5c);
  expect(crc32c(ascending.subarray(7), crc32c(ascending.subarray(0, 7)))).toBe(0x46dd794e);
  expect(masked(0)).toBe(0xa282ead8);
});

test("TensorBoard's own file: simple values, tensors of every type of number, nothing else", async () => {
  const { points, notes } = await read(theirs);
  const numbers = [[0, 1.5], [1, 2.5]]; // prettier-ignore
  const whole = [[0, 7], [1, 8]]; // prettier-ignore
  expect(points).toEqual({
    loss: [[0, 25.5], [1, 24.5], [2, 23.5], [300, -274.5]], // prettier-ignore
    lr: [[0, 0], [1, 0.125], [2, null], [300, 37.5]], // prettier-ignore
    'of float32': numbers,
    'of float64': numbers,
    'of float16': numbers,
    'of int32': whole,
    'of int64': whole,
  });
  expect(notes).toEqual(['pictures, histograms and texts are left out: picture, text']);
});

test("what is written is what TensorBoard's library writes, byte by byte", async () => {
  const written = await ours({
    at: 1_700_000_001_500,
    points: [
      { step: 300, name: 'loss', value: 25.5 },
      { step: 300, name: 'probe/top1', value: 81.25 },
    ],
  });
  expect(written.toString('hex')).toBe(golden.write);
});

test('property: what is written is read again, to single precision, values that are not finite as such', async () => {
  const point = fc.record({
    name: fc.constantFrom('loss', 'probe/top1', 'Verlust ä', 'lr'),
    value: fc.option(fc.float({ noNaN: true, noDefaultInfinity: true })),
  });
  const steps = fc.uniqueArray(fc.nat(2 ** 40), { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(steps, fc.array(point, { minLength: 1, maxLength: 40 }), async (all, values) => {
      const sorted = all.toSorted((one, other) => one - other);
      const recorded = sorted.map((step, at) => ({
        at: at * 1000,
        points: [{ step, ...values[at % values.length]! }],
      }));
      const { points, notes } = await read(await ours(...recorded));
      expect(notes).toEqual([]);
      const wanted: Record<string, unknown[]> = {};
      for (const { points: [one] } of recorded) (wanted[one!.name] ??= []).push([one!.step, one!.value]); // prettier-ignore
      expect(points).toEqual(wanted);
    }),
    { numRuns: 40 },
  );
});

test('a last record that was cut short anywhere is left out and said; the others stay', async () => {
  const whole = await read(theirs);
  const last = await ours({ at: 0, points: [{ step: 400, name: 'loss', value: 1 }] });
  const record = last.subarray((await ours()).length);
  for (let kept = 1; kept < record.length; kept += 1) {
    const { points, notes } = await read(Buffer.concat([theirs, record.subarray(0, kept)]));
    expect(points).toEqual(whole.points);
    expect(notes[0]).toBe(
      `the last record of ${file.split('/').at(-1)} was cut short, as its writer ended, and is left out`,
    );
  }
});

test('property: a byte that flipped changes no value in silence', async () => {
  const whole = await read(theirs);
  await fc.assert(
    fc.asyncProperty(fc.nat(theirs.length - 1), fc.integer({ min: 0, max: 7 }), async (at, bit) => {
      const damaged = Buffer.from(theirs);
      damaged[at]! ^= 1 << bit;
      const found = await read(damaged).catch((error: unknown) => faultOf(error));
      if ('code' in found) expect(found.code).toBe('unreadable-file');
      else {
        expect(found.notes.join()).toMatch(/checksum|no record|cut short/);
        for (const [name, points] of Object.entries(found.points))
          for (const point of points) expect(whole.points[name]).toContainEqual(point);
      }
    }),
    { numRuns: 150 },
  );
});

test('a length that claims more than there is takes no memory; long records are passed over', async () => {
  const path = join(folder, 'long');
  const head = Buffer.alloc(12);
  head.writeBigUInt64LE(2n ** 50n);
  head.writeUInt32LE(masked(crc32c(head.subarray(0, 8))), 8);
  writeFileSync(path, Buffer.concat([recordOf(Buffer.of(1)), head, Buffer.alloc(100)]));
  const found = [];
  const records = recordsOf(path);
  let next = await records.next();
  for (; next.done !== true; next = await records.next()) found.push(next.value.why);
  expect(found).toEqual(['whole', 'long']);
  expect(next.value).toMatchObject({ kind: 'torn' });
  const long = await read(Buffer.concat([recordOf(Buffer.alloc(9 << 20)), theirs]));
  expect(long.notes).toContain('records longer than those of curves, passed over: 1');
  expect(long.points['loss']).toHaveLength(4);
});

test('a folder of event files: sub-folders are part of the name, a program started again counts from where it began', async () => {
  const root = join(folder, 'logs');
  mkdirSync(join(root, 'train'), { recursive: true });
  const steps = (...all: readonly number[]) =>
    all.map((step) => ({ at: 0, points: [{ step, name: 'loss', value: step }] }));
  writeFileSync(join(root, 'train', 'events.out.tfevents.1.a'), await ours(...steps(1, 2, 3)));
  writeFileSync(join(root, 'train', 'events.out.tfevents.2.a'), await ours(...steps(3, 4)));
  writeFileSync(join(root, 'events.out.tfevents.3.a'), await ours(...steps(9)));
  const found = await readCurves(root);
  expect(found.curves.map(({ source, positions }) => [source, positions])).toEqual([
    ['loss', [9]],
    ['train/loss', [1, 2, 3, 4]],
  ]);
  expect(found.notes.map(inEnglish)).toEqual([
    'the recording began again at an earlier step; points of before, left out: 1',
  ]);
});

test("a run's curves leave for TensorBoard as it stands on them, and come back the same", async () => {
  const run = join(folder, 'run-1');
  mkdirSync(run);
  const events = [
    ...attemptOf('run-1', 1, [hello(0), metrics('loss', [[10, 5], [30, 9]])]), // prettier-ignore
    ...attemptOf('run-1', 2, [hello(10), metrics('loss', [[30, null], [40, 2]])]), // prettier-ignore
  ];
  writeFileSync(join(run, 'events.ndjson'), `${events.map(sealedLine).join('\n')}\n`);
  const store = { run: () => Promise.resolve({ folder: run, createdAt: 1_700_000_000_000 }) } as never;
  const written = await exportCurves({ store }, 'run-1', null);
  expect(written).toEqual({ file: join(run, 'tensorboard', 'events.out.tfevents.1700000000.reprise'), points: 3 });
  const { curves } = await readCurves(written.file);
  expect(curves).toEqual([{ source: 'loss', positions: [10, 30, 40], values: [5, null, 2] }]);
  expect((await exportCurves({ store }, 'run-1', join(folder, 'elsewhere'))).file).toContain('elsewhere');
});
