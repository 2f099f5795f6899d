/** Made-up curves. */
import type { RunDetail } from '../../../electron/api/runs.ts';
import type { Series } from '../../../electron/api/curves.ts';

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
  const [from, to, noise] = shapes[name] ?? [1, 0, 0];
  return curve(name, steps, from, to, noise);
}
