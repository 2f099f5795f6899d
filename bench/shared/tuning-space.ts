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

/** Two of a method's own settings each, around those of its small preset. */
const own: Readonly<Record<string, Choices>> = {
  vicreg: { 'method.options.covariance': [1, 2, 4], 'method.options.invariance': [10, 25] },
  'barlow-twins': { 'method.options.lambda': [0.0025, 0.0051, 0.02], 'method.options.scale': [0.1, 1] },
  simclr: { 'method.options.temperature': [0.1, 0.2, 0.5], 'method.options.projector': [[512, 128], [512, 512]] },
  'moco-v2': { 'method.options.temperature': [0.07, 0.1, 0.2], 'method.options.momentum': [0.9, 0.99] },
  byol: { 'method.options.momentum': [0.9, 0.97, 0.99], 'method.options.predictor': [[512], [2048]] },
  simsiam: { 'method.options.predictor': [[64], [128], [256]], 'method.options.projector': [[512, 512], [512, 512, 512]] },
  swav: { 'method.options.prototypes': [64, 128, 512], 'method.options.codeEpsilon': [0.03, 0.05] },
  deepcluster: { 'method.options.prototypes': [64, 128, 512], 'method.options.temperature': [0.1, 0.2] },
  obow: { 'method.options.inverseDelta': [5, 10, 15], 'method.options.momentum': [0.9, 0.97] },
  'w-mse': { 'method.options.projector': [[512, 32], [512, 64], [512, 128]], 'method.options.subBatch': [64, 128] },
};

/**
 * For the first plan, which has more time: around the best trials of VICReg, with light crops and stronger changes of brightness,
 * and twice as long, because the order of settings need not be that of three epochs.
 */
const first: Choices = {
  'view.cropArea': [
    [0.6, 1],
    [0.7, 1],
    [0.8, 1],
  ],
  'view.flip': [0, 0.5],
  'view.jitter': [1],
  'view.brightness': [0.4, 0.6, 0.8],
  'view.contrast': [0.4, 0.6, 0.8],
  'view.solarize': [0.1, 0.2],
  'optimizer.options.rate': [0.001, 0.002, 0.004],
  'method.options.covariance': [1, 2],
  'schedule.options.warmupEpochs': [0.5],
  epochs: [6.4],
};

/** A search: one of the small plan of all methods, or the one for the first plan. */
function spaceOf(search: string): Choices {
  return search === 'first' ? first : { ...shared, ...own[search] };
}

/** The settings of a trial. */
export function drawn(search: string, trial: number): Settings {
  const draw = keyed(1, 'tuning', search, trial);
  return Object.fromEntries(
    Object.entries(spaceOf(search)).map(([path, values]) => [path, values[Math.floor(values.length * draw.uniform())]]),
  );
}
