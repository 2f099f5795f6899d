/** What the searches for the settings of the small presets try. */
import { keyed } from '../../trainer/random.ts';

/** Values by their paths in a configuration; `view.` stands for every view. */
export type Settings = Readonly<Record<string, unknown>>;

type Choices = Readonly<Record<string, readonly unknown[]>>;

/** How many trials every method has. */
export const trialsPerMethod = 4;

/** What the search for the first plan's VICReg found for the images: light crops, strong changes of brightness, no flip. */
const images: Settings = {
  'view.flip': 0,
  'view.jitter': 1,
  'view.brightness': 0.8,
  'view.contrast': 0.4,
  'view.solarize': 0.2,
  'schedule.options.warmupEpochs': 0.5,
};

const shared: Choices = {
  'view.cropArea': [
    [0.35, 1],
    [0.6, 1],
  ],
  'optimizer.options.rate': [0.001, 0.002, 0.004, 0.008],
};

/** Two of a method's own settings each, around those of its small preset. */
const own: Readonly<Record<string, Choices>> = {
  vicreg: { 'method.options.covariance': [1, 2, 4], 'method.options.invariance': [10, 25] },
  'barlow-twins': { 'method.options.lambda': [0.0025, 0.0051, 0.02], 'method.options.scale': [0.1, 1] },
  simclr: {
    'method.options.temperature': [0.1, 0.2, 0.5],
    'method.options.projector': [
      [512, 128],
      [512, 512],
    ],
  },
  'moco-v2': { 'method.options.temperature': [0.07, 0.1, 0.2], 'method.options.momentum': [0.9, 0.99] },
  byol: { 'method.options.momentum': [0.9, 0.97, 0.99], 'method.options.predictor': [[512], [2048]] },
  simsiam: {
    'method.options.predictor': [[64], [128], [256]],
    'method.options.projector': [
      [512, 512],
      [512, 512, 512],
    ],
  },
  swav: { 'method.options.prototypes': [64, 128, 512], 'method.options.codeEpsilon': [0.03, 0.05] },
  deepcluster: { 'method.options.prototypes': [64, 128, 512], 'method.options.temperature': [0.1, 0.2] },
  obow: { 'method.options.inverseDelta': [5, 10, 15], 'method.options.momentum': [0.9, 0.97] },
  // The covariance of a part of the batch can only be inverted if the part has more rows than the embedding columns.
  'w-mse': {
    'method.options.projector': [
      [512, 32],
      [512, 64],
      [512, 96],
    ],
    'method.options.subBatch': [128, 256],
  },
};

/** The first, wide search, for VICReg alone: above all over the changes of the images. */
const wideChoices: Choices = {
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
  ...own['vicreg'],
};

/** What the search for the first plan's VICReg changes step by step: the best of the wide search, with stronger changes of brightness. */
const base: Settings = {
  'view.cropArea': [0.6, 1],
  'view.flip': 0.5,
  'view.jitter': 1,
  'view.brightness': 0.8,
  'view.contrast': 0.6,
  'view.solarize': 0.1,
  'optimizer.options.rate': 0.001,
  'method.options.covariance': 1,
  'schedule.options.warmupEpochs': 0.5,
  epochs: 6.4,
};
const faster: Settings = {
  ...base,
  'view.flip': 0,
  'view.contrast': 0.4,
  'optimizer.options.rate': 0.002,
  'method.options.covariance': 2,
};
const short: Settings = { ...faster, epochs: 3.2 };
/** The preset, for as long as the first plan trains. */
const long: Settings = {
  ...faster,
  'view.solarize': 0.2,
  'optimizer.options.rate': 0.004,
  'method.options.invariance': 25,
  epochs: 12,
};
/** The best of VICReg's trials with values spread, for longer. */
const stronger: Settings = {
  ...base,
  ...images,
  'view.cropArea': [0.35, 1],
  'optimizer.options.rate': 0.008,
  'method.options.covariance': 1,
  'method.options.invariance': 10,
};
const imagenetStem: Settings = { encoders: [{ id: 'resnet-18', options: { stem: 'imagenet', width: 32 } }] };

/** The search for the first plan's VICReg: each trial was chosen by what those before it found. */
const first: readonly Settings[] = [
  base,
  faster,
  { ...short, ...imagenetStem },
  { ...short, 'optimizer.options.rate': 0.004 },
  { ...short, batch: 128 },
  { ...short, 'optimizer.options.rate': 0.004, 'view.solarize': 0.2 },
  stronger,
  long,
  { ...long, 'optimizer.options.rate': 0.008 },
  { ...long, 'method.options.invariance': 10 },
];

const independent = (trial: number): Settings => {
  const draw = keyed(1, 'tuning', 'vicreg', trial);
  return Object.fromEntries(
    Object.entries(wideChoices).map(([path, values]) => [path, values[Math.floor(values.length * draw.uniform())]]),
  );
};

/** Values spread over the trials, so that each is tried as often as any other (a Latin hypercube). */
const spread = (method: string, trial: number): Settings => ({
  ...images,
  ...Object.fromEntries(
    Object.entries({ ...shared, ...own[method] }).map(([path, values]) => {
      const places = keyed(1, 'tuning', method, path).permutation(trialsPerMethod);
      return [path, values[places[trial]! % values.length]];
    }),
  ),
});

/** A search by its name, a method's or one of the two for VICReg's changes of the images: its number of trials and their settings. */
export function searched(search: string): { readonly trials: number; readonly settings: (trial: number) => Settings } {
  if (search === 'first') return { trials: first.length, settings: (trial) => first[trial]! };
  if (search === 'wide') return { trials: 12, settings: independent };
  if (own[search] === undefined) throw new Error(`No search is called “${search}”.`);
  return { trials: trialsPerMethod, settings: (trial) => spread(search, trial) };
}
