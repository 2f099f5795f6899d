/** A made-up comparison and its reports. */
import type { Comparison, ComparisonRow, Interval, Reason } from '../../../electron/api/comparison.ts';
import type { Cell } from '../../../trainer/protocol/paper.ts';
import { plan } from './plan.ts';
import { type FakeAnswers, type FakeWorld, minutes, now, pause } from './world.ts';

const interval = (low: number, high: number, method: Interval['method'] = 'wilson', confidence = 0.95): Interval => ({
  low,
  high,
  confidence,
  method,
});
const cell = (value: number | null, where: string, more: Partial<Cell> = {}): Cell => ({
  method: 'vicreg',
  evaluator: 'linear',
  dataset: 'imagenet',
  split: 'val',
  metric: 'top1',
  value,
  where,
  preset: 'vicreg-official-code',
  setting: { encoder: 'resnet-50', pretrainedOn: 'imagenet', epochs: 1000, batch: 2048 },
  protocol: {},
  ...more,
});
const figures = (
  evaluator: string,
  key: string,
  label: string,
  method: string,
  role: ComparisonRow['subject']['role'],
  value: number,
  more: Partial<ComparisonRow> = {},
): ComparisonRow => ({
  key: `${evaluator}-${key}`,
  subject: { id: key, label, role, method, encoder: method === 'pixels' ? 'pixels' : 'resnet-18' },
  evaluator,
  dataset: 'fashion-mnist',
  split: 'test',
  metric: 'top1',
  unit: 'share',
  isSecondary: false,
  protocol:
    evaluator === 'knn' ? { k: 20, temperature: 0.07, similarity: 'cosine' } : { epochs: 15, inputs: 'features' },
  paper: null,
  earlier: null,
  ours: {
    mean: value,
    which: evaluator === 'knn' ? 'only' : 'last',
    n: 1,
    unit:
      method === 'pixels'
        ? evaluator === 'knn'
          ? 'none'
          : 'head'
        : method === 'random'
          ? 'initialization'
          : 'pretraining',
    varied: [],
    sd: null,
    disagreeing: [],
    images: 10_000,
    interval: interval(value - 0.66, value + 0.64),
    values:
      evaluator === 'knn'
        ? [{ run: `${key}-knn-1`, unit: 1, seed: 1, evaluationSeed: 1, value, which: 'only' }]
        : (['last', 'best'] as const).map((which) => ({
            run: `${key}-linear-1`,
            unit: 1,
            seed: 1,
            evaluationSeed: 1,
            value,
            which,
          })),
  },
  difference: null,
  verdict: 'not-comparable',
  reasons: [],
  notes: [],
  ...more,
});
const reason = (
  field: string,
  theirs: Reason['theirs'],
  ours: Reason['ours'],
  kind: Reason['kind'],
  en: string,
  zh: string,
): Reason => ({ field, theirs, ours, kind, why: { en, zh } });
const otherImages = ['Figures on other images cannot be subtracted.', '不同图像上的数值不能相减。'] as const;
const silent = ['The paper does not say.', '论文未说明。'] as const;
const reasons: readonly Reason[] = [
  reason('dataset', 'imagenet', 'fashion-mnist', 'breaks', ...otherImages),
  reason('encoder', 'resnet-50', 'resnet-18', 'breaks', 'Other networks have other figures.', '其他网络另有其数值。'),
  reason('epochs', 1000, 3.2, 'breaks', 'Longer training gives higher figures.', '训练越久数值越高。'),
  reason('batch', 2048, 256, 'deviation', 'Losses see other samples together.', '损失同时看到的样本不同。'),
  reason('optimizer', 'lars', 'adamw', 'deviation', 'Weights take another course.', '权重的更新路径不同。'),
  reason('views.1,2.blur', 0.5, 0, 'deviation', 'Augmentation decides what is ignored.', '增强决定忽略什么。'),
  reason('protocol.temperature', null, 0.07, 'unstated', ...silent),
  reason('protocol.similarity', null, 'cosine', 'unstated', ...silent),
  reason('logEvery', null, 5, 'irrelevant', 'It decides what is written.', '只决定写入的内容。'),
];
const comparisonRows: readonly ComparisonRow[] = [
  figures('linear', 'vicreg', 'VICReg', 'vicreg', 'main', 86.91, {
    paper: cell(73.2, 'Table 1', { runs: 3, range: 0.1, protocol: { epochRule: 'best-epoch' } }),
    earlier: cell(63.95, '表格 2', { remark: 'fewer-epochs' }),
    reasons,
    notes: ['single-pretraining', 'paper-best-epoch'],
  }),
  figures('linear', 'no-variance', 'VICReg without the variance term', 'vicreg', 'ablation', 71.2, {
    paper: cell(null, 'Table 7', { remark: 'collapse' }),
    reasons,
    notes: ['single-pretraining'],
  }),
  figures('linear', 'random', 'random', 'random', 'control', 76.49),
  figures('linear', 'supervised', 'Trained with labels', 'supervised', 'control', 90.44),
  figures('linear', 'pixels', 'pixels', 'pixels', 'control', 84.32),
  figures('knn', 'vicreg', 'VICReg', 'vicreg', 'main', 86.12, {
    paper: cell(64.5, 'Table 11', { evaluator: 'knn' }),
    reasons,
    notes: ['paper-single-run'],
  }),
  figures('knn', 'random', 'random', 'random', 'control', 76.36),
  figures('knn', 'pixels', 'pixels', 'pixels', 'control', 85.37),
];
const claims: Comparison['claims'] = plan.claims.map((claim, at) => ({
  claim,
  verdict: at === 0 ? 'holds' : at === 1 ? 'holds' : 'inconclusive',
  basis: at === 1 ? 'seeds-and-images' : 'images',
  units: at === 1 ? [3, 3] : [1, 1],
  signs: at === 1 ? { above: 3, below: 0, pValue: 0.25 } : null,
  test: at === 2 ? { pValue: 0.31, adjusted: 0.31 } : { pValue: 0.0105, adjusted: 0.0315 },
  evidence:
    at === 0
      ? [
          { name: 'embeddingStd', value: 0.014, limit: 0.1, interval: null },
          {
            name: 'overImages',
            value: -5.29,
            limit: 2,
            interval: interval(-6.1, -4.5, 'paired-bootstrap'),
            pValue: 0.0105,
          },
        ]
      : [
          { name: 'better', value: 86.91, limit: null, interval: interval(86.2, 87.6) },
          { name: 'worse', value: 84.32, limit: null, interval: interval(83.6, 85) },
          ...(at === 1
            ? [{ name: 'overSeeds', value: 2.59, limit: 0, interval: interval(1.4, 3.8, 'paired-t'), pValue: 0.0105 }]
            : []),
          {
            name: 'overImages',
            value: 2.59,
            limit: 0,
            interval: interval(at === 1 ? 2.0 : -0.2, 3.2, 'paired-bootstrap'),
            pValue: at === 1 ? 0.001 : 0.31,
          },
        ],
}));
const pairs: Comparison['pairs'] = [
  {
    better: 'VICReg',
    worse: 'pixels',
    evaluator: 'linear',
    metric: 'top1',
    difference: 2.59,
    overSeeds: interval(1.4, 3.8, 'paired-t'),
    overImages: interval(2.0, 3.2, 'paired-bootstrap'),
    units: [3, 3],
    signs: { above: 3, below: 0, pValue: 0.25 },
    images: 10_000,
    test: { pValue: 1e-14, adjusted: 2e-14 },
  },
];
const trained = ['vicreg-small-1', 'no-variance-1'] as const;
const setting = (
  field: string,
  kind: Comparison['settings']['fields'][number]['kind'],
  ...values: readonly Reason['theirs'][]
): Comparison['settings']['fields'][number] => ({
  field,
  kind,
  values: Object.fromEntries(values.map((value, at) => [trained[at]!, value])),
});
const settings: Comparison['settings'] = {
  runs: trained,
  fields: [
    setting('options.variance', 'differs', 25, 0),
    setting('optimizer', 'differs', 'adamw', 'lars'),
    setting('views.1,2.cropArea', 'differs', '0.3–1', '0.08–1'),
    setting('optimizer.options.beta2', 'partly', 0.999),
    setting('method', 'same', 'vicreg', 'vicreg'),
    setting('encoder', 'same', 'resnet-18 stem small, width 16', 'resnet-18 stem small, width 16'),
    setting('pretrainedOn', 'same', 'fashion-mnist', 'fashion-mnist'),
    setting('schedule', 'same', 'warmup-cosine', 'warmup-cosine'),
    setting('engine', 'same', 'traced', 'traced'),
    setting('device', 'same', 'cpu', 'cpu'),
  ],
};
const titles: Comparison['titles'] = { 'vicreg-small-1': 'VICReg', 'no-variance-1': 'VICReg, variance 0' };
const references: readonly ComparisonRow[] = [
  figures('linear', 'dong-voc', '论文 VICREG 的复现', 'vicreg', 'other', 0, {
    dataset: 'voc07',
    split: 'test',
    paper: cell(86.6, 'Table 2', { metric: 'map' }),
    earlier: cell(41.27, '表格 4', { remark: 'multi-label-top1' }),
    ours: null,
  }),
];

