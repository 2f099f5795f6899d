/** The whole recipe of a run beside that of the paper's figure: every field, classed by one table. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { setPath } from '../../../trainer/protocol/paths.ts';
import { PlanFile } from '../../../trainer/protocol/plan.ts';
import { newestResizing, type EvaluateConfig, type PretrainConfig, type View } from '../../../trainer/protocol/run.ts';
import type { ComparisonRow, Reason } from '../../api/comparison.ts';
import { fieldClasses, whyNoRecipe } from '../../words/field-classes.ts';
import { withData, withSubject } from '../plans/planned-config.ts';
import {
  catalogue,
  comparisonInput,
  evaluate,
  execution,
  official,
  papers,
  presets,
  pretrain,
  storedResult,
  storedRun,
} from '../testing/comparison-fixture.ts';
import { compareRuns } from './compare.ts';
import type { ComparisonInput } from './comparison-input.ts';
import { fieldDifferences } from './field-differences.ts';
import { presetConfig } from './preset-config.ts';

const subject = { kind: 'run', run: 'pre', checkpoint: 'last', branch: 0 } as const;
const linear = evaluate(subject) as EvaluateConfig;

const compared = (over: Partial<ComparisonInput>) => compareRuns(comparisonInput(over));

/** The row of a pretraining under linear evaluation, by default as the paper's own figure was made. */
async function rowOf(training: PretrainConfig, evaluation = linear, value = 73.2): Promise<ComparisonRow> {
  const runs = [storedRun('pre', training), storedRun('lin', evaluation)];
  const { rows } = await compared({ runs, results: [storedResult('lin', value, { which: 'best' })] });
  return rows[0]!;
}
const fieldsOf = (reasons: readonly Reason[], kind: Reason['kind']): readonly string[] =>
  reasons.filter((reason) => reason.kind === kind).map(({ field }) => field);

const preset = (id: string): PretrainConfig => ({
  ...presetConfig(presets.find((one) => one.id === id)!),
  data: pretrain(0).data,
  execution,
});

