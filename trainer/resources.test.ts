/** The shipped papers, presets and plans: right in shape, and speaking only of recipes that exist. */
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import type { Choice } from './protocol/options.ts';
import { Paper } from './protocol/paper.ts';
import { PlanFile, type PlannedRun, type Rule } from './protocol/plan.ts';
import { PresetFile } from './protocol/preset.ts';
import { PretrainConfig, type RunConfig } from './protocol/run.ts';
import { datasets, encoders, evaluators, methods, optimizers, schedules, type Registry } from './registry.ts';

const papers = Object.entries(import.meta.glob('../resources/papers/*.json', { eager: true, import: 'default' }));
const presets = Object.entries(import.meta.glob('../resources/presets/*.json', { eager: true, import: 'default' }));
const plans = Object.entries(import.meta.glob('../resources/plans/*.json', { eager: true, import: 'default' }));

function checkChoice(registry: Registry<{ readonly id: string; readonly options: unknown }>, choice: Choice): void {
  const { options } = registry.get(choice.id);
  const schema = options as v.GenericSchema & { readonly entries: Readonly<Record<string, unknown>> };
  // valibot's object drops unknown keys in silence; a value nobody reads would be a lie in the record.
  expect(Object.keys(schema.entries)).toEqual(expect.arrayContaining(Object.keys(choice.options)));
  const parsed = v.safeParse(schema, choice.options);
  expect(parsed.issues?.map(({ message }) => message) ?? []).toEqual([]);
}

function checkConfig(config: RunConfig): void {
  if (config.kind === 'pretrain') {
    checkChoice(methods, config.method);
    config.encoders.forEach((encoder) => checkChoice(encoders, encoder));
    checkChoice(optimizers, config.optimizer);
    checkChoice(schedules, config.schedule);
    const { views, mostViews = views } = methods.get(config.method.id);
    expect(config.views.length).toBeGreaterThanOrEqual(views);
    expect(config.views.length).toBeLessThanOrEqual(mostViews);
    expect(datasets.get(config.data.dataset).splits).toContain(config.data.split);
    return;
  }
  checkChoice(evaluators, config.evaluator);
  if (config.subject.kind === 'random') checkChoice(encoders, config.subject.encoder);
  for (const source of [config.train, config.test]) {
    expect(datasets.get(source.dataset).splits).toContain(source.split);
  }
}

/** `a.b.c` → nested objects. */
function nest(target: Record<string, unknown>, path: string, value: unknown): void {
  const keys = path.split('.');
  const last = keys.pop();
  let at = target;
  for (const key of keys) at = (at[key] ??= {}) as Record<string, unknown>;
  if (last !== undefined) at[last] = value;
}

describe.each(papers)('%s', (file, raw) => {
  const paper = v.parse(Paper, raw);
  test('is named like its id', () => {
    expect(file.endsWith(`/${paper.id}.json`)).toBe(true);
  });
  test('every figure can be measured here or is said not to be', () => {
    for (const { evaluator, metric } of paper.cells) {
      const known =
        evaluators.all.find(({ id }) => id === evaluator)?.metrics.some(({ name }) => name === metric) === true;
      expect(known !== paper.notImplemented.includes(`${evaluator}/${metric}`), `${evaluator}/${metric}`).toBe(true);
    }
  });
  test('a cell without a figure says why', () => {
    for (const cell of paper.cells) {
      if (cell.value === null) expect(cell.remark, JSON.stringify(cell)).toBeDefined();
      else expect(cell.value).toBeLessThanOrEqual(100);
    }
  });
  test('no two cells are the same figure', () => {
    const keys = paper.cells.map(({ value: _, ...cell }) => JSON.stringify(cell));
    expect(new Set(keys).size).toBe(keys.length);
  });
  test('a cell was made with a preset of its method, and what it has otherwise is part of it', () => {
    const known = new Map(
      presets.map(([, preset]) => v.parse(PresetFile, preset)).map((preset) => [preset.id, preset]),
    );
    for (const { method, preset: id, change = [], where, row } of paper.cells) {
      const name = `${where}, ${row ?? ''}`;
      const preset = known.get(id ?? '');
      expect(id === null ? null : preset?.method, name).toBe(id === null ? null : method);
      const given = (preset?.values ?? []).map(({ path }) => path);
      for (const { path } of change)
        expect(
          given.some((one) => path === one || path.startsWith(`${one}.`)),
          `${name}: ${path}`,
        ).toBe(true);
    }
  });
  // The earlier reproduction trained detectors by epochs.
  test.runIf(paper.role === 'paper')('how a figure was measured is said in options of its evaluator', () => {
    for (const { evaluator: id, metric, protocol, where } of paper.cells) {
      if (paper.notImplemented.includes(`${id}/${metric}`)) continue;
      const evaluator = evaluators.get(id);
      const schema = evaluator.options as v.GenericSchema & { readonly entries: Readonly<Record<string, unknown>> };
      const options = Object.entries(protocol).filter(([key]) => key in schema.entries);
      checkChoice(evaluators, { id, options: Object.fromEntries(options) });
      // Of a trained head there are figures of two epochs.
      const stated = ['layer', 'epochRule', ...Object.keys(evaluator.protocol(v.parse(evaluator.options, {})))];
      const others = Object.keys(protocol).filter((key) => !(key in schema.entries));
      expect(stated, `${where}: ${id}`).toEqual(expect.arrayContaining(others));
    }
  });
  test('recipes speak of options that the method has', () => {
    for (const [id, options] of Object.entries(paper.recipes)) checkChoice(methods, { id, options });
  });
});

