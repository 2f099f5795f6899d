/** Reference curves in a workspace: named and matched by a person, kept in files, removed and taken back, counted by nothing. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createBench, type Bench } from '../testing/bench.ts';
import type { Workstation } from '../workstation.ts';

let bench: Bench;
let workstation: Workstation;
let file = '';
beforeEach(async () => {
  bench = createBench();
  workstation = await bench.open({ drain: 'own', complain: () => undefined });
  file = join(bench.home, '..', 'metrics.csv');
  writeFileSync(
    file,
    'step,epoch,train_loss,val_loss,acc\n10,0,5,6,\n20,0,4,nan,50\n30,1,3,5,60\n40,1,2,4,70\n50,2,1,4,80\n',
  );
});
afterEach(() => bench.remove());

const all = () => workstation.handlers.referenceCurves.answer();
async function openAgain(change: () => void): Promise<void> {
  await workstation.close('now');
  change();
  workstation = await bench.open({ drain: 'own', complain: () => undefined });
}

test('an import is listed with its source, drawn by position, and is a run to nobody', async () => {
  const { handlers } = workstation;
  const added = await handlers.importCurves.answer(file, { method: 'vicreg' });
  expect(added).toMatchObject({
    name: 'metrics.csv',
    kind: 'csv',
    axis: 'step',
    stepsPerEpoch: 20,
    method: 'vicreg',
    file,
  });
  expect(added.curves).toEqual([
    { source: 'train_loss', metric: 'loss', points: 5 },
    { source: 'val_loss', metric: null, points: 5 },
    { source: 'acc', metric: null, points: 4 },
  ]);
  expect(await all()).toEqual([added]);
  expect(bench.pushed.map(({ name }) => name)).toContain('curvesChanged');
  const series = await handlers.referenceSeries.answer(added.id, 'val_loss', 3);
  expect(series).toEqual({ name: 'val_loss', steps: [10, 30, 50], mean: [null, 4.5, 4], min: [null, 4, 4], max: [null, 5, 4], discarded: [] }); // prettier-ignore
  expect(await handlers.runs.answer()).toEqual([]);
});

test('names and metrics are a person’s to choose; what does not fit is refused', async () => {
  const { importCurves, describeCurves } = workstation.handlers;
  const { id } = await importCurves.answer(file, { name: 'Theirs', metrics: { val_loss: 'loss' } });
  const [first] = await all();
  expect(first).toMatchObject({ name: 'Theirs', curves: [{ metric: null }, { metric: 'loss' }, { metric: null }] });
  const described = await describeCurves.answer(id, { name: 'Ours', metrics: { acc: 'probe/top1', val_loss: null } });
  expect(described.curves.map(({ metric }) => metric)).toEqual([null, null, 'probe/top1']);
  expect(await all()).toEqual([described]);
  await expect(describeCurves.answer(id, { name: 'x', metrics: { absent: 'loss' } })).rejects.toThrow(
    'There is no curve "absent"',
  );
  await expect(describeCurves.answer(id, { name: 'x', metrics: { acc: 'loss', val_loss: 'loss' } })).rejects.toThrow(
    'Two curves',
  );
  await expect(describeCurves.answer('ref-absent', { name: 'x', metrics: {} })).rejects.toThrow(
    'There are no reference curves',
  );
  await expect(importCurves.answer(file, { metrics: { absent: 'loss' } })).rejects.toThrow('It has: train_loss');
  expect(await all()).toHaveLength(1);
});

test('they are made again from their files when the database is lost; what is damaged is named and passed over', async () => {
  const kept = await workstation.handlers.importCurves.answer(file);
  const damaged = await workstation.handlers.importCurves.answer(file);
  const folder = join(bench.home, 'curves');
  await openAgain(() => {
    for (const name of readdirSync(bench.home)) if (name.startsWith('reprise.db')) rmSync(join(bench.home, name));
    const record = join(folder, damaged.id, 'points.json');
    writeFileSync(record, readFileSync(record, 'utf8').replace('5', '6'));
  });
  expect(await all()).toEqual([kept]);
  expect((await workstation.handlers.referenceSeries.answer(kept.id, 'train_loss', 10)).mean).toEqual([5, 4, 3, 2, 1]);
  expect((await workstation.handlers.about.answer()).damage.join()).toContain(join(damaged.id, 'points.json'));
});

test('removed curves can be taken back until the next start, which clears them away', async () => {
  const { importCurves, removeCurves, undoRemoveCurves } = workstation.handlers;
  const added = await importCurves.answer(file);
  await removeCurves.answer(added.id);
  expect(await all()).toEqual([]);
  await undoRemoveCurves.answer(added.id);
  expect(await all()).toEqual([added]);
  await expect(undoRemoveCurves.answer(added.id)).rejects.toThrow('were removed here');
  await removeCurves.answer(added.id);
  await openAgain(() => undefined);
  expect(await all()).toEqual([]);
  expect(readdirSync(join(bench.home, 'curves'))).toEqual([]);
  expect(existsSync(file)).toBe(true);
});
