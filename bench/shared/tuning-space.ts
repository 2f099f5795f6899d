/** What the search for the settings of the small presets draws from: the same for all methods, and what is a method's own. */
import { keyed } from '../../trainer/random.ts';

/** Values by their paths in a configuration; `view.` stands for every view. */
export type Settings = Readonly<Record<string, unknown>>;

type Choices = Readonly<Record<string, readonly unknown[]>>;

const shared: Choices = {
  'view.cropArea': [
    [0.2, 1],
    [0.35, 1],
    [0.5, 1],
    [0.7, 1],
  ],
  'view.flip': [0, 0.5],
  'view.jitter': [0, 0.8],
  'view.solarize': [0, 0.1],
  'optimizer.options.rate': [0.001, 0.002, 0.004, 0.008],
  batch: [128, 256],
};

const own: Readonly<Record<string, Choices>> = {
  vicreg: { 'method.options.covariance': [1, 2, 4], 'method.options.invariance': [10, 25] },
};

/** The settings of a trial. */
export function drawn(method: string, trial: number): Settings {
  const draw = keyed(1, 'tuning', method, trial);
  const choices = { ...shared, ...own[method] };
  return Object.fromEntries(
    Object.entries(choices).map(([path, values]) => [path, values[Math.floor(values.length * draw.uniform())]]),
  );
}
