/** Lists of runs, data sets, weights, presets and plans: in words, complete, and never wider than the line. */
import { expect, test } from 'vitest';
import type { DatasetRow } from '../api/datasets.ts';
import type { PlanRow } from '../api/plans.ts';
import type { RunRow } from '../api/runs.ts';
import type { Preset, PresetDifference } from '../../trainer/protocol/preset.ts';
import type { ImportedWeights } from '../../trainer/protocol/weights.ts';
import { identifiersIn, programIdentifiers } from '../words/testing/identifiers.ts';
import { parseCommandLine } from './arguments.ts';
import * as read from './read-commands.ts';
import { waitTexts, type Session } from './session.ts';
import { widthOf } from './text-width.ts';
import { wordsIn } from './words.ts';
import { plan } from './work-commands.ts';

const long = '一个名字很长很长的运行，用来检查表格的宽度 and a title that goes on in English as well';
const path = `/data/${'a-folder-with-a-long-name/'.repeat(6)}train`;
const id = '20260101-000000-abcdef';

const run: Partial<RunRow> = {
  id,
  title: long,
  status: 'queued',
  waitsFor: { kind: 'run', run: '20260101-000000-fedcba' },
  step: 123_456,
  steps: 1_234_567,
  headline: { metric: 'embeddingStd', value: 12.345, unit: 'number' },
  seed: 4_294_967_295,
  diskBytes: 123_456_789,
};
const inspection: Partial<DatasetRow['inspection']> = {
  title: 'ImageNet (ILSVRC 2012)',
  splits: [{ split: 'train', images: 1_281_167, perClass: [] }],
};
const data: Partial<DatasetRow> = {
  name: long,
  path,
  state: 'missing',
  fingerprint: 'f'.repeat(64),
  inspection: inspection as DatasetRow['inspection'],
};
const imported: Partial<ImportedWeights> = {
  id: '7c829cca943f1008',
  name: long,
  encoder: { id: 'resnet-50', options: {} },
  channels: 3,
  file: path,
  tensors: 320,
  sameAs: [],
  unmatched: ['module.projector.0.weight', 'module.projector.0.bias', 'module.projector.1.weight', 'epoch'],
  network: 'teacher.backbone',
  networks: [
    { name: 'student.backbone', tensors: 265, why: null },
    { name: 'teacher.backbone', tensors: 265, why: 'teacher' },
  ],
  why: 'teacher',
  norms: {
    images: 16,
    scaling: 'imagenet',
    distance: 0.42,
    layer: 'layer4.1.bn2',
    first: 'layer3.0.bn1',
    verdict: 'doubtful',
  },
  detector: {
    evaluator: 'detection-fpn',
    prefix: 'model.',
    classes: 80,
    options: { norm: 'frozen', pyramidNorm: true, channels: 256, boxWidth: 1024 },
    tensors: 42,
  },
  noDetector: null,
  convention: { is: 'caffe2', from: 'norms' },
  passedOver: [{ what: 'argparse.Namespace', count: 1, names: ['args'] }],
  warnings: [`Convolutions with only zeros: ${path}.`],
};
const preset: Partial<Preset> = { id: 'barlow-twins-solo-learn-imagenet-100', summary: { en: long, zh: long } };
const difference: PresetDifference = {
  leftOrigins: [],
  rightOrigins: [],
  path: 'views',
  left: [{ size: 224, cropArea: [0.08, 1], interpolation: 'bicubic' }],
  right: [{ size: 28, cropArea: [0.3, 1], interpolation: 'bicubic' }, { size: 96 }],
};
const planned: Partial<PlanRow> = {
  plan: {
    id: 'claims-table5-small',
    title: { en: long, zh: long },
    runs: [{ key: 'b', config: { title: 'VICReg' } }],
  } as PlanRow['plan'],
  state: 'blocked',
  runs: [
    { key: 'a', run: id, status: 'done', waits: null },
    {
      key: 'b',
      run: id,
      status: 'interrupted',
      waits: {
        for: 'decision',
        fault: { code: 'diverged', message: 'Training diverged.', values: {}, retry: 'resume' },
      },
    },
  ],
  needs: [{ kind: 'data', ok: false, values: { name: 'imagenet', title: 'ImageNet' } }],
};