function compare(selection: Comparison['selection'], empty: boolean): Comparison {
  const subjects = [...new Set(comparisonRows.map(({ subject }) => subject.id))];
  const palette = {
    subjects: Object.fromEntries(subjects.map((id, place) => [id, place])),
    runs: { 'vicreg-small-1': 0, 'no-variance-1': 1 },
  };
  if (!empty) return { selection, rows: comparisonRows, claims, pairs, titles, palette, settings, references };
  const rows = comparisonRows.map((one) => ({ ...one, ours: null, verdict: 'pending' as const }));
  return {
    selection,
    rows,
    claims: [],
    pairs: [],
    titles: {},
    palette,
    settings: { runs: [], fields: [] },
    references,
  };
}

export function comparisonAnswers(
  world: FakeWorld,
): FakeAnswers<'compare' | 'runPalette' | 'exportReport' | 'reports' | 'checkReport' | 'openReport'> {
  return {
    compare: (selection) => compare(selection, world.empty),
    runPalette: (runs) => ({ titles: {}, places: Object.fromEntries(runs.map((run, at) => [run, at])) }),
    exportReport: async (_selection, formats, reportLanguage) => {
      await pause(600);
      return {
        id: 'report-2',
        title: 'VICReg on Fashion-MNIST',
        language: reportLanguage,
        createdAt: now,
        folder: '/home/me/Reprise/reports/2',
        files: formats.map((format) => ({ format, path: `report.${format}`, bytes: 120_000, sha256: 'e3b0c442' })),
        missing: [],
      };
    },
    reports: () =>
      world.empty
        ? []
        : [
            {
              id: 'report-1',
              title: 'VICReg on Fashion-MNIST',
              language: world.language,
              createdAt: minutes(60),
              folder: '/home/me/Reprise/reports/1',
              files: (['html', 'markdown', 'csv', 'json'] as const).map((format, at) => ({
                format,
                path: `report.${format}`,
                bytes: 214_000 / (at + 1),
                sha256: 'e3b0c44298fc1c14',
              })),
              missing: [{ format: 'pdf', reason: 'Neither a display nor Xvfb was to be had.' }],
            },
          ],
    checkReport: () => undefined,
    openReport: () => undefined,
  };
}
