import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { PlanFile, type Plan } from '../../../trainer/protocol/plan.ts';
import { resizingProtocol } from '../../../trainer/protocol/results.ts';
import type { PretrainConfig } from '../../../trainer/protocol/run.ts';
import type { Comparison, ComparisonRow, EpochChoice } from '../../api/comparison.ts';
import { withSeeds } from '../plans/plan-seeds.ts';
import { compareRuns, referenceRows } from './compare.ts';
import type { ComparisonInput } from './comparison-input.ts';
import { createMeasureCell } from './paper-cells.ts';
import { distinctTitles } from './titles.ts';
import {
  catalogue,
  comparisonInput,
  evaluate,
  execution,
  names,
  officialLinear,
  papers,
  presets,
  pretrain,
  seeds,
  storedResult,
  storedRun,
} from '../testing/comparison-fixture.ts';

const only = ({ rows }: Comparison): ComparisonRow => {
  expect(rows).toHaveLength(1);
  return rows[0]!;
};
const breaks = (row: ComparisonRow): readonly string[] =>
  row.reasons.filter(({ kind }) => kind === 'breaks').map(({ field }) => field);

describe('against the paper, like for like', () => {
  test('three seeds close to 73.2 reproduce it, by Welch against its three', async () => {
    const row = only(await compareRuns(comparisonInput(seeds([73.15, 73.25, 73.3]))));
    expect(row.paper).toMatchObject({ value: 73.2, where: 'Table 1' });
    expect(row.earlier).toMatchObject({ value: 63.95 });
    expect(breaks(row)).toEqual([]);
    expect(row.verdict).toBe('reproduced');
    expect(row.difference).toMatchObject({ margin: 0.5, interval: { method: 'welch', confidence: 0.95 } });
    expect(row.ours).toMatchObject({ n: 3, images: 50_000, interval: { method: 't-seeds' } });
    expect(row.notes).toEqual(['paper-best-epoch']);
  });
  test('three seeds far below do not', async () => {
    expect(only(await compareRuns(comparisonInput(seeds([70.1, 70.2, 70.15])))).verdict).toBe('not-reproduced');
  });
  test('three seeds that spread too widely are inconclusive', async () => {
    expect(only(await compareRuns(comparisonInput(seeds([72.2, 73.2, 74.2])))).verdict).toBe('inconclusive');
  });
  test('one run is judged by the images alone, and this is stated', async () => {
    const row = only(await compareRuns(comparisonInput(seeds([73.1]))));
    expect(row.ours?.interval?.method).toBe('wilson');
    expect(row.difference?.interval?.method).toBe('wilson');
    expect(row.verdict).toBe('reproduced');
    expect(row.notes).toContain('single-pretraining');
  });
  test('a diverged seed leaves no mean', async () => {
    const row = only(await compareRuns(comparisonInput(seeds([73.1, null]))));
    expect(row.ours?.mean).toBeNull();
    expect(row.verdict).toBe('not-comparable');
    expect(row.reasons[0]).toMatchObject({ field: 'value', theirs: 73.2, ours: null });
  });
  test('both epochs are kept; shown is that of the paper’s figure, where ours can be compared with it', async () => {
    const { runs, results } = seeds([73.1]);
    const best = storedResult('linear-0', 73.9, { which: 'best' });
    const all = comparisonInput({ runs, results: [...results, best] });
    const shown = async (epoch?: EpochChoice, changed = all) =>
      only(await compareRuns({ ...changed, selection: { ...changed.selection, epoch } }));
    const stated = ({ reasons }: ComparisonRow) => reasons.find(({ field }) => field === 'protocol.epochRule');
    const row = await shown();
    expect(row.paper?.protocol).toMatchObject({ epochRule: 'best-epoch' });
    expect(row.ours).toMatchObject({ mean: 73.9, which: 'best' });
    expect(row.ours?.values.map(({ which }) => which)).toEqual(['last', 'best']);
    expect(row.notes).toEqual(expect.arrayContaining(['best-epoch-on-test', 'paper-best-epoch']));
    expect(stated(row)).toBeUndefined();

    const last = await shown('last');
    expect(last.ours).toMatchObject({ mean: 73.1, which: 'last' });
    expect(last.notes).not.toContain('best-epoch-on-test');
    expect(stated(last)).toMatchObject({ theirs: 'best-epoch', ours: 'last-epoch', kind: 'deviation' });

    // 300 epochs are in no table: nothing is gained by choosing on the test set what cannot be compared anyway.
    const longer = runs.map((run) => ({
      ...run,
      config: run.config.kind === 'pretrain' ? { ...run.config, epochs: 300 } : run.config,
    }));
    const unlike = await shown(undefined, { ...all, runs: longer });
    expect([unlike.verdict, unlike.ours?.mean]).toEqual(['not-comparable', 73.1]);
    expect((await shown('best', { ...all, runs: longer })).ours?.mean).toBe(73.9);
  });
  test('the best top-5 is the paper’s own best, ours that of the best top-1', async () => {
    const { runs } = seeds([73.1]);
    const figures = (['last', 'best'] as const).map((which) => storedResult('linear-0', 91, { which, metric: 'top5' }));
    expect(only(await compareRuns(comparisonInput({ runs, results: figures }))).notes).toContain('best-by-leading');
  });
  test('a training that went back is said, also that of the encoder', async () => {
    const { runs, results } = seeds([73.1]);
    const notesOf = async (...wentBack: readonly string[]) =>
      only(await compareRuns(comparisonInput({ runs, results, wentBack: new Set(wentBack) }))).notes;
    expect(await notesOf()).not.toContain('went-back');
    expect(await notesOf('another')).not.toContain('went-back');
    for (const { id } of runs) expect(await notesOf(id)).toContain('went-back');
  });
  test('a verdict is of the epoch that is shown, not of the other one', async () => {
    const { runs, results } = seeds([70]);
    const all = comparisonInput({ runs, results: [...results, storedResult('linear-0', 73.3, { which: 'best' })] });
    const difference = async (epoch: EpochChoice) => {
      const row = only(await compareRuns({ ...all, selection: { ...all.selection, epoch } }));
      expect(row.difference?.interval).toBeDefined();
      const { value, interval } = row.difference!;
      expect(interval!.low).toBeLessThan(value);
      expect(interval!.high).toBeGreaterThan(value);
      return { value: Number(value.toFixed(6)), verdict: row.verdict };
    };
    expect(await difference('best')).toEqual({ value: 0.1, verdict: 'reproduced' });
    expect(await difference('paper')).toEqual({ value: 0.1, verdict: 'reproduced' });
    expect(await difference('last')).toEqual({ value: -3.2, verdict: 'not-reproduced' });
  });
  test('an unfinished evaluation is pending', async () => {
    const { runs } = seeds([73.1]);
    expect(only(await compareRuns(comparisonInput({ runs }))).verdict).toBe('pending');
  });
});

