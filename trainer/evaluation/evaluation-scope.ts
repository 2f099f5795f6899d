/** Context of an evaluation once its data is located, and the material prepared for measuring. */
import type { Located } from '../data/listing/image-table.ts';
import type { LeftOut } from '../data/loading/left-out.ts';
import type { Engine } from '../engine/engine.ts';
import type { JobContext, ProgressPlace } from '../channel/job.ts';
import type { ResolvedSubject } from '../protocol/commands.ts';
import type { Result } from '../protocol/results.ts';
import type { EvaluateConfig, Layer } from '../protocol/run.ts';
import type { Builder, EvaluationModel, EvaluatorRecipe, FeatureSet } from '../recipe.ts';
import type { TrainingTask } from '../training/training-task.ts';
import type { Head } from './head.ts';
import type { Truth } from './split-truth.ts';

/** The longest silence to expect while features are extracted, in milliseconds. */
export const extractQuietMs = 120_000;

export interface EvaluationPlace {
  readonly subject: ResolvedSubject;
  /** Null: no features are kept. */
  readonly cacheFolder: string | null;
  readonly fromStep: number;
  /** Record of the images to leave out. */
  readonly leftOut: LeftOut;
  /** True if steps may clip gradients. Default: false. */
  readonly clips?: boolean;
  /** Uses the initial weights of an encoder that is not trained yet, for timing. */
  readonly initialWhereMissing?: boolean;
  /** Compares imported weights with random ones first: asks, or only says, if they are no better. Default: not compared. */
  readonly ifNoBetter?: 'ask' | 'tell' | null;
}

export interface EvaluationScope extends Required<EvaluationPlace> {
  readonly context: JobContext;
  readonly engine: Engine;
  readonly config: EvaluateConfig;
  readonly layer: Layer;
  readonly recipe: EvaluatorRecipe;
  /** The evaluator's options, parsed by its schema. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Builds the head's weights. */
  readonly builder: Builder;
  readonly test: Located;
  readonly train: Located;
  readonly truth: Readonly<Record<'train' | 'test', Truth>>;
  readonly classes: number;
  /** Position reported in progress beats. */
  readonly place: Pick<ProgressPlace, 'step' | 'safeStep' | 'tensors'>;
}

/** Material to measure, once the data and the encoder are open. */
export interface Material {
  readonly train: FeatureSet;
  readonly test: FeatureSet;
  /** Null if nothing is trained. */
  readonly head: Head | null;
  readonly pairs?: NonNullable<EvaluationModel['pairs']>;
}

export interface Rehearsal {
  /** Looks at the next images; false at the end. */
  next(): Promise<boolean>;
  close(): Promise<void>;
}

export interface Evaluation {
  /** Absent if nothing is trained. */
  readonly course?: TrainingTask;
  /** Images that are looked at to examine and to measure what is trained, each as often as it is. */
  readonly examinedImages: number;
  /** Where nothing is trained and images are looked at anew, so many at a time: the looking alone, for timing. */
  readonly rehearse?: { readonly images: number; open(): Promise<Rehearsal> };
  /** Computes the figures once the course is done. Files go below the run's folder. */
  measure(runFolder: string): Promise<readonly Result[]>;
}
