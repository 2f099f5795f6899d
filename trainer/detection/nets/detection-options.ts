/** Options that the recipes of both detectors share, and what follows from them. */
import * as v from 'valibot';
import type { DetectionTraining, Encoder } from '../../recipe.ts';
import { withFrozenNorm } from './frozen-norm.ts';
import { withReversedColours } from './reversed-colours.ts';

const side = v.pipe(v.number(), v.integer(), v.minValue(16), v.maxValue(4096));
const step = v.pipe(v.number(), v.integer(), v.minValue(0));
const share = v.pipe(v.number(), v.gtValue(0), v.maxValue(1));

/** @param given the values of the paper's recipe */
export function detectionOptions(given: {
  readonly rate: number;
  readonly steps: number;
  readonly drops: readonly number[];
  readonly warmup: number;
  readonly warmupFrom: number;
  readonly proposalWeight: number;
  readonly shortSides: readonly number[];
}) {
  return {
    /** What of imported weights is used: the encoder, with a new detector, or the detector of their file as a whole. */
    startFrom: v.optional(v.picklist(['encoder', 'detector']), 'encoder'),
    /** Peak learning rate. */
    rate: v.optional(v.pipe(v.number(), v.minValue(0)), given.rate),
    batch: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1024)), 16),
    /** 0: an imported detector is measured as it is. */
    steps: v.optional(step, given.steps),
    /** Steps at which the rate drops to a tenth. */
    drops: v.optional(v.array(step), [...given.drops]),
    warmup: v.optional(step, given.warmup),
    /** Share of the rate that the warm-up begins with. */
    warmupFrom: v.optional(share, given.warmupFrom),
    weightDecay: v.optional(v.pipe(v.number(), v.minValue(0)), 1e-4),
    /** Multiplies the losses of the proposal network. */
    proposalWeight: v.optional(v.pipe(v.number(), v.minValue(0)), given.proposalWeight),
    /** Batch norm of the encoder: by the whole batch (synchronised, where there are several devices), or as it was pretrained. */
    norm: v.optional(v.picklist(['batch', 'frozen']), 'batch'),
    /** Batches over which the statistics of batch norm are taken anew before the last evaluation; 0: running ones. 200 in detectron2. */
    preciseNorm: v.optional(step, 200),
    /** Shows the encoder blue where it learned red: a frequent mistake, for studies of what it costs. */
    reversedColours: v.optional(v.boolean(), false),
    /** Short sides that pictures are shown with, one drawn for each. */
    shortSides: v.optional(v.pipe(v.array(side), v.minLength(1)), [...given.shortSides]),
    testShortSide: v.optional(side, 800),
    longest: v.optional(side, 1333),
    /** Multiplies the sides of all anchors: below 1 for small pictures. */
    anchorScale: v.optional(v.pipe(v.number(), v.minValue(0.01), v.maxValue(10)), 1),
    /** Regions of a picture that the head learns from. */
    regions: v.optional(v.pipe(v.number(), v.integer(), v.minValue(4), v.maxValue(4096)), 512),
    /** Proposals of a picture in which objects are looked for. */
    proposals: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000)), 1000),
  };
}

/**
 * What a change of the batch changes: as many pictures are seen, the rate is in proportion to the batch (Goyal et al. 2017;
 * auto_scale_workers in detectron2).
 */
export const withBatch = { grow: ['rate'], shrink: ['steps', 'drops', 'warmup'] } as const;

type Entries = ReturnType<typeof detectionOptions>;
export type DetectionOptions = { readonly [Key in keyof Entries]: v.InferOutput<Entries[Key]> };

export const sampleOf = ({ regions }: DetectionOptions) => ({ count: regions, mostPositive: Math.floor(regions / 4) });

export function encoderOf(encoder: Encoder, { norm, reversedColours }: DetectionOptions): Encoder {
  const normed = norm === 'frozen' ? withFrozenNorm(encoder) : encoder;
  return reversedColours ? withReversedColours(normed) : normed;
}

/**
 * What a comparison checks. Figures from before there was a choice say nothing of where the detector came from, and one that is
 * measured as it is has learned by none of the options of training.
 */
export function protocolOf({
  startFrom,
  shortSides,
  drops,
  ...options
}: DetectionOptions): Readonly<Record<string, string | number | boolean>> {
  const told = { ...options, ...(startFrom === 'detector' ? { startFrom } : {}) };
  if (options.steps > 0) return { ...told, shortSides: shortSides.join(' '), drops: drops.join(' ') };
  const { rate: _rate, batch: _batch, warmup: _warmup, warmupFrom: _from, weightDecay: _decay, ...found } = told;
  const { proposalWeight: _weight, norm: _norm, preciseNorm: _precise, regions: _regions, ...measured } = found;
  return measured;
}

export function trainingOf(options: DetectionOptions): Omit<DetectionTraining, 'detector'> {
  const { rate, weightDecay, warmup, warmupFrom, drops, longest } = options;
  return {
    proposalWeight: options.proposalWeight,
    batch: options.batch,
    steps: options.steps,
    preciseNorm: options.preciseNorm,
    startFrom: options.startFrom,
    views: { shortSides: options.shortSides, longest, mirror: true },
    fit: { shortSide: options.testShortSide, longest },
    optimizer: { id: 'sgd', options: { rate, weightDecay } },
    schedule: { id: 'warmup-steps', options: { warmup, warmupFrom, drops: [...drops] } },
  };
}