describe('what breaks a comparison', () => {
  const one = async (over: Parameters<typeof pretrain>[2], options = {}, value = 73.2): Promise<ComparisonRow> => {
    const runs = [
      storedRun('vicreg-1', pretrain(1, options, over)),
      storedRun('linear-1', evaluate({ kind: 'run', run: 'vicreg-1', checkpoint: 'last', branch: 0 })),
    ];
    return only(
      await compareRuns(comparisonInput({ runs, results: [storedResult('linear-1', value, { which: 'best' })] })),
    );
  };
  test('fewer epochs find the paper’s own figure for them', async () => {
    const row = await one({ epochs: 100 });
    expect(row.paper?.value).toBe(68.6);
  });
  test('a number of epochs without a figure in the paper', async () => {
    const row = await one({ epochs: 300 });
    expect(row.verdict).toBe('not-comparable');
    expect(breaks(row)).toEqual(['epochs']);
    expect(row.difference).toBeNull();
  });
  test('another batch is a deviation that is stated', async () => {
    const row = await one({ batch: 1024 });
    expect(row.verdict).toBe('reproduced');
    expect(row.reasons.filter(({ field }) => field !== 'protocol.epochRule')).toMatchObject([
      { field: 'batch', theirs: 2048, ours: 1024, kind: 'deviation' },
    ]);
  });
  test('batch norm over chunks is a deviation that is stated', async () => {
    const row = await one({ execution: { ...execution, chunk: 256 } });
    expect(row.verdict).toBe('reproduced');
    expect(row.reasons).toMatchObject([{ field: 'chunk', theirs: 'whole-batch', ours: 256, kind: 'deviation' }]);
  });
  test('another version of resizing is no deviation from a paper that names none, and figures of it are rows of their own', async () => {
    const subject = { kind: 'run', run: 'vicreg-1', checkpoint: 'last', branch: 0 } as const;
    // The second says what the first, of before the choice, does.
    const configs = [{}, { resizing: 'pillow-12.1' }, { resizing: 'pillow-13' }] as const;
    const measured = configs.map((more, at) => storedRun(`linear-${at}`, { ...evaluate(subject), ...more }));
    const runs = [storedRun('vicreg-1', pretrain(1)), ...measured];
    const results = measured.map(({ id, config }) =>
      storedResult(id, 73.2, { which: 'best', protocol: { ...officialLinear, ...resizingProtocol(config) } }),
    );
    const { rows, settings } = await compareRuns(comparisonInput({ runs, results }));
    const unstated = { field: 'protocol.resizing', theirs: null, ours: 'Pillow 13', kind: 'unstated' };
    expect(rows).toMatchObject([
      { verdict: 'reproduced', reasons: [] },
      { verdict: 'reproduced', reasons: [unstated] },
    ]);
    expect(rows.map(({ ours }) => ours?.values.length)).toEqual([2, 1]);
    const older = 'Pillow 12.1';
    expect(settings.fields.filter(({ kind }) => kind !== 'same')).toEqual([
      {
        field: 'resizing',
        kind: 'differs',
        values: { 'linear-0': older, 'linear-1': older, 'linear-2': 'Pillow 13' },
      },
    ]);
  });
  test('pretrainings that resize otherwise are no seeds of one', async () => {
    const other = { ...pretrain(2), resizing: 'pillow-13' } as const;
    const runs = [storedRun('one', pretrain(1)), storedRun('two', other)];
    const heads = runs.map(({ id }) =>
      storedRun(`head-${id}`, evaluate({ kind: 'run', run: id, checkpoint: 'last', branch: 0 })),
    );
    const results = heads.map(({ id }) => storedResult(id, 73));
    expect((await compareRuns(comparisonInput({ runs: [...runs, ...heads], results }))).rows).toHaveLength(2);
  });
  test('pictures paired with others are other data, and the branch that is evaluated is stated', async () => {
    const encoder = { id: 'resnet-50', options: {} };
    const paired = { dataset: 'image-folder', path: '/data/edges', split: 'train', fingerprint: 'f-edges' };
    const row = await one({ encoders: [encoder, encoder], paired });
    expect(breaks(row)).toContain('pretrainedOn');
    expect(row.reasons.at(-1)).toMatchObject({ field: 'branch', theirs: null, ours: 1, kind: 'unstated' });
  });
  test('another encoder', async () => {
    const row = await one({ encoders: [{ id: 'resnet-18', options: { width: 16, stemStride: 2 } }] });
    expect(row.reasons).toMatchObject([
      {
        field: 'encoder',
        theirs: 'resnet-50',
        ours: 'resnet-18 stem small, stemStride 2, width 16',
        kind: 'breaks',
      },
    ]);
  });
  test('a wider encoder has the papers’ name', async () => {
    const row = await one({ encoders: [{ id: 'resnet-50', options: { stem: 'imagenet', width: 128 } }] });
    expect(row.subject.encoder).toBe('resnet-50x2');
  });
  test('an ablation stands beside the table that has it', async () => {
    const row = await one({ epochs: 100 }, { variance: 0 });
    expect(row.paper).toMatchObject({ where: 'Table 7', row: 'λ 25, μ 0, ν 1', value: null, remark: 'collapse' });
    expect(row.reasons[0]).toMatchObject({ field: 'value', theirs: 'collapse' });
  });
  test('a control that the paper does not have', async () => {
    const runs = [storedRun('pixels-1', evaluate({ kind: 'pixels' }))];
    const row = only(await compareRuns(comparisonInput({ runs, results: [storedResult('pixels-1', 10)] })));
    expect(row.subject).toMatchObject({ method: 'pixels', role: 'control' });
    expect(row).toMatchObject({ verdict: 'not-comparable', paper: null, reasons: [{ field: 'paper' }] });
  });
});