test('the paper gives its own headline figures', () => {
  const paper = v.parse(Paper, papers.find(([file]) => file.endsWith('/vicreg.json'))?.[1]);
  const value = (evaluator: string, dataset: string, metric: string, where: string): readonly (number | null)[] =>
    paper.cells
      .filter((cell) => cell.method === 'vicreg' && cell.evaluator === evaluator && cell.dataset === dataset)
      .filter((cell) => cell.metric === metric && cell.where === where)
      .map((cell) => cell.value);
  expect(value('linear', 'imagenet', 'top1', 'Table 1')).toEqual([73.2]);
  expect(value('linear', 'imagenet', 'top5', 'Table 1')).toEqual([91.1]);
  expect(value('semi-supervised', 'imagenet', 'top1', 'Table 1')).toEqual([54.8, 69.5]);
  expect(value('knn', 'imagenet', 'top1', 'Table 11')).toEqual([64.5, 62.8]);
  expect(value('voc-svm', 'voc07', 'map', 'Table 2')).toEqual([86.6]);
  expect(value('linear', 'imagenet', 'top1', 'Table 13')).toEqual([67.3, 67.9, 68.2, 68.3, 68.6, 67.8]);
  expect(value('linear', 'imagenet', 'top1', 'Table 12')).toEqual([55.9, 59.2, 62.4, 65.1, 67.3, 68.6, 68.8]);
  expect(value('linear', 'imagenet', 'top1', 'Table 7').filter((figure) => figure === null)).toHaveLength(6);
});

describe.each(presets)('%s', (file, raw) => {
  const preset = v.parse(PresetFile, raw);
  test('is a complete pretraining once it has data', () => {
    expect(file.endsWith(`/${preset.id}.json`)).toBe(true);
    const config: Record<string, unknown> = {
      version: 1,
      kind: 'pretrain',
      title: 'test',
      seed: 1,
      execution: { threads: 1 },
      method: { id: preset.method },
      data: { dataset: 'idx', path: '$data', split: 'train' },
    };
    for (const { path, value } of preset.values) nest(config, path, value);
    checkConfig(v.parse(PretrainConfig, config));
  });
});

function namedIn(rule: Rule): readonly string[] {
  switch (rule.kind) {
    case 'collapse':
      return [rule.run, rule.linear, rule.random];
    case 'paired-better':
    case 'seeds-better':
      return [rule.better, rule.worse];
    case 'paired-same':
      return [rule.one, rule.other];
    case 'drops-less':
      return [rule.smaller, rule.greater].flatMap(({ before, after }) => [before, after]);
  }
}

/**
 * Whatever a method learns, it beats features of random weights: a claim to do so cannot fail, unless the evaluation trains those
 * weights too. Against raw pixels, or another trained encoder, it can.
 */
function cannotFail(rule: Rule, runs: readonly PlannedRun[]): boolean {
  if (rule.kind !== 'paired-better' && rule.kind !== 'seeds-better') return false;
  const config = runs.find(({ key }) => key === rule.worse)?.config;
  if (config?.kind !== 'evaluate' || config.subject.kind !== 'random') return false;
  const { head, detection, options } = evaluators.get(config.evaluator.id);
  const trainsEncoder =
    detection !== undefined || head?.inputs(v.parse(options, config.evaluator.options)) === 'images';
  return !trainsEncoder;
}

