/** Made-up curves. */
import type { RunDetail } from '../../../electron/api/runs.ts';
import type { Series } from '../../../electron/api/curves.ts';
import type { ReferenceCurves } from '../../../electron/api/reference-curves.ts';
import type { FakeAnswers, FakeWorld } from './world.ts';

/** A falling curve with noise that is the same every time. */
function curve(name: string, steps: number, from: number, to: number, noise: number): Series {
  const at = Array.from({ length: Math.floor(steps / 5) }, (_value, index) => index * 5);
  const mean = at.map(
    (step) => to + (from - to) * Math.exp(-step / 140) + noise * Math.sin(step * 12.9898) * Math.cos(step * 4.1),
  );
  const spread = Math.abs(noise) * 0.8;
  return {
    name,
    steps: at,
    mean,
    min: mean.map((value) => value - spread),
    max: mean.map((value) => value + spread),
    discarded:
      name === 'loss' || name === 'invariance'
        ? [{ attempt: 1, steps: at.slice(44, 54), values: mean.slice(44, 54).map((value) => value + 2 * noise) }]
        : [],
  };
}
const shapes: Readonly<Record<string, readonly [number, number, number]>> = {
  loss: [24.6, 15.6, 0.35],
  invariance: [0.41, 0.19, 0.012],
  variance: [0.62, 0.29, 0.01],
  covariance: [0.02, 3.4, 0.08],
  embeddingStd: [0.31, 0.78, 0.01],
  embeddingStdMin: [0.05, 0.44, 0.02],
  offDiagonalCovariance: [0.21, 0.062, 0.003],
  effectiveRank: [14, 86, 1.4],
  lr: [0.003, 0.00004, 0],
};

/** Metrics a pretraining run has. */
export const metrics: RunDetail['metrics'] = [
  ...Object.keys(shapes).map((name) => ({ name, unit: 'number' as const })),
  { name: 'probe/top1', unit: 'share' },
];

/** The curve of a metric over the first `steps` steps. */
export function metricCurve(name: string, steps: number): Series {
  if (name.startsWith('probe')) {
    const values = [71.2, 78.9, 82.1, 83.4];
    return { name, steps: [100, 200, 300, 400], mean: values, min: values, max: values, discarded: [] };
  }
  if (name.startsWith('spectrum')) {
    const rank = Number(name.split('-')[1]);
    const values = [2, 1.6, 1.3, 1.1].map((steepness) => rank ** -steepness);
    return { name, steps: [100, 200, 300, 400], mean: values, min: values, max: values, discarded: [] };
  }
  const [from, to, noise] = shapes[name] ?? [1, 0, 0];
  return curve(name, steps, from, to, noise);
}

const theirs: ReferenceCurves = {
  id: 'ref-official1',
  name: 'stats.txt',
  kind: 'json-lines',
  file: '/home/me/official/stats.txt',
  checksum: 'a'.repeat(64),
  addedAt: 1_700_000_000_000,
  axis: 'step',
  stepsPerEpoch: 100,
  batch: null,
  method: 'vicreg',
  preset: null,
  notes: ['lines that are no JSON, left out: 1 (the first is line 1)'],
  curves: [
    { source: 'loss', metric: 'loss', points: 84 },
    { source: 'time', metric: null, points: 84 },
    { source: 'lr', metric: 'lr', points: 84 },
  ],
};

export function referenceAnswers(
  world: FakeWorld,
): FakeAnswers<
  | 'exportCurves'
  | 'referenceCurves'
  | 'importCurves'
  | 'describeCurves'
  | 'removeCurves'
  | 'undoRemoveCurves'
  | 'referenceSeries'
> {
  let known: readonly ReferenceCurves[] = world.empty ? [] : [theirs];
  const change = (next: readonly ReferenceCurves[]): void => {
    known = next;
    world.push('curvesChanged');
  };
  return {
    exportCurves: () => '/home/me/reprise/runs/vicreg-small-1/tensorboard/events.out.tfevents.1700000000.reprise',
    referenceCurves: () => known,
    importCurves: (path, { name = path, method = null } = {}) => {
      const added = { ...theirs, id: `ref-added${known.length}`, name, file: path, method };
      change([...known, added]);
      return added;
    },
    describeCurves: (id, { name, metrics: chosen }) => {
      const before = known.find((one) => one.id === id) ?? theirs;
      const curves = before.curves.map((curve) => ({ ...curve, metric: chosen[curve.source] ?? curve.metric }));
      const after = { ...before, name, curves };
      change(known.map((one) => (one.id === id ? after : one)));
      return after;
    },
    removeCurves: (id) => change(known.filter((one) => one.id !== id)),
    undoRemoveCurves: (id) => change([...known, { ...theirs, id }]),
    referenceSeries: (_id, source) => {
      const { steps, mean } = metricCurve(source, 420);
      const other = mean.map((value) => (value === null ? null : value * 1.08));
      return { name: source, steps, mean: other, min: other, max: other, discarded: [] };
    },
  };
}