describe('a mean average precision', () => {
  const images = 300;
  const scored = (better: number): Uint8Array => {
    const presence = Int8Array.from({ length: images * 2 }, (_, at) => Number((at * 7919) % 1000 < 200));
    const scores = Float32Array.from(presence, (there, at) => ((at * 6101) % 97) + better * there);
    return Buffer.concat([Buffer.from(scores.buffer), Buffer.from(presence.buffer)]);
  };
  const svm = (key: string) => [
    storedRun(`vicreg-${key}`, pretrain(1, key === 'one' ? {} : { epochs: 100 })),
    storedRun(key, evaluate({ kind: 'run', run: `vicreg-${key}`, checkpoint: 'last', branch: 0 }, 'voc-svm')),
  ];
  const over = { evaluator: 'voc-svm', metric: 'map', split: 'test', which: 'only', fingerprint: 'f-voc' } as const;
  const figure = (run: string, value: number) =>
    storedResult(run, value, { ...over, n: images, protocol: {}, ranking: 'results/map.bin' });
  const compared = (perImage: ComparisonInput['perImage']): Promise<Comparison> =>
    compareRuns(
      comparisonInput({
        runs: [...svm('one'), ...svm('other')],
        results: [figure('one', 86), figure('other', 60)],
        datasets: [...names, { fingerprint: 'f-voc', name: 'VOC07' }],
        perImage,
      }),
    );

  test('of one run has the interval of its own images, beside the paper and beside another run', async () => {
    const { rows, pairs } = await compared((run) => Promise.resolve(scored(run === 'one' ? 60 : 10)));
    const row = rows.find(({ ours }) => ours?.mean === 86)!;
    expect(row).toMatchObject({
      paper: { value: 86.6, metric: 'map' },
      ours: { interval: { method: 'bootstrap', confidence: 0.95 } },
      difference: { interval: { method: 'bootstrap' } },
    });
    expect(breaks(row)).toEqual([]);
    // An average precision is ranked again for every sample: fewer are drawn than of an accuracy.
    const overImages = { method: 'paired-bootstrap', resamples: 1000 };
    expect(pairs).toMatchObject([{ metric: 'map', images, overImages }]);
    expect(pairs[0]!.overImages!.low).toBeGreaterThan(0);
  });
  test('of detections has the interval that was found when it was measured', async () => {
    const run = storedRun('one', evaluate({ kind: 'random', encoder: { id: 'resnet-50', options: {} }, seed: 1 }));
    const bounds = [
      { confidence: 0.9, low: 79, high: 84 },
      { confidence: 0.95, low: 78, high: 85 },
    ];
    const spread = { resamples: 1000, bias: 0.4, bounds };
    const found = { evaluator: 'detection-c4', metric: 'ap50', n: images, protocol: {}, spread } as const;
    const compared = await compareRuns(comparisonInput({ runs: [run], results: [storedResult('one', 81, found)] }));
    expect(only(compared).ours!.interval).toEqual({
      low: 78,
      high: 85,
      confidence: 0.95,
      method: 'bootstrap',
      resamples: 1000,
    });
  });
  test('has none if the scores are missing, and a truncated file is named', async () => {
    const { rows, pairs } = await compared(() => Promise.resolve(null));
    expect(rows.map(({ ours, verdict }) => [ours?.interval, verdict])).toEqual([
      [null, 'inconclusive'],
      [null, expect.any(String)],
    ]);
    expect(pairs).toEqual([]);
    await expect(compared(() => Promise.resolve(scored(1).subarray(1)))).rejects.toThrow(
      'results/map.bin of run one has 2999 bytes, which are not scores of 300 images.',
    );
  });
});