describe.each(plans)('%s', (file, raw) => {
  const plan = v.parse(PlanFile, raw);
  const keys = plan.runs.map(({ key }) => key);
  test('runs have different keys, in the order their dependencies ask for', () => {
    expect(file.endsWith(`/${plan.id}.json`)).toBe(true);
    expect(new Set(keys).size).toBe(keys.length);
    plan.runs.forEach(({ config }, index) => {
      if (config.kind === 'evaluate' && config.subject.kind === 'run') {
        expect(keys.slice(0, index)).toContain(config.subject.run);
      }
    });
  });
  test('every run is one that this build can do', () => plan.runs.forEach(({ config }) => checkConfig(config)));
  test('claims speak of its runs, and its data of its names', () => {
    for (const { rule } of plan.claims) {
      for (const key of namedIn(rule)) expect(keys).toContain(key);
    }
    const paths = plan.data.map(({ name }) => `$${name}`);
    for (const { config } of plan.runs) {
      const sources = config.kind === 'pretrain' ? [config.data] : [config.train, config.test];
      for (const { path } of sources) expect(paths).toContain(path);
    }
  });
  test('every claim can fail', () => {
    expect(plan.claims.filter(({ rule }) => cannotFail(rule, plan.runs)).map(({ id }) => id)).toEqual([]);
  });
  test('paper cells that it shows exist', () => {
    for (const entry of plan.papers) {
      const [, found] = papers.find(([, paper]) => v.parse(Paper, paper).id === entry.paper) ?? [];
      const cells = v
        .parse(Paper, found)
        .cells.filter(
          ({ evaluator, metric, dataset, where }) =>
            evaluator === entry.evaluator &&
            metric === entry.metric &&
            dataset === entry.dataset &&
            (entry.where === undefined || where === entry.where),
        );
      expect(cells.length).toBeGreaterThan(0);
    }
  });
});

test('a plan says what it cannot make a run of', () => {
  const [, raw] = plans.find(([file]) => file.endsWith('/claims-small.json'))!;
  const file = raw as { runs: Record<string, unknown>[] };
  const reason = (run: Record<string, unknown>): string => {
    const { issues } = v.safeParse(PlanFile, {
      ...file,
      runs: [...file.runs, { key: 'new', role: 'ablation', ...run }],
    });
    return issues?.[0].message ?? '';
  };
  expect(reason({ like: 'nothing', change: {} })).toBe('Run "new" is like "nothing", which does not stand before it.');
  expect(reason({ like: 'vicreg', change: { 'batch.size': 2 } })).toBe(
    'Run "new": "batch" is a value and has no "size".',
  );
  expect(reason({ like: 'vicreg', change: { batch: 'many' } })).toContain('Expected number');
  expect(reason({ like: 'vicreg', change: { batch: 128 } })).toBe('');
});

test('two branches with encoders of their own are two, also once the configuration was read again', () => {
  const plan = v.parse(PlanFile, plans.find(([file]) => file.endsWith('/claims-small.json'))?.[1]);
  const config = plan.runs.find(({ key }) => key === 'unshared')!.config as PretrainConfig;
  expect(config.encoders).toHaveLength(2);
  expect(v.parse(PretrainConfig, JSON.parse(JSON.stringify(config))).encoders).toEqual(config.encoders);
  const three = { ...config, encoders: [...config.encoders, config.encoders[0]] };
  expect(v.safeParse(PretrainConfig, three).success).toBe(false);
});

const completeEncoder = ({ id, options }: Choice): Choice => ({
  id,
  options: v.parse(encoders.get(id).options, options) as Choice['options'],
});

test('the small preset is what the first plan trains', () => {
  const preset = v.parse(PresetFile, presets.find(([file]) => file.endsWith('/vicreg-small.json'))?.[1]);
  const plan = v.parse(PlanFile, plans.find(([file]) => file.endsWith('/first.json'))?.[1]);
  const run = plan.runs.find(({ key }) => key === 'vicreg')?.config as unknown as Record<string, unknown>;
  const at = (path: string): unknown =>
    path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], run);
  for (const { path, value } of preset.values) {
    // The data set's own statistics take the place of ImageNet's.
    if (path === 'normalization') continue;
    const complete = (given: unknown) => (path === 'encoders' ? (given as Choice[]).map(completeEncoder) : given);
    expect(complete(at(path)), path).toEqual(complete(value));
  }
});
