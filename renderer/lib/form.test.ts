import * as v from 'valibot';
import { expect, test } from 'vitest';
import { Catalogue } from '../../trainer/protocol/catalogue.ts';
import { presetOf } from '../../electron/words/preset-origins.ts';
import type { Preset, PresetFile } from '../../trainer/protocol/preset.ts';
import { RunConfig } from '../../trainer/protocol/run.ts';
import { catalogue } from '../dev/fake/catalogue.ts';
import { draftFrom } from '../dev/fake/drafts.ts';
import {
  changesFrom,
  choiceOf,
  chunksOf,
  getAt,
  leavesOf,
  problemOf,
  problemsOf,
  setAt,
  slotsOf,
  smallerChunk,
  originsOf,
  viewFields,
  viewValue,
  withMethod,
} from './form.ts';

const file: PresetFile = {
  id: 'tiny',
  method: 'vicreg',
  title: 'tiny',
  summary: { en: '', zh: '' },
  values: [
    { path: 'batch', value: 128 },
    { path: 'method.options.variance', value: 25 },
    {
      path: 'views',
      value: [
        {
          size: 32,
          cropArea: [0.08, 1],
          cropRatio: [0.75, 1.33],
          interpolation: 'bicubic',
          flip: 0.5,
          jitter: 0.8,
          brightness: 0.4,
          contrast: 0.4,
          saturation: 0.2,
          hue: 0.1,
          grayscale: 0.2,
          blur: 0,
          blurSigma: [0.1, 2],
          solarize: 0,
          solarizeThreshold: 128,
        },
      ],
    },
  ],
};
const appendix = { en: 'appendix C.1', zh: '附录 C.1' };
const preset: Preset = presetOf(file, {
  preset: 'tiny',
  read: [
    {
      repository: 'authors/code',
      commit: '0123456789abcdef0123456789abcdef01234567',
      values: [{ field: 'batch', value: 128, file: 'main.py', lines: [3, 9] }],
    },
    { paper: 'VICReg', arxiv: '2105.04906v3', values: [{ field: 'views.*.flip', value: 0.5, where: appendix }] },
  ],
  ours: [],
});

test('the form generates a valid configuration from a catalogue, with every option written out', () => {
  expect(v.parse(Catalogue, catalogue)).toEqual(catalogue);
  const config = draftFrom(preset, 3);
  expect(v.parse(RunConfig, config)).toEqual(config);
  expect(problemsOf(config, catalogue)).toEqual([]);
  for (const { path, recipe } of slotsOf(config, catalogue)) {
    const written = Object.keys(getAt(config, `${path}.options`) as object);
    expect(written.sort()).toEqual(recipe?.options.map((option) => option.key).sort());
  }
});

test('every recipe of a catalogue can be chosen and gives a valid configuration', () => {
  for (const [path, recipes] of [
    ['method', catalogue.methods],
    ['encoders.0', catalogue.encoders],
    ['optimizer', catalogue.optimizers],
    ['schedule', catalogue.schedules],
  ] as const) {
    for (const recipe of recipes) {
      const config = setAt(draftFrom(preset, 0), path, choiceOf(recipe));
      expect(v.safeParse(RunConfig, config).success, recipe.id).toBe(true);
      expect(problemsOf(config, catalogue), recipe.id).toEqual([]);
    }
  }
});

test('another method gets the encoders and views it needs, and no pairs that it cannot use', () => {
  const drafted = draftFrom(preset, 0);
  const [encoder] = drafted.encoders;
  const [shape] = catalogue.methods;
  const paired = { ...drafted.data, path: '/edges' };
  const config = {
    ...drafted,
    title: `${shape!.title} tiny`,
    preset: 'tiny',
    paired,
    encoders: [encoder, encoder],
  } as typeof drafted;
  const alone = withMethod(config, { ...shape!, title: 'Other', branches: 1, views: 3, mostViews: 8 }, shape);
  expect(alone).toMatchObject({ title: 'Other tiny', method: { id: shape!.id }, encoders: [encoder] });
  expect(alone.views).toHaveLength(3);
  expect(alone).not.toHaveProperty('paired');
  expect(alone).not.toHaveProperty('preset');
  expect(withMethod(alone, { ...shape!, branches: 1, views: 2, mostViews: 2 }, undefined).views).toHaveLength(2);
  expect(withMethod(config, { ...shape!, branches: 2, views: 1, mostViews: 2 }, shape)).toMatchObject({
    paired,
    views: config.views,
  });
});