describe('what a deviation is expected to do', () => {
  async function reasonsOf(change: Partial<PretrainConfig>): Promise<ComparisonRow['reasons']> {
    const run = storedRun('pre', pretrain(1, {}, change));
    const subject = { kind: 'run', run: 'pre', checkpoint: 'last', branch: 0 } as const;
    const runs = [run, storedRun('lin', evaluate(subject))];
    return only(await compareRuns(comparisonInput({ runs, results: [storedResult('lin', 60)] }))).reasons;
  }
  test('is the paper’s finding when it changed only that, at the nearest value on the same side', async () => {
    const [epochs] = await reasonsOf({ epochs: 300 });
    expect(epochs).toMatchObject({ field: 'epochs', effect: { from: 73.2, to: 68.6, at: 100 } });
    const batch = (await reasonsOf({ batch: 320 })).find(({ field }) => field === 'batch');
    expect(batch?.effect).toEqual({ from: 68.6, to: 67.9, at: 256, where: 'Table 13' });
  });
  test('and is empty if the paper changed nothing of the kind, or only in the other direction', async () => {
    const [epochs] = await reasonsOf({ epochs: 2000 });
    expect(epochs).toMatchObject({ field: 'epochs' });
    expect(epochs).not.toHaveProperty('effect');
  });
});

describe('the plans of the paper’s own size', () => {
  async function planned(name: string): Promise<ReadonlyMap<string, ComparisonRow>> {
    const file = new URL(`../../../resources/plans/${name}.json`, import.meta.url);
    const plan = v.parse(PlanFile, JSON.parse(readFileSync(file, 'utf8')));
    const selection = { kind: 'plan' as const, plan: plan.id };
    const { rows } = await compareRuns(comparisonInput({ selection, plan }));
    // Controls come last.
    const order = ['main', 'ablation', 'control'];
    const measured = plan.runs
      .filter(({ config }) => config.kind === 'evaluate')
      .sort((one, other) => order.indexOf(one.role) - order.indexOf(other.role));
    expect(rows).toHaveLength(measured.length);
    return new Map(rows.map((row, at) => [measured[at]!.key, row]));
  }
  const figures = (rows: ReadonlyMap<string, ComparisonRow>): Readonly<Record<string, unknown>> =>
    Object.fromEntries([...rows].map(([key, { paper: cell }]) => [key, cell && (cell.value ?? cell.remark)]));

  test('stand beside Tables 1, 2 and 11 before they are run, and nothing breaks a comparison', async () => {
    const rows = await planned('paper');
    expect(figures(rows)).toEqual({
      linear: 73.2,
      'semi-1': 54.8,
      'semi-10': 69.5,
      'knn-20': 64.5,
      'knn-200': 62.8,
      places205: 54.3,
      voc07: 86.6,
      inaturalist18: 47,
      'detection-c4': 82.4,
      'detection-fpn': 39.4,
    });
    for (const [key, row] of rows) expect([key, breaks(row)]).toEqual([key, []]);
  });
  test('and those of the earlier report beside its figures', async () => {
    const rows = await planned('earlier');
    const earlier = Object.fromEntries([...rows].map(([key, { earlier: cell }]) => [key, cell?.value ?? null]));
    // For VOC07 it has a top-1, which is not an mAP.
    expect(earlier).toEqual({
      linear: 63.95,
      'semi-1': 35.43,
      'semi-10': 63.53,
      inaturalist18: 52.45,
      voc07: null,
      'detection-c4': 0.01,
      // Its loss became NaN.
      'detection-fpn': null,
    });
    // The paper's figure for this number of epochs and this batch: 73.2 belongs to another experiment.
    expect(rows.get('linear')).toMatchObject({ paper: { value: 68.2, where: 'Table 13' } });
  });
  test('and the ablations beside their own cells', async () => {
    const rows = await planned('claims-paper');
    expect(figures(rows)).toEqual({
      'vicreg-linear': 68.6,
      'random-linear': null,
      'invariance-alone-linear': 'collapse',
      'no-variance-linear': 'collapse',
      'plain-weights-linear': 68.1,
      'no-covariance-linear': 57.5,
      'expander-1024-linear': 62.4,
      'batch-256-linear': 67.9,
      'batch-1024-linear': 68.3,
      'unshared-linear': 66.5,
      'barlow-twins-linear': 68.7,
      'barlow-twins-unshared-linear': 64.2,
    });
  });
});

