/** Import and export of weights, with a real workstation. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EvaluateConfig, PretrainConfig, RunConfig } from '../../../trainer/protocol/run.ts';
import { createBench, pretrain, rowOf, until, type Bench } from '../testing/bench.ts';
import type { Workstation } from '../workstation.ts';

const knn = { id: 'knn', options: {} };
let bench: Bench;
let workstation: Workstation;
const complaints: string[] = [];
beforeAll(async () => {
  bench = createBench();
  workstation = await bench.open({ drain: 'own', complain: (line) => complaints.push(line) });
  const { handlers } = workstation;
  await handlers.addDataset.answer(
    await handlers.inspect.answer(join(bench.runtime, 'data', 'fashion-mnist'), false),
    'Mine',
  );
});
afterAll(() => bench.remove());

const finished = async (run: string): Promise<string> => {
  await until(async () => ['done', 'failed'].includes((await rowOf(workstation, run)).status), run);
  return (await rowOf(workstation, run)).status;
};

test('weights are imported once, described, evaluated, and reported when they are missing', async () => {
  const { handlers } = workstation;
  const file = join(bench.home, 'resnet18.pth');
  writeFileSync(file, 'pth');
  const taken = await handlers.importWeights.answer(file);
  expect(taken).toMatchObject({ name: 'resnet18', channels: 1, unmatched: ['fc.weight'], origin: { method: null } });
  expect(bench.pushed.filter(({ name }) => name === 'weightsChanged')).toHaveLength(1);
  const origin = { method: 'vicreg', pretrainedOn: 'imagenet', epochs: 1000, batch: 2048 };
  await handlers.describeWeights.answer(taken.id, 'The authors’', origin);
  // The same tensors again: their description stays.
  expect(await handlers.importWeights.answer(file)).toMatchObject({ name: 'The authors’', origin });
  expect(await handlers.weights.answer()).toHaveLength(1);
  // In another file: it is said, and a name that a person gave stays.
  const copy = join(bench.home, 'copy.pth');
  writeFileSync(copy, 'pth');
  expect(await handlers.importWeights.answer(copy)).toMatchObject({
    name: 'The authors’',
    file: 'copy.pth',
    sameAs: ['resnet18.pth'],
    origin,
  });
  await handlers.describeWeights.answer(taken.id, 'copy', origin);
  expect(await handlers.importWeights.answer(file)).toMatchObject({ name: 'resnet18', sameAs: ['copy.pth'] });
  await handlers.describeWeights.answer(taken.id, 'The authors’', origin);
  expect(await handlers.weights.answer()).toHaveLength(1);

  const of = { kind: 'weights', weights: taken.id } as const;
  const draft = await handlers.draftEvaluation.answer(of, { id: 'knn', options: {} }, 'f0');
  expect(draft).toMatchObject({
    subject: { ...of, name: 'The authors’', encoder: { id: 'resnet-18' }, origin },
    resizing: 'pillow-13',
    // Channel statistics of ImageNet, for one channel.
    normalization: { mean: [expect.closeTo(0.449, 10)] },
  });
  const run = await handlers.createRun.answer({ ...draft, title: 'steps=3' });
  expect(await finished(run)).toBe('done');
  expect(await rowOf(workstation, run)).toMatchObject({ method: 'vicreg' });
  const { rows } = await handlers.compare.answer({ kind: 'runs', runs: [run] });
  expect(rows[0]?.subject).toMatchObject({ label: 'The authors’', role: 'other' });

  // As of a run: into its own folder, or wherever the terminal says.
  const written = await handlers.exportWeights.answer(of, 'safetensors');
  expect(written).toMatch(/weights\/0123456789abcdef\/exports\/resnet-18-0123456789abcdef\.safetensors$/);
  expect(JSON.parse(readFileSync(written, 'utf8'))).toMatchObject({ weights: taken.id, method: 'vicreg' });
  const elsewhere = join(bench.home, 'weights.pth');
  expect(await workstation.exportWeights({ of, format: 'pth', file: elsewhere })).toMatchObject({ file: elsewhere });

  await handlers.removeWeights.answer(taken.id);
  expect(bench.trashed.at(-1)).toContain(taken.id);
  expect(await handlers.weights.answer()).toEqual([]);
  const late = await handlers.createRun.answer({ ...draft, title: 'steps=2' });
  expect(await finished(late)).toBe('failed');
  expect((await rowOf(workstation, late)).fault).toMatchObject({ code: 'subject-missing' });
}, 60_000);

test('a damaged record costs its own weights alone, is told once, and an import brings them back', async () => {
  const { handlers } = workstation;
  const file = join(bench.home, 'resnet18.pth');
  writeFileSync(file, 'pth');
  const taken = await handlers.importWeights.answer(file);
  const record = join(bench.home, 'weights', taken.id, 'weights.json');
  const whole = readFileSync(record, 'utf8');
  const other = join(bench.home, 'weights', 'other');
  mkdirSync(other);
  writeFileSync(join(other, 'weights.json'), whole.slice(0, 100));
  expect(await handlers.weights.answer()).toEqual([taken]);
  writeFileSync(record, whole.replace('"resnet18.pth"', '"resnet19.pth"'));
  expect(await handlers.weights.answer()).toEqual([]);
  expect(await handlers.weights.answer()).toEqual([]);
  expect(complaints.filter((line) => line.includes(record))).toHaveLength(1);
  expect(complaints.filter((line) => line.includes(join(other, 'weights.json')))).toHaveLength(1);
  await expect(handlers.removeWeights.answer(taken.id)).rejects.toMatchObject({ fault: { code: 'unreadable-file' } });

  const again = await handlers.importWeights.answer(file);
  expect(await handlers.weights.answer()).toEqual([again]);
  const kept = readdirSync(join(bench.home, 'weights')).filter((name) => name.startsWith('.damaged-'));
  expect(kept).toHaveLength(1);
  await handlers.removeWeights.answer(taken.id);
}, 60_000);

test('the choice among several networks, and a doubt, go with every evaluation', async () => {
  const { handlers } = workstation;
  const file = join(bench.home, 'dino.pth');
  writeFileSync(file, 'pth');
  const taken = await handlers.importWeights.answer(file, { network: 'student.backbone' });
  expect(taken).toMatchObject({ name: 'dino (student.backbone)', path: file });
  const draft = await handlers.draftEvaluation.answer({ kind: 'weights', weights: taken.id }, knn, 'f0');
  expect(draft).toMatchObject({
    subject: {
      network: { name: 'student.backbone', why: 'asked', others: ['teacher.backbone'] },
      norms: { verdict: 'doubtful', scaling: 'unit' },
    },
    // As the statistics say.
    normalization: { mean: [0], std: [1] },
  });
  await handlers.removeWeights.answer(taken.id);
}, 60_000);

test('an evaluator gets the data it can be asked about, shown as its recipe says', async () => {
  const { handlers } = workstation;
  const file = join(bench.home, 'resnet18.pth');
  writeFileSync(file, 'pth');
  const of = { kind: 'weights', weights: (await handlers.importWeights.answer(file)).id } as const;
  const folder = join(bench.home, 'several');
  mkdirSync(folder);
  writeFileSync(join(folder, 'data.bin'), 'data');
  await handlers.addDataset.answer(await handlers.inspect.answer(folder, false), 'Several');
  const draft = (evaluator: string, data: string) =>
    handlers.draftEvaluation.answer(of, { id: evaluator, options: {} }, data);

  expect(await draft('voc-svm', 'f-several')).toMatchObject({
    preprocessing: { resize: 256, crop: 224, interpolation: 'bilinear', fit: 'squash' },
    layer: 'res5-2x2',
  });
  const usual = await draft('knn', 'f0');
  expect(usual).toMatchObject({ layer: 'pooled' });
  expect(usual).not.toHaveProperty('preprocessing.fit');
  await expect(draft('knn', 'f-several')).rejects.toThrow(
    '"KNN" does not fit Several, where an image may show several classes. What fits: VOC-SVM.',
  );
  await expect(draft('voc-svm', 'f0')).rejects.toThrow('where every image has one class. What fits: KNN.');
  await expect(draft('detector', 'f0')).rejects.toThrow(
    'where objects have no boxes in "train" and "test". What fits: KNN.',
  );
  await handlers.removeWeights.answer(of.weights);
}, 60_000);

test('of two encoders either is measured, on other images than it learns from', async () => {
  const { handlers } = workstation;
  const folder = join(bench.home, 'untested');
  mkdirSync(folder);
  writeFileSync(join(folder, 'data.bin'), 'data');
  await handlers.addDataset.answer(await handlers.inspect.answer(folder, false), 'Untested');
  const [encoder] = (pretrain('steps=3') as PretrainConfig).encoders;
  const apart = { ...pretrain('steps=3'), encoders: [encoder, encoder] } as RunConfig;
  const [shared, two] = [await handlers.createRun.answer(pretrain('steps=3')), await handlers.createRun.answer(apart)];
  expect([await finished(shared), await finished(two)]).toEqual(['done', 'done']);
  const draft = (run: string, branch: 0 | 1, data = 'f0') =>
    handlers.draftEvaluation.answer({ kind: 'run', run, branch }, { id: 'knn', options: {} }, data);

  const second = await draft(two, 1);
  // Trained without a version: in the order of its time, which is then written out.
  expect(second.resizing).toBe('pillow-12.1');
  expect(second).toMatchObject({ title: 'KNN · steps=3 · 2', subject: { run: two, branch: 1 } });
  expect(await draft(two, 0)).toMatchObject({ title: 'KNN · steps=3', subject: { run: two, branch: 0 } });
  await expect(draft(shared, 1)).rejects.toThrow('trains one encoder');
  const measured: string[] = [];
  for (const branch of [0, 1] as const)
    measured.push(await handlers.createRun.answer({ ...(await draft(two, branch)), title: 'steps=2' }));
  for (const run of measured) expect(await finished(run)).toBe('done');
  const { rows } = await handlers.compare.answer({ kind: 'runs', runs: measured });
  expect(rows.map(({ subject }) => subject.label).sort()).toEqual(['steps=3', 'steps=3 · 2']);

  const untested = (await handlers.datasets.answer()).find(({ name }) => name === 'Untested');
  expect(untested?.evaluators).toEqual([]);
  await expect(draft(two, 0, 'f-untested')).rejects.toMatchObject({ fault: { code: 'no-test-split' } });
  const same = { ...second, test: (second as EvaluateConfig).train };
  await expect(handlers.createRun.answer(same)).rejects.toThrow('the images it learns from, the split "train" of');
}, 60_000);

test('the encoder of a run is written into its folder, or wherever the terminal says', async () => {
  const { handlers } = workstation;
  const run = await handlers.createRun.answer(pretrain('steps=10'));
  expect(await finished(run)).toBe('done');
  const written = await handlers.exportWeights.answer({ kind: 'run', run, branch: 0 }, 'safetensors');
  expect(written).toMatch(/runs\/.+\/exports\/resnet-18-step-10\.safetensors$/);
  expect(JSON.parse(readFileSync(written, 'utf8'))).toMatchObject({ run, step: '10', method: 'vicreg' });
  const file = join(bench.home, 'elsewhere', 'mine.pth');
  expect(await workstation.exportWeights({ of: { kind: 'run', run, branch: 0 }, format: 'pth', file })).toEqual({
    file,
    tensors: 5,
  });
  expect(existsSync(file)).toBe(true);
  await expect(handlers.exportWeights.answer({ kind: 'run', run, branch: 1 }, 'pth')).rejects.toThrow(
    'trains one encoder',
  );
}, 60_000);