const identifiers = programIdentifiers();

const answer = (value: unknown) => ({ answer: () => Promise.resolve(value) });

async function printed(command: read.Command, line: readonly string[], language: 'en' | 'zh', room: number) {
  let text = '';
  const handlers = {
    runs: answer([run]),
    datasets: answer([data]),
    weights: answer([imported]),
    presets: answer([preset]),
    comparePresets: answer([difference]),
    plans: answer([planned]),
  };
  const session = {
    handlers,
    room,
    words: wordsIn(language),
    line: { end: () => undefined },
    print: (given: string) => (text += given),
  };
  await command(session as unknown as Session, parseCommandLine(line));
  return text;
}

test('no list is wider than the line, and none loses what is typed again', async () => {
  for (const language of ['en', 'zh'] as const)
    for (const room of [60, 80, 100])
      for (const [command, line, whole] of [
        [read.runs, ['runs'], [id, '123456/1234567', '12.35', '4294967295']],
        [read.datasets, ['datasets'], ['ffffffffffff', '1281167']],
        [read.weights, ['weights'], ['7c829cca943f1008', '320']],
        [read.presets, ['presets'], ['barlow-twins-solo-learn-imagenet-100']],
        [read.presets, ['presets', preset.id, preset.id], ['0.08', '28', '96']],
        [plan, ['plan'], ['claims-table5-small', '1/2', 'ImageNet', 'VICReg']],
      ] as const) {
        const text = await printed(command, line as readonly string[], language, room);
        for (const one of text.split('\n')) expect(widthOf(one), one).toBeLessThanOrEqual(room);
        for (const part of whole) expect(text).toContain(part);
        expect(text).not.toMatch(/embeddingStd|blocked|undefined|\[object/);
        // Two presets differ by what --set takes; in other lists ids, which are typed again, stand in a column of their own.
        const isTyped = line.length > 1;
        const said = whole.reduce((left, part) => left.replaceAll(part, ''), text);
        if (!isTyped) expect(identifiersIn(said, identifiers), said).toEqual([]);
      }
});

test('of a plan is told which run waits for a decision, why, how it is given, and what waits for that run', () => {
  const fault = { code: 'diverged', message: 'Training diverged at step 8.', values: {}, retry: 'resume' } as const;
  const titles = { train: 'VICReg', measure: 'k-NN', pixels: 'Pixels' };
  const row: Partial<PlanRow> = {
    plan: { runs: Object.entries(titles).map(([key, title]) => ({ key, config: { title } })) } as PlanRow['plan'],
    runs: [
      { key: 'train', run: id, status: 'interrupted', waits: { for: 'decision', fault } },
      { key: 'measure', run: id, status: 'queued', waits: { for: 'run', key: 'train' } },
      { key: 'pixels', run: id, status: 'done', waits: null },
    ],
  };
  const command = `  reprise resume ${id} --set whenNotFinite.policy=skip|lower-rate|clip`;
  expect(waitTexts(row as PlanRow, wordsIn('en'))).toEqual([
    'VICReg: waits for your decision',
    '  Training diverged at step 8.',
    command,
    '  waiting for it: k-NN',
  ]);
  expect(waitTexts(row as PlanRow, wordsIn('zh'))).toEqual([
    'VICReg：等待您决定如何继续',
    '  训练发散：损失或梯度不再是有限值。（Training diverged at step 8.）',
    command,
    '  等待该实验的还有：k-NN',
  ]);
});

test('two presets differ in single values, by the paths that --set takes', async () => {
  const lines = (await printed(read.presets, ['presets', preset.id ?? '', preset.id ?? ''], 'en', 100)).split('\n');
  expect(lines.slice(2).map((line) => line.split(/ {2,}/))).toEqual([
    ['views.0.size', '224', '28'],
    ['views.0.cropArea', '[0.08, 1]', '[0.3, 1]'],
    ['views.1', '–', '{"size":96}'],
  ]);
});