describe('the earlier reproduction beside the paper', () => {
  const rows = referenceRows(papers, catalogue, createMeasureCell(presets, catalogue));
  const of = (dataset: string, metric: string): ComparisonRow | undefined =>
    rows.find((row) => row.dataset === dataset && row.earlier?.metric === metric);
  test('top-1 on VOC07 is not an mAP', () => {
    const row = of('voc07', 'top1');
    expect(row?.earlier).toMatchObject({ value: 41.27, remark: 'multi-label-top1' });
    expect(row?.paper).toMatchObject({ value: 86.6, metric: 'map' });
    expect(row?.verdict).toBe('not-comparable');
    const metric = row?.reasons.find(({ field }) => field === 'metric');
    expect(metric).toMatchObject({ theirs: 'map', ours: 'top1', kind: 'breaks' });
  });
  test('every experiment of it is listed, and explained if it is not a result', () => {
    expect(rows).toHaveLength(papers[1]!.cells.length);
    expect(of('voc07+12', 'ap50')?.earlier?.remark).toBe('broken-run');
    expect(of('coco', 'box-ap')?.earlier?.remark).toBe('diverged');
    expect(of('coco', 'box-ap')?.reasons[0]).toMatchObject({ field: 'value', theirs: 39.4, ours: null });
    expect(of('imagenet', 'top1')?.paper?.value).toBe(73.2);
    expect(rows.every(({ verdict }) => verdict === 'not-comparable')).toBe(true);
  });
});

describe('properties', () => {
  const figure = fc.double({ min: 60, max: 90, noNaN: true });
  test('the order of runs and results changes nothing but their listing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(figure, { minLength: 2, maxLength: 5 }), async (figures) => {
        const { runs, results } = seeds(figures);
        const one = only(await compareRuns(comparisonInput({ runs, results })));
        const other = only(
          await compareRuns(comparisonInput({ runs: [...runs].reverse(), results: [...results].reverse() })),
        );
        expect(other.verdict).toBe(one.verdict);
        expect(other.key).toBe(one.key);
        expect(other.ours!.mean).toBeCloseTo(one.ours!.mean!, 9);
      }),
      { numRuns: 20 },
    );
  });
  test('a verdict agrees with its interval, and an interval never leaves 0 to 100', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(figure, { minLength: 1, maxLength: 5 }), async (figures) => {
        const row = only(await compareRuns(comparisonInput(seeds(figures))));
        const { interval, margin } = row.difference!;
        if (row.verdict === 'not-reproduced') expect(interval!.low > margin || interval!.high < -margin).toBe(true);
        if (row.verdict === 'reproduced') expect(Math.abs(row.difference!.value)).toBeLessThan(margin);
        expect(row.ours!.interval!.low).toBeGreaterThanOrEqual(0);
        expect(row.ours!.interval!.high).toBeLessThanOrEqual(100);
      }),
      { numRuns: 20 },
    );
  });
});