describe('a recipe beside the one of the paper’s figure', () => {
  test('is the same where the run is made of the preset', async () => {
    expect(await rowOf(pretrain(1))).toMatchObject({ verdict: 'reproduced', reasons: [], paper: { value: 73.2 } });
  });
  test('of a new run leaves nothing but what the paper does not say', async () => {
    const newest = { resizing: newestResizing } as const;
    const { reasons } = await rowOf({ ...pretrain(1), ...newest }, { ...linear, ...newest });
    expect(reasons.map(({ field, kind }) => [field, kind])).toEqual([
      ['protocol.resizing', 'unstated'],
      ['resizing', 'unstated'],
    ]);
  });
  test('AdamW, a constant rate, no augmentation and γ = 4 are stated one by one beside the verdict', async () => {
    const plain = (view: View): View => ({
      ...view,
      cropArea: [1, 1],
      flip: 0,
      jitter: 0,
      grayscale: 0,
      blur: 0,
      solarize: 0,
    });
    const row = await rowOf(
      pretrain(
        1,
        { gamma: 4 },
        {
          optimizer: { id: 'adamw', options: { rate: 0.001 } },
          schedule: { id: 'constant', options: {} },
          views: official.views.map(plain),
        },
      ),
    );
    expect(row).toMatchObject({ verdict: 'reproduced', paper: { value: 73.2 } });
    expect(row.reasons.map(({ field, theirs, ours }) => [field, theirs, ours])).toEqual([
      ['optimizer', 'lars', 'adamw'],
      ['options.gamma', 1, 4],
      ['schedule', 'warmup-cosine', 'constant'],
      ['views.1.blur', 1, 0],
      ['views.cropArea', '0.08–1', 1],
      ['views.flip', 0.5, 0],
      ['views.grayscale', 0.2, 0],
      ['views.jitter', 0.8, 0],
      ['views.2.blur', 0.1, 0],
      ['views.2.solarize', 0.2, 0],
    ]);
    for (const { kind, why } of row.reasons) {
      expect(kind).toBe('deviation');
      expect(why.en).toMatch(/\w{3}/);
      expect(why.zh).toMatch(/\p{Script=Han}/u);
    }
  });
  test('the text of the paper deviates from its code in what both say differently', async () => {
    const { reasons } = await rowOf(preset('vicreg-paper'));
    expect(fieldsOf(reasons, 'breaks')).toEqual([]);
    expect(fieldsOf(reasons, 'deviation')).toEqual([
      'options.varianceSum',
      'schedule.options.finalFactor',
      'views.1.blur',
      'views.1.solarize',
      'views.2.blur',
      'views.2.solarize',
    ]);
  });
  test('is not compared where the paper’s figure has no preset, which is said', async () => {
    const { reasons } = await rowOf({ ...preset('simclr-paper'), epochs: 100 }, linear, 64.4);
    expect(reasons).toContainEqual({ field: 'recipe', theirs: null, ours: null, kind: 'unstated', why: whyNoRecipe });
  });
  test('a part of the images, an earlier checkpoint and images left out count', async () => {
    const part = { subset: { kind: 'share' as const, share: 0.1, seed: 1 } };
    const training = pretrain(1);
    const less = await rowOf({ ...training, data: { ...training.data, ...part } });
    expect(less.reasons).toMatchObject([{ field: 'data.share', theirs: 1, ours: 0.1, kind: 'breaks' }]);
    const labels = await rowOf(training, { ...linear, train: { ...linear.train, ...part } });
    expect(labels.reasons).toMatchObject([{ field: 'protocol.trainShare', ours: 0.1, kind: 'breaks' }]);
    const early = await rowOf(training, { ...linear, subject: { ...subject, checkpoint: 1000 } });
    expect(early.reasons).toMatchObject([{ field: 'protocol.checkpoint', theirs: 'last', ours: 1000, kind: 'breaks' }]);
    const damaged = await rowOf({ ...training, data: { ...training.data, exclude: ['a.jpg', 'b.jpg'] } });
    expect(damaged.reasons).toMatchObject([{ field: 'data.excluded', theirs: 0, ours: 2, kind: 'deviation' }]);
  });
  test('trainings on other parts of the images are no seeds of one', async () => {
    const whole = pretrain(1);
    const part = { ...whole, data: { ...whole.data, subset: { kind: 'share' as const, share: 0.1, seed: 1 } } };
    const runs = [whole, part].flatMap((config, at) => [
      storedRun(`pre-${at}`, config),
      storedRun(`lin-${at}`, { ...linear, subject: { ...subject, run: `pre-${at}` } }),
    ]);
    const { rows } = await compared({ runs, results: [0, 1].map((at) => storedResult(`lin-${at}`, 70)) });
    expect(rows.map(({ ours }) => ours?.n)).toEqual([1, 1]);
  });
  test('views that are off on both sides, and what one side does with them, change no figure', async () => {
    const off = pretrain(1, {}, { views: official.views.map((view) => ({ ...view, blurSigma: [0.5, 1] })) });
    const { reasons } = await rowOf(off);
    expect(reasons).toMatchObject([{ field: 'views.blurSigma', kind: 'deviation' }]);
    const [first, second] = official.views as [View, View];
    const unused = await rowOf(pretrain(1, {}, { views: [{ ...first, solarizeThreshold: 64 }, second] }));
    expect(unused.reasons).toMatchObject([{ field: 'views.1.solarizeThreshold', kind: 'irrelevant' }]);
  });
  test('SwAV with six small crops more is another experiment of the paper than with two views', async () => {
    const crops = preset('swav-paper');
    expect(await rowOf(crops, linear, 75.3)).toMatchObject({ paper: { value: 75.3, row: 'SwAV multi-crop' } });
    const two = await rowOf({ ...crops, views: crops.views.slice(0, 2) }, linear, 71.8);
    expect(two).toMatchObject({ paper: { value: 71.8, row: 'SwAV' } });
  });
});

/** Paths of all values of a configuration but those that say who it is, on what data and on which machine. */
function pathsOf(config: PretrainConfig | EvaluateConfig): readonly string[] {
  const apart =
    /^(version|kind|title|seed|preset|data|train|test|subject|paired|probe|execution\.(device|threads|loaderWorkers))(\.|$)|^(method|evaluator)\.id$/;
  const leaves = (value: unknown, path: string): readonly string[] =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value).flatMap(([key, entry]) => leaves(entry, path === '' ? key : `${path}.${key}`))
      : Array.isArray(value) && value.some((one) => typeof one === 'object')
        ? value.flatMap((entry, at) => leaves(entry, `${path}.${at}`))
        : [path];
  return leaves(config, '').filter((path) => !apart.test(path));
}

function at(config: object, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], config);
}

/** Another value of the same kind. */
function other(value: unknown): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'string') return `another ${value}`;
  if (Array.isArray(value)) return value.map((one) => (one as number) + 1);
  return 256;
}

/** A preset as a run, with everything spelled out that a configuration can leave to a default. */
function spelledOut(id: string): { readonly training: PretrainConfig; readonly evaluation: EvaluateConfig } {
  const options = catalogue.evaluators.find((one) => one.id === 'linear')!.options;
  const training = preset(id);
  return {
    training: { ...training, resizing: 'pillow-12.1', whenNotFinite: { policy: 'clip', norm: 1 } },
    evaluation: {
      ...linear,
      normalization: training.normalization,
      layer: 'pooled',
      resizing: 'pillow-12.1',
      evaluator: { id: 'linear', options: Object.fromEntries(options.map(({ key, default: usual }) => [key, usual])) },
    },
  };
}

