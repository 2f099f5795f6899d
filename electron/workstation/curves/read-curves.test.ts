/** Curves of other programs' files: what is read, what is left out and said, what is refused with a reason. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import { sealedLine } from '../../../trainer/durable/sealed-line.ts';
import { inEnglish } from '../../../trainer/protocol/sentence.ts';
import { attemptOf, checkpoint, hello, metrics, pretrainConfig, stopped } from '../store/testing/store-fixture.ts';
import { CurveCollector, usualLimits } from './collect.ts';
import { EpochLength } from './epoch-length.ts';
import { longestRow, numberOf } from './formats/csv-rows.ts';
import { longestRecord } from './formats/record-stream.ts';
import { readCurves } from './read-curves.ts';
import { longestLine } from './read-json-lines.ts';
import { suggestMetrics } from './suggest-metrics.ts';

const folder = mkdtempSync(join(tmpdir(), 'reprise-curves-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
async function read(text: string | Uint8Array, name = `file-${(files += 1)}.csv`) {
  const path = join(folder, name);
  writeFileSync(path, text);
  const { curves, notes, axis, stepsPerEpoch, kind } = await readCurves(path);
  const points = Object.fromEntries(
    curves.map(({ source, positions, values }) => [source, positions.map((at, nth) => [at, values[nth]])]),
  );
  return { points, notes: notes.map(inEnglish), axis, stepsPerEpoch, kind };
}

const reasonOf = async (text: string | Uint8Array, name?: string): Promise<string> =>
  read(text, name).then(
    (found) => `read ${JSON.stringify(found)}`,
    (error: unknown) => faultOf(error).message,
  );

test("PyTorch Lightning's table: empty cells are no points, step and epoch give the steps of an epoch", async () => {
  const rows = Array.from({ length: 6 }, (_, epoch) => [
    `${epoch},${epoch * 40 + 19},${(5 - epoch / 2).toFixed(1)},,0.1`,
    `${epoch},${epoch * 40 + 39},,0.${epoch + 1},`,
  ]);
  const found = await read(`epoch,step,train_loss,val_acc,lr-LARS\n${rows.flat().join('\n')}\n`);
  expect(found).toMatchObject({ kind: 'csv', axis: 'step', stepsPerEpoch: 40, notes: [] });
  expect(found.points['train_loss']?.slice(0, 2)).toEqual([
    [19, 5],
    [59, 4.5],
  ]);
  expect(found.points['val_acc']).toHaveLength(6);
  expect(suggestMetrics(Object.keys(found.points))).toEqual(['loss', 'lr', null]);
});

test("TensorBoard's own table is one curve, called as its file; W&B's names its run and repeats bounds", async () => {
  const one = await read('Wall time,Step,Value\n1700000000.5,10,0.5\n1700000001.5,20,NaN\n', 'run-train-tag-loss.csv');
  expect(one.points).toEqual({ loss: [[10, 0.5], [20, null]] }); // prettier-ignore
  expect(one.notes).toEqual(['left out, as they are no figures of their own: Wall time']);
  const wandb = await read(
    '"Step","vicreg-1 - train/loss","vicreg-1 - train/loss__MIN","vicreg-1 - train/loss__MAX"\n"0","25.5","25.5","25.5"\n"50","20","20","20"\n',
  );
  expect(wandb.points).toEqual({ 'vicreg-1 - train/loss': [[0, 25.5], [50, 20]] }); // prettier-ignore
  expect(suggestMetrics(Object.keys(wandb.points))).toEqual(['loss']);
});

test('spreadsheets: a byte order mark, semicolons, decimal commas, grouped digits, UTF-16, quoted line ends', async () => {
  const table = 'Epoch;loss;"note\nof ""mine"""\n1;1.234,5;x\n2;0,25;\n';
  const wanted = { loss: [[1, 1234.5], [2, 0.25]] }; // prettier-ignore
  const utf8 = await read(`\ufeff${table}`);
  expect(utf8.points).toEqual(wanted);
  expect(utf8.axis).toBe('epoch');
  expect(utf8.notes).toEqual(['left out, as they hold no number: note\nof "mine"']);
  expect((await read(Buffer.from(`\ufeff${table.replaceAll('\n', '\r\n')}`, 'utf16le'))).points).toEqual(wanted);
  expect((await read('step\tloss\n1\t0,5\n')).points).toEqual({ loss: [[1, 0.5]] });
  expect((await read('step,loss\n"1,000","0,5"\n"2,000",1e-3\n')).points).toEqual({ loss: [[1000, 0.5], [2000, 0.001]] }); // prettier-ignore
});

test.each([
  ['12', ',', 12],
  ['-1.5e-3', ',', -0.0015],
  ['1,234,567.5', ',', 1234567.5],
  ['1,234', ',', 1234],
  ['1,234', ';', 1.234],
  ['1.234', ';', 1.234],
  ['1.234.567', ';', 1234567],
  ['1\u00a0234,5', ';', 1234.5],
  ['.5', ',', 0.5],
  ['inf', ',', null],
  ['1e999', ',', null],
  ['', ',', undefined],
  ['-', ',', undefined],
  ['0x10', ',', undefined],
  ['12 s', ',', undefined],
] as const)('the number in "%s" between "%s" is %s', (cell, delimiter, value) => {
  expect(numberOf(cell, delimiter)).toBe(value);
});

test("VICReg's stats.txt: command lines between the points are left out and said", async () => {
  const line = (epoch: number, step: number) =>
    `{"epoch": ${epoch}, "step": ${step}, "loss": ${30 - step / 100}, "time": ${step}, "lr": 0.1}`;
  const steps = Array.from({ length: 12 }, (_, at) => at * 60);
  const text = `main_vicreg.py --arch resnet50\n${steps.map((step) => line(Math.floor(step / 240), step)).join('\n')}\nmain_vicreg.py --arch resnet50\n${line(2, 600)}\n`;
  const found = await read(text, 'stats.txt');
  expect(found).toMatchObject({ kind: 'json-lines', axis: 'step', stepsPerEpoch: 240 });
  expect(found.points['loss']).toHaveLength(11);
  expect(found.notes).toEqual([
    'lines that are no JSON, left out: 2 (the first is line 1)',
    'the recording began again at an earlier step; points of before, left out: 6',
  ]);
  const dino = await read(
    '{"train_loss": NaN, "epoch": 0, "best": {"a": 1}}\n{"train_loss": 2, "epoch": 1}\n',
    'log.txt',
  );
  expect(dino).toMatchObject({ axis: 'epoch', points: { train_loss: [[0, null], [1, 2]] } }); // prettier-ignore
  expect(dino.notes).toEqual(['left out, as they hold no number: best']);
});

test('a run folder of this program: the points it stands on, whatever the folder is called', async () => {
  const run = join(folder, 'from-a-colleague');
  mkdirSync(run);
  writeFileSync(join(run, 'config.json'), JSON.stringify(pretrainConfig));
  const events = [
    ...attemptOf('run-1', 1, [hello(0), metrics('loss', [[10, 5], [20, 4], [30, 9]]), checkpoint(20)]), // prettier-ignore
    ...attemptOf('run-1', 2, [hello(20), metrics('loss', [[30, null], [40, 2]]), stopped('done', 40)]), // prettier-ignore
  ];
  writeFileSync(join(run, 'events.ndjson'), `${events.map(sealedLine).join('\n')}\nnot an event\n{"type":"met`);
  const found = await readCurves(run);
  expect(found).toMatchObject({ kind: 'run', name: pretrainConfig.title, stepsPerEpoch: 100, batch: 256, file: run });
  expect(found.curves).toEqual([{ source: 'loss', positions: [10, 20, 30, 40], values: [5, 4, null, 2] }]);
  expect(found.notes.map(inEnglish)).toEqual([
    'lines that are no events, left out: 1',
    'the last line of its events was cut short and is left out',
  ]);
});

test('what cannot be read is refused with its name and the reason', async () => {
  expect(await reasonOf('loss,acc\n1,2\n')).toMatch(
    /\.csv: no column of the table is a step or an epoch .* loss, acc\.$/,
  );
  expect(await reasonOf('')).toMatch(/it is empty/);
  expect(await reasonOf('step,loss\n')).toMatch(/holds no curves/);
  expect(await reasonOf('step,loss\nx,y\n')).toMatch(/holds no curves/);
  expect(await reasonOf(Buffer.from([0x89, 0x50, 0, 0, 7]), 'picture.png')).toMatch(/neither text nor TensorBoard/);
  expect(await reasonOf('nonsense', 'events.out.tfevents.1.host')).toMatch(/does not begin with a record/);
  expect(await reasonOf('{"a": 1}\n', 'other.jsonl')).toMatch(/name no step and no epoch/);
  expect(await reasonOf(`step,loss\n1,"${'x'.repeat(5 << 20)}`)).toMatch(/line 2 is longer/);
  await expect(readCurves(join(folder, 'absent'))).rejects.toThrow('There is no file or folder');
  await expect(readCurves(folder)).rejects.toThrow(); // It holds a damaged event file.
  const fifo = join(folder, 'fifo.csv');
  execFileSync('mkfifo', [fifo]);
  await expect(readCurves(fifo)).rejects.toThrow('pipe');
});

test('property: however many points come, memory is bounded, the kept ones are the given ones and in order', () => {
  const limits = { curves: 3, pointsOfCurve: 8, points: 20 };
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(4), fc.nat(60), fc.double({ noNaN: true })), { maxLength: 300 }), (all) => {
      const collector = new CurveCollector(limits);
      for (const [curve, position, value] of all) collector.add(`curve-${curve}`, position, value);
      const curves = collector.curves();
      expect(curves.length).toBeLessThanOrEqual(limits.curves);
      expect(curves.reduce((sum, { positions }) => sum + positions.length, 0)).toBeLessThanOrEqual(limits.points);
      for (const { source, positions, values } of curves) {
        expect(positions.length).toBeLessThanOrEqual(limits.pointsOfCurve);
        expect(positions.every((at, nth) => nth === 0 || at > positions[nth - 1]!)).toBe(true);
        for (const [nth, at] of positions.entries())
          expect(all).toContainEqual([Number(source.slice(6)), at, values[nth]]);
      }
    }),
    { numRuns: 200 },
  );
});

test('property: the steps of an epoch are found whichever number the first epoch and the first step have', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 3, max: 500 }),
      fc.integer({ min: 4, max: 30 }),
      fc.constantFrom(0, 1),
      fc.constantFrom(0, 1),
      (perEpoch, epochs, firstEpoch, firstStep) => {
        const length = new EpochLength();
        for (let step = 0; step < perEpoch * epochs; step += 1)
          length.add(step + firstStep, Math.floor(step / perEpoch) + firstEpoch);
        expect(length.steps()).toBe(perEpoch);
      },
    ),
  );
});

test('names of other programs are matched with ours, each of ours once', () => {
  expect(suggestMetrics(['train_loss_step', 'train_loss_epoch', 'val_loss', 'learning_rate'])).toEqual([
    'loss',
    null,
    null,
    'lr',
  ]);
  expect(suggestMetrics(['train/loss', 'loss', 'repr_loss', 'std_loss', 'cov_loss', 'time'])).toEqual([
    null,
    'loss',
    'invariance',
    'variance',
    'covariance',
    null,
  ]);
  expect(suggestMetrics(['train_vicreg_loss', 'val_knn_acc1', 'epoch'])).toEqual(['loss', 'probe/top1', null]);
});

test('SECURITY.md states the bounds of these readers', () => {
  const security = readFileSync(join(import.meta.dirname, '../../../SECURITY.md'), 'utf8');
  const count = (number: number): string => number.toLocaleString('en-US');
  const { curves, pointsOfCurve, points } = usualLimits;
  for (const bound of [
    `a record of ${longestRecord / 2 ** 20} MiB, a row of ${count(longestRow)} characters or a line of ${count(longestLine)}`,
    `${curves} curves, ${count(pointsOfCurve)} points of each and ${count(points)} in all`,
  ])
    expect(security).toContain(bound);
});