test('an edit copies along its path and leaves the original alone', () => {
  const before = draftFrom(preset, 0);
  const after = setAt(before, 'views.0.cropArea', [0.2, 1]);
  expect(getAt(before, 'views.0.cropArea')).toEqual([0.08, 1]);
  expect(getAt(after, 'views.0.cropArea')).toEqual([0.2, 1]);
  expect(Array.isArray(after.views)).toBe(true);
  expect(after.optimizer).toBe(before.optimizer);
});

test.each([
  ['batch', 1, 'minimum'],
  ['batch', 2.5, 'whole'],
  ['epochs', NaN, 'number'],
  ['seed', 2 ** 32, 'maximum'],
  ['method.options.variance', -1, 'minimum'],
  ['method.options.varianceSum', 'other', 'choice'],
  ['method.options.expander', [], 'empty'],
  ['method.options.expander', [512, NaN], 'number'],
  ['views.0.flip', 1.2, 'maximum'],
  ['title', ' ', 'empty'],
  ['method', { id: 'gone', options: {} }, 'choice'],
] as const)('%s = %s is stopped before it is sent (%s)', (path, value, kind) => {
  const config = setAt<RunConfig>(draftFrom(preset, 0), path, value);
  expect(problemsOf(config, catalogue)).toContainEqual(expect.objectContaining({ path, kind }));
});

test('an option that works with another alone is stopped without it', () => {
  const needs = { option: 'varianceSum', is: 'paper-algorithm-1' };
  const withNeed = (option: (typeof catalogue.methods)[number]['options'][number]) =>
    option.key === 'variance' ? { ...option, needs } : option;
  const methods = catalogue.methods.map((method) => ({ ...method, options: method.options.map(withNeed) }));
  const problems = (sum: string) => {
    const changed = setAt(draftFrom(preset, 0), 'method.options.variance', 1);
    return problemsOf(setAt<RunConfig>(changed, 'method.options.varianceSum', sum), { ...catalogue, methods });
  };
  expect(problems('official-code')).toContainEqual({ path: 'method.options.variance', kind: 'needs', limit: null });
  expect(problems('paper-algorithm-1').map(({ kind }) => kind)).not.toContain('needs');
});

test('a bound itself is allowed', () => {
  const option = { key: 'p', kind: 'number', default: 0, minimum: 0, maximum: 1, comparable: false } as const;
  expect([0, 1].map((value) => problemOf(option, value))).toEqual([null, null]);
});

test('each value names its origin in the preset, and values that differ from the preset are listed', () => {
  const config = setAt(setAt(draftFrom(preset, 0), 'batch', 64), 'views.0.flip', 0);
  expect(originsOf(preset, 'batch')).toMatchObject([{ repository: 'authors/code', file: 'main.py', lines: [3, 9] }]);
  expect(originsOf(preset, 'views.0.flip')).toMatchObject([{ paper: 'VICReg', where: appendix }]);
  expect(originsOf(preset, 'views')).toEqual(originsOf(preset, 'views.1.flip'));
  expect(originsOf(preset, 'seed')).toEqual([]);
  expect(changesFrom(preset, config)).toEqual([
    { path: 'batch', value: 128, now: 64 },
    { path: 'views.0.flip', value: 0.5, now: 0 },
  ]);
  expect(changesFrom(preset, draftFrom(preset, 9))).toEqual([]);
});

test('leaves keep lists of plain values whole', () => {
  expect(leavesOf({ a: { b: [1, 2] }, c: [{ d: null }] })).toEqual([
    { path: 'a.b', value: [1, 2] },
    { path: 'c.0.d', value: null },
  ]);
});

test('a batch that ran out of memory is offered in halves, as long as they are whole', () => {
  const config: RunConfig = draftFrom(preset, 0);
  expect(chunksOf(256)).toEqual([128, 64, 32, 16, 8, 4, 2]);
  expect(chunksOf(6)).toEqual([3]);
  expect(chunksOf(7)).toEqual([]);
  const tried = (batch: number, chunk: number | null) =>
    smallerChunk(setAt(setAt(config, 'batch', batch), 'execution.chunk', chunk));
  expect([tried(256, null), tried(256, 128), tried(256, 2), tried(7, null)]).toEqual([128, 64, null, null]);
  const left = setAt(setAt(config, 'batch', 96), 'execution.chunk', 64);
  expect(problemsOf(left, catalogue).map(({ path }) => path)).toEqual(['execution.chunk']);
});

test('a field of a view that is left out is off, and so it passes', () => {
  const config = draftFrom(preset, 0);
  const first = viewFields.find(({ key }) => key === 'jitterFirst')!;
  const values = [config, setAt(config, 'views.0.jitterFirst', true)].map((each) => viewValue(each.views[0]!, first));
  expect(values).toEqual([false, true]);
  expect(problemsOf(config, catalogue)).toEqual([]);
});