test('changing any one field of a recipe or of its evaluation lists that field and no other', async () => {
  const listed = async ({
    training,
    evaluation,
  }: ReturnType<typeof spelledOut>): Promise<ReadonlyMap<string, Reason>> => {
    const { reasons } = await rowOf(training, evaluation);
    return new Map(reasons.map((reason) => [reason.field, reason]));
  };
  const exact = new Map<string, ReadonlyMap<string, Reason>>();
  // Those of which the papers give a figure as they stand.
  const cells = papers.flatMap((paper) => paper.cells).filter(({ change }) => change === undefined);
  const named = new Set(cells.flatMap((cell) => cell.preset ?? []));
  for (const id of named) {
    exact.set(id, await listed(spelledOut(id)));
    const counted = [...exact.get(id)!.values()].filter(({ kind }) => kind === 'breaks' || kind === 'deviation');
    expect(counted, id).toEqual([]);
  }
  // What an evaluation takes over from its training and does not use, and what its schedule does not.
  const unused = /^(execution\.chunk|evaluator\.options\.fallsAt)$/;
  const cases = [...named].flatMap((id) => {
    const { training, evaluation } = spelledOut(id);
    return [
      ...pathsOf(training).map((path) => ({ id, side: 'training', path }) as const),
      ...pathsOf(evaluation).flatMap((path) => (unused.test(path) ? [] : [{ id, side: 'evaluation', path } as const])),
    ];
  });
  expect(cases.length).toBeGreaterThan(800);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...cases), async ({ id, side, path }) => {
      const changed = JSON.parse(JSON.stringify(spelledOut(id))) as ReturnType<typeof spelledOut>;
      const value = path === 'resizing' ? newestResizing : other(at(changed[side], path));
      setPath(changed[side], path.split('.'), value);
      const [before, after] = [exact.get(id)!, await listed(changed)];
      const news = [...after.values()].filter(({ field, ours }) => before.get(field)?.ours !== ours);
      const gone = [...before.keys()].filter((field) => !after.has(field));
      expect([...news.map(({ field }) => field), ...gone], `${id}, ${side}: ${path}`).toHaveLength(1);
    }),
    { numRuns: 100 },
  );
});

test('a field that no row of the table names is a stated deviation', () => {
  const named = new Set(fieldClasses.flatMap(({ fields }) => fields.map((field) => field.split('.')[0]!)));
  fc.assert(
    fc.property(
      fc
        .stringMatching(/^[a-z][A-Za-z]{3,12}(\.[a-z][A-Za-z]{2,9})?$/)
        .filter((field) => !named.has(field.split('.')[0]!)),
      fc.integer(),
      (field, value) => {
        const [reason] = fieldDifferences({ [field]: value }, { [field]: value + 1 });
        expect(reason).toMatchObject({ field, kind: 'deviation', theirs: value, ours: value + 1 });
      },
    ),
  );
});

test.each(['paper', 'claims-paper', 'first', 'detection-small', 'earlier'])(
  'what plan %s deviates in is the same before it is started and after it is done',
  async (id) => {
    const file = new URL(`../../../resources/plans/${id}.json`, import.meta.url);
    const plan = v.parse(PlanFile, JSON.parse(readFileSync(file, 'utf8')));
    const selection = { kind: 'plan' as const, plan: plan.id };
    const ids = new Map(plan.runs.map(({ key }) => [key, `run-${key}`]));
    const here = new Map(plan.data.map(({ name }) => [name, { path: `/data/${name}`, fingerprint: `f-${name}` }]));
    const datasets = plan.data.map(({ name }) => ({ fingerprint: `f-${name}`, name }));
    const runs = plan.runs.map(({ key, config }) =>
      storedRun(`run-${key}`, withSubject(withData(config, here), ids), { plan: plan.id, planKey: key }),
    );
    const results = runs.flatMap(({ id: run, config }) => {
      if (config.kind !== 'evaluate') return [];
      const recipe = catalogue.evaluators.find((one) => one.id === config.evaluator.id)!;
      const { split, fingerprint = '' } = config.test;
      const figure = { evaluator: recipe.id, metric: recipe.metrics[0]!.name, split, fingerprint } as const;
      const epochs = recipe.trains === true ? (['last', 'best'] as const) : (['only'] as const);
      return epochs.map((which) => storedResult(run, 50, { ...figure, which, protocol: {} }));
    });
    const listed = async (over: Partial<ComparisonInput>) => {
      const { rows } = await compared({ selection, plan, ...over });
      return rows.map(({ subject: { label }, evaluator, paper, reasons }) => ({
        label,
        evaluator,
        cell: [paper?.where, paper?.row, paper?.metric],
        // Those of the figure itself, which is only there after.
        reasons: reasons.filter(({ field }) => field !== 'paper' && field !== 'value'),
      }));
    };
    const [before, after] = [await listed({}), await listed({ runs, results, datasets })];
    expect(after).toEqual(before);
    expect(before.length).toBeGreaterThan(3);
  },
);
