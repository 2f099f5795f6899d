/** Methods small enough for a test step to take milliseconds. */
import * as v from 'valibot';
import type { Engine } from '../engine/engine.ts';
import type { HostBatch } from '../host-batch.ts';
import type { Options } from '../protocol/options.ts';
import { encoderPath } from '../protocol/run.ts';
import { keyed } from '../random.ts';
import type { Builder, Encoder, Learner, MethodRecipe } from '../recipe.ts';
import { encoders } from '../registry.ts';

/** Options that keep a method small, applied if the method has them; the rest keep their defaults. */
const small: Options = {
  expander: [32, 32, 32],
  projector: [32, 16],
  predictor: [16],
  queue: 64,
  words: 64,
  prototypes: 8,
  freezeSteps: 1,
  queueEpoch: 0,
};

/** Per-method exceptions: a sub-batch needs more rows than the embedding has columns. */
const smallOf: Readonly<Record<string, Options>> = { 'w-mse': { projector: [32, 8], subBatch: 16 } };

export function smallOptions(method: MethodRecipe): Options {
  const known = Object.keys((method.options as unknown as { readonly entries: object }).entries);
  const all = { ...small, ...smallOf[method.id] };
  const own = Object.fromEntries(Object.entries(all).filter(([key]) => known.includes(key)));
  return v.parse(method.options, own) as Options;
}

/** Options that keep an encoder small, residual network or transformer: each uses those it knows. */
const smallNetwork: Options = {
  width: 4,
  stem: 'small',
  stemStride: 2,
  patch: 4,
  depth: 2,
  heads: 2,
  imageSize: 12,
};

export function smallEncoder(builder: Builder, options: Options = {}, id = 'resnet-18'): Encoder {
  const recipe = encoders.get(id);
  return recipe.build(builder, v.parse(recipe.options, { ...smallNetwork, ...options }), { channels: 1 });
}

/** A course of one epoch with `steps` batches. */
export interface SmallCourse {
  readonly batch: number;
  readonly classes: number;
  readonly steps?: number;
  readonly encoder?: Options;
}

export function smallLearner(
  engine: Pick<Engine, 'builder'>,
  method: MethodRecipe,
  { batch, classes, steps = 20, encoder = {} }: SmallCourse,
  branches?: readonly [Encoder, Encoder],
): Learner {
  const another = (builder: Builder): Encoder => smallEncoder(builder.at(encoderPath(1, 0)), encoder);
  const shared = branches ?? ((one: Encoder) => [one, one] as const)(another(engine.builder(1)));
  return method.build(shared, smallOptions(method), engine.builder(1), {
    classes: method.labels ? classes : 0,
    batch,
    samples: batch,
    steps,
    stepsPerEpoch: steps,
    encoder: another,
  });
}

/** A batch of grey noise of size x size pixels for a method; the same for the same seed. */
export function smallBatch(
  method: MethodRecipe,
  {
    batch,
    classes,
    size,
    seed = 1,
  }: Pick<SmallCourse, 'batch' | 'classes'> & { readonly size: number; readonly seed?: number },
): HostBatch {
  const views = Array.from({ length: method.views }, (_, view) => {
    const values = new Float32Array(batch * size * size);
    keyed(seed, 'view', view).fillNormal(values);
    return { shape: [batch, size, size, 1], values };
  });
  const index = Int32Array.from({ length: batch }, (_, position) => position);
  const label = { shape: [index.length], values: index.map((position) => position % classes) };
  return { views, index, targets: method.labels ? { label } : {} };
}