describe('a plan', () => {
  const subject = (run: string) => ({ kind: 'run' as const, run, checkpoint: 'last' as const, branch: 0 as const });
  const small = { epochs: 3, data: { dataset: 'idx', path: '$fashion-mnist', split: 'train' } };
  const planned = [
    { key: 'vicreg', role: 'main' as const, config: pretrain(1, {}, small) },
    {
      key: 'no-variance',
      role: 'ablation' as const,
      config: { ...pretrain(1, { variance: 0 }, small), title: 'without' },
    },
    { key: 'vicreg-linear', role: 'main' as const, config: evaluate(subject('vicreg')) },
    { key: 'no-variance-linear', role: 'ablation' as const, config: evaluate(subject('no-variance')) },
    {
      key: 'random-linear',
      role: 'control' as const,
      config: evaluate({ kind: 'random', encoder: { id: 'resnet-50', options: {} }, seed: 1 }),
    },
    { key: 'pixels-linear', role: 'control' as const, config: evaluate({ kind: 'pixels' }) },
  ];
  const plan: Plan = {
    version: 1,
    id: 'test',
    title: { en: 'A test', zh: '测试' },
    summary: { en: '', zh: '' },
    data: [],
    claims: [
      {
        id: 'collapse',
        text: { en: '', zh: '' },
        where: 'Table 7',
        rule: {
          kind: 'collapse',
          run: 'no-variance',
          linear: 'no-variance-linear',
          random: 'random-linear',
          embeddingStdBelow: 0.1,
          withinPoints: 2,
        },
      },
      {
        id: 'above',
        text: { en: '', zh: '' },
        where: 'Table 1',
        rule: {
          kind: 'paired-better',
          better: 'vicreg-linear',
          worse: 'pixels-linear',
          metric: 'top1',
          confidence: 0.95,
        },
      },
      {
        id: 'same',
        text: { en: '', zh: '' },
        where: 'Table 13',
        rule: {
          kind: 'paired-same',
          one: 'vicreg-linear',
          other: 'pixels-linear',
          metric: 'top1',
          withinPoints: 3,
        },
      },
    ],
    papers: [
      { paper: 'vicreg', evaluator: 'linear', metric: 'top1', dataset: 'imagenet', where: 'Table 1' },
      { paper: 'vicreg', evaluator: 'linear', metric: 'top1', dataset: 'imagenet', where: 'Table 7' },
      { paper: 'dong', evaluator: 'linear', metric: 'top1', dataset: 'imagenet' },
    ],
    runs: planned,
  };
  const runs = planned.map(({ key, config }) => {
    const resolved =
      config.kind === 'evaluate' && config.subject.kind === 'run'
        ? { ...config, subject: { ...config.subject, run: `run-${config.subject.run}` } }
        : config;
    return storedRun(`run-${key}`, resolved, { plan: 'test', planKey: key });
  });
  const images = 2000;
  /** The first `percent` of the images are right. */
  const right = (percent: number): Uint8Array =>
    Uint8Array.from({ length: images }, (_, i) => Number(i < (percent / 100) * images));
  const figures: Readonly<Record<string, number>> = {
    'run-vicreg-linear': 86,
    'run-no-variance-linear': 71,
    'run-random-linear': 76,
    'run-pixels-linear': 84,
  };
  const results = Object.entries(figures).map(([run, value]) =>
    storedResult(run, value, { n: images, fingerprint: 'f-small', perImage: 'results/top1.bin' }),
  );
  const compared = (over: Partial<ComparisonInput>): Promise<Comparison> =>
    compareRuns(
      comparisonInput({
        selection: { kind: 'plan', plan: 'test' },
        plan,
        runs,
        results,
        perImage: (run) => Promise.resolve(right(figures[run]!)),
        meanMetric: (run, name, from) =>
          Promise.resolve(run === 'run-no-variance' && name === 'embeddingStd' && from === 90 ? 0.01 : null),
        ...over,
      }),
    );

  test('the figures stand as not comparable, with data set, encoder and epochs named', async () => {
    const { rows } = await compared({});
    const main = rows.find(({ subject: { role } }) => role === 'main')!;
    expect(main).toMatchObject({
      paper: { value: 73.2 },
      earlier: { value: 63.95 },
      verdict: 'not-comparable',
      dataset: 'fashion-mnist',
    });
    expect(breaks(main)).toEqual(expect.arrayContaining(['dataset', 'pretrainedOn', 'epochs']));
    const ablation = rows.find(({ subject: { role } }) => role === 'ablation')!;
    expect(ablation.paper).toMatchObject({ where: 'Table 7', remark: 'collapse' });
  });
  test('every figure is compared with a baseline, in either direction; a missing baseline is named with the available ones', async () => {
    const selection = { kind: 'plan', plan: 'test', baseline: 'pixels' } as const;
    const { pairs } = await compared({ selection });
    expect(pairs.map(({ worse }) => worse)).toEqual(['pixels', 'pixels', 'pixels']);
    expect(pairs.map(({ difference }) => difference).sort((a, b) => a - b)).toEqual([-13, -8, 2]);
    for (const { difference, overImages } of pairs) {
      expect(overImages!.low).toBeLessThanOrEqual(difference);
      expect(overImages!.high).toBeGreaterThanOrEqual(difference);
    }
    await expect(compared({ selection: { ...selection, baseline: 'nobody' } })).rejects.toThrow(/There is: .*pixels/);
  });
  test('claims are judged by their rules', async () => {
    const { claims, pairs } = await compared({});
    expect(claims.map(({ verdict }) => verdict)).toEqual(['holds', 'holds', 'holds']);
    expect(claims[0]!.evidence.find(({ name }) => name === 'overImages')).toMatchObject({ value: -5, limit: 2 });
    for (const { basis, units, test: tested } of claims) {
      expect([basis, units]).toEqual(['images', [1, 1]]);
      expect(tested!.adjusted).toBeGreaterThanOrEqual(tested!.pValue);
    }
    expect(pairs.map(({ better, worse }) => [better, worse])).toEqual([
      ['VICReg', 'without'],
      ['VICReg', 'random'],
      ['VICReg', 'pixels'],
    ]);
    for (const { overImages, difference, test: tested } of pairs) {
      expect(overImages!.resamples).toBe(2000);
      expect(overImages!.low).toBeGreaterThan(0);
      expect(difference).toBeGreaterThan(0);
      expect(tested.pValue).toBeLessThan(0.001);
      expect(tested.adjusted).toBeGreaterThanOrEqual(tested.pValue);
    }
  });
  test('an embedding that keeps its spread, or a figure above the random one, is not a collapse', async () => {
    const spread = await compared({ meanMetric: () => Promise.resolve(0.5) });
    expect(spread.claims[0]!.verdict).toBe('does-not-hold');
    const judged = async (percent: number) => {
      const perImage = (run: string) =>
        Promise.resolve(right(run === 'run-no-variance-linear' ? percent : figures[run]!));
      return (await compared({ perImage })).claims[0]!.verdict;
    };
    expect(await judged(80)).toBe('does-not-hold');
    expect(await judged(76)).toBe('holds');
    // 77.9 is below 76 + 2, but not by more than other images could change it.
    expect(await judged(77.9)).toBe('inconclusive');
  });
  test('with several seeds, all must collapse and all must be done', async () => {
    const again = { ...planned.find(({ key }) => key === 'no-variance')!, key: 'no-variance-seed-2' };
    const more = storedRun('run-again', { ...again.config, seed: 2 }, { plan: 'test', planKey: again.key });
    const judged = async (spread: number, stored: readonly (typeof more)[]) => {
      const { claims } = await compared({
        plan: { ...plan, runs: [...planned, again] },
        runs: [...runs, ...stored],
        meanMetric: (run) => Promise.resolve(run === 'run-again' ? spread : 0.01),
      });
      return claims[0]!;
    };
    expect(await judged(0.02, [more])).toMatchObject({ verdict: 'holds', evidence: [{ value: 0.02 }, {}, {}, {}] });
    expect((await judged(0.5, [more])).verdict).toBe('does-not-hold');
    expect((await judged(0.02, [])).verdict).toBe('pending');
  });
  test('worse than the pixels does not hold, equal is inconclusive, and without the images it is unknown', async () => {
    const swapped = await compared({
      perImage: (run) => Promise.resolve(right(run === 'run-vicreg-linear' ? 80 : 84)),
    });
    expect(swapped.claims[1]!.verdict).toBe('does-not-hold');
    const equal = await compared({ perImage: () => Promise.resolve(right(84)) });
    expect(equal.claims[1]!.verdict).toBe('inconclusive');
    const gone = await compared({ perImage: () => Promise.resolve(null) });
    expect(gone.claims[1]!.verdict).toBe('pending');
    expect(gone.pairs).toEqual([]);
  });
  test('equal means within the margin, not merely not shown to differ', async () => {
    const verdict = async (one: number, other: number) => {
      const perImage = (run: string) => Promise.resolve(right(run === 'run-vicreg-linear' ? one : other));
      const { claims } = await compared({ perImage });
      return claims[2]!.verdict;
    };
    expect(await verdict(84, 84)).toBe('holds');
    expect(await verdict(86, 84)).toBe('holds');
    expect(await verdict(87, 84)).toBe('inconclusive');
    expect(await verdict(90, 84)).toBe('does-not-hold');
    expect(await verdict(84, 90)).toBe('does-not-hold');
  });
  test('by the spread of seeds where nothing was recorded image by image; a single seed tells nothing', async () => {
    const [one, other] = ['vicreg-linear', 'random-linear'] as const;
    const rule = { kind: 'seeds-better', better: one, worse: other, metric: 'top1', confidence: 0.95 } as const;
    const claim = { id: 'seeds', text: { en: '', zh: '' }, rule };
    const judged = async (seeds: number, figuresOf: Readonly<Record<string, readonly number[]>>) => {
      const repeated = withSeeds({ ...plan, claims: [claim] }, seeds, new Set(['linear']));
      const stored = repeated.runs.map(({ key, config }) => {
        const subject = config.kind === 'evaluate' ? config.subject : null;
        const resolved =
          subject?.kind === 'run' ? { ...config, subject: { ...subject, run: `run-${subject.run}` } } : config;
        return storedRun(`run-${key}`, resolved, { plan: 'test', planKey: key });
      });
      const measured = Object.entries(figuresOf).flatMap(([key, values]) =>
        values.map((value, at) =>
          storedResult(`run-${key}${at === 0 ? '' : `-seed-${at + 1}`}`, value, { n: images, fingerprint: 'f-small' }),
        ),
      );
      const { claims, pairs } = await compared({
        plan: repeated,
        runs: stored,
        results: measured,
        perImage: () => Promise.resolve(null),
      });
      return { verdict: claims[0]!.verdict, evidence: claims[0]!.evidence.at(-1)!, pairs };
    };
    const clear = await judged(3, { [one]: [86, 87, 85], [other]: [76, 75, 77] });
    expect(clear.verdict).toBe('holds');
    expect(clear.evidence).toMatchObject({ value: 10, limit: 0, interval: { method: 'welch-seeds' } });
    // t(0.975, 4) = 2.7764 times a standard error of √(1/3 + 1/3).
    expect(clear.evidence.interval!.low).toBeCloseTo(10 - 2.7764 * Math.sqrt(2 / 3), 3);
    expect(clear.pairs).toMatchObject([
      { difference: 10, images, overSeeds: { method: 'welch-seeds' }, overImages: null, units: [3, 3], signs: null },
    ]);
    expect((await judged(3, { [one]: [86, 70, 80], [other]: [76, 75, 77] })).verdict).toBe('inconclusive');
    expect((await judged(3, { [one]: [70, 71, 69], [other]: [76, 75, 77] })).verdict).toBe('does-not-hold');
    expect((await judged(1, { [one]: [86], [other]: [76] })).verdict).toBe('pending');
    // Repetitions to the bit have no spread that could tell anything.
    expect((await judged(2, { [one]: [86, 86], [other]: [76, 76] })).verdict).toBe('pending');
  });
  test('before it is started every figure is pending', async () => {
    const { rows, claims } = await compared({ runs: [], results: [] });
    expect(rows).toHaveLength(4);
    expect(rows.every(({ verdict, ours }) => verdict === 'pending' && ours === null)).toBe(true);
    expect(claims.every(({ verdict }) => verdict === 'pending')).toBe(true);
  });
  test('what differs between the pretrainings is told apart from what is the same in all', async () => {
    const { settings } = await compared({});
    expect(settings.runs).toEqual(['run-vicreg', 'run-no-variance']);
    expect(settings.fields.filter(({ kind }) => kind !== 'same')).toEqual([
      { field: 'options.variance', kind: 'differs', values: { 'run-no-variance': 0, 'run-vicreg': 25 } },
    ]);
    const same = settings.fields.map(({ field }) => field);
    expect(same).toEqual(expect.arrayContaining(['method', 'encoder', 'views.cropArea', 'seed']));
  });
});

