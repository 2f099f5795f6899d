/** Training without data, for timing a step: VICReg, or another method, with LARS on pairs of noise. */
import * as v from 'valibot';
import type { Engine, Stepper } from '../engine/engine.ts';
import type { HostBatch } from '../host-batch.ts';
import type { Choice } from '../protocol/options.ts';
import { optimizer as lars } from '../optim/optimizers/lars.ts';
import { keyed } from '../random.ts';
import type { Builder } from '../recipe.ts';
import { encoders, methods } from '../registry.ts';

const channels = 3;

export interface StepShape {
  readonly encoder: 'resnet-18' | 'resnet-50';
  readonly stem: 'small' | 'imagenet';
  /** Channels after the stem; 64 unless given. */
  readonly width?: number;
  readonly size: number;
  /** Pairs of views. */
  readonly batch: number;
  readonly expander: readonly number[];
  /** A method to use instead of VICReg with this expander. */
  readonly method?: Choice;
}

/** A course of one step, without a data set. */
export const timedRun = {
  classes: 0,
  samples: 0,
  steps: 1,
  stepsPerEpoch: 1,
  encoder: (): never => {
    throw new Error('Only a method with a teacher builds a second encoder.');
  },
};

export function stepperOf(engine: Engine, shape: StepShape): Stepper {
  const builder = engine.builder(1);
  const recipe = encoders.get(shape.encoder);
  const options = v.parse(recipe.options, { stem: shape.stem, width: shape.width ?? 64 });
  const another = (below: Builder) => recipe.build(below.at('encoder'), options, { channels });
  const encoder = another(builder);
  const { id, options: given } = shape.method ?? { id: 'vicreg', options: { expander: [...shape.expander] } };
  const method = methods.get(id);
  const learner = method.build([encoder, encoder], v.parse(method.options, given), builder, {
    ...timedRun,
    batch: shape.batch,
    encoder: another,
  });
  return engine.stepper(learner, { recipe: lars, options: {} }, 1);
}

export function noisePairs({ batch, size }: StepShape): HostBatch {
  const views = ['x', 'y'].map((name) => {
    const values = new Float32Array(batch * size * size * channels);
    keyed(1, name).fillNormal(values);
    return { shape: [batch, size, size, channels], values };
  });
  return { views, index: new Int32Array(batch), targets: {} };
}