describe('runs of one title', () => {
  const first = storedRun('a', pretrain(0), { createdAt: 1 });
  const second = storedRun('b', pretrain(0, { variance: 0 }), { createdAt: 2 });
  const again = storedRun('c', pretrain(0, { variance: 0 }), { createdAt: 3 });
  const heads = [first, second].map(({ id }, at) =>
    storedRun(`head-${id}`, evaluate({ kind: 'run', run: id, checkpoint: 'last', branch: 0 }), { createdAt: 4 + at }),
  );
  const results = heads.map(({ id }, at) => storedResult(id, 70 + at));

  test('are rows of their own, and each says what it changes of the first', async () => {
    const { rows, titles } = await compareRuns(comparisonInput({ runs: [first, second, again, ...heads], results }));
    expect(rows.map(({ subject, ours }) => [subject.label, ours?.mean])).toEqual([
      ['VICReg', 70],
      ['VICReg · variance 0', 71],
    ]);
    expect(titles).toMatchObject({ a: 'VICReg', b: 'VICReg · variance 0', c: 'VICReg · variance 0 (2)' });
  });

  test('a subject and its runs share a place in the palette, and a run without a figure has one of its own', async () => {
    const repeated = storedRun('d', { ...pretrain(0), seed: 2 }, { createdAt: 9 });
    const head = storedRun('head-d', evaluate({ kind: 'run', run: 'd', checkpoint: 'last', branch: 0 }), {
      createdAt: 10,
    });
    const { palette, rows } = await compareRuns(
      comparisonInput({
        runs: [first, second, again, ...heads, repeated, head],
        results: [...results, storedResult('head-d', 72)],
      }),
    );
    const [vicreg, changed] = rows;
    expect(vicreg?.ours?.n).toBe(2);
    expect(palette).toEqual({
      subjects: { [vicreg!.subject.id]: 0, [changed!.subject.id]: 1 },
      runs: { a: 0, d: 0, b: 1, c: 2 },
    });
  });

  test('either of them can be the baseline, by its label or its id', async () => {
    const input = { runs: [first, second, ...heads], results };
    const comparedWith = (baseline?: string) =>
      compareRuns(comparisonInput({ ...input, selection: { kind: 'runs', runs: ['a', 'b'], baseline } }));
    const byLabel = await comparedWith('VICReg · variance 0');
    expect(byLabel.rows).toHaveLength(2);
    const byId = await comparedWith(byLabel.rows[1]!.subject.id);
    expect(byId.pairs).toEqual(byLabel.pairs);
  });

  test('a setting that one method alone has does not count as a difference, another value does', async () => {
    const simclr = { ...pretrain(2), method: { id: 'simclr', options: {} }, title: 'SimCLR' };
    const runs = [first, storedRun('s', simclr, { createdAt: 5 })];
    const { settings } = await compareRuns(
      comparisonInput({ runs, results: [], selection: { kind: 'runs', runs: ['a', 's'] } }),
    );
    const kindOf = (wanted: string) => settings.fields.find(({ field }) => field === wanted)?.kind;
    expect(settings.runs).toEqual(['a', 's']);
    expect(['method', 'seed'].map(kindOf)).toEqual(['differs', 'differs']);
    expect(['options.invariance', 'options.temperature'].map(kindOf)).toEqual(['partly', 'partly']);
    expect(kindOf('batch')).toBe('same');
    expect(settings.fields.find(({ field }) => field === 'options.temperature')!.values).toEqual({ s: 0.1 });
  });
});

test('no two runs have one title, whatever they are called', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('VICReg', 'VICReg (2)', 'VICReg · variance 0', 'x'.repeat(200))), (given) => {
      const runs = given.map((title, at) => ({
        id: `run-${at}`,
        title,
        config: pretrain(at % 2, { variance: at % 3 }),
      }));
      const titles = [...distinctTitles(runs, catalogue).values()];
      expect(new Set(titles).size).toBe(given.length);
      expect(titles.every((title, at) => given.indexOf(given[at]!) !== at || title === given[at])).toBe(true);
    }),
  );
});
