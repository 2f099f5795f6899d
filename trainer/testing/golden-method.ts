/** Our side of `methods/golden/common.py`: the same linear encoder, weights, images and optimizer. */
import * as tf from '@tensorflow/tfjs';
import type { Engine } from '../engine/engine.ts';
import type { HostBatch } from '../host-batch.ts';
import { batchNorm } from '../nn/layers/batch-norm.ts';
import { linear } from '../nn/layers/linear.ts';
import type { Options } from '../protocol/options.ts';
import type { Builder, Encoder, MethodRecipe } from '../recipe.ts';
import { optimizers } from '../registry.ts';
import * as v from 'valibot';

/** How a case was made. */
export interface GoldenSetting {
  readonly options: Options;
  /** How many views, where that is not the method's least. */
  readonly views?: number;
  /** Sides of the views in pixels, in place of views of one pixel; the encoder then has a batch norm. */
  readonly sides?: readonly number[];
  /** In place of SGD. */
  readonly optimizer?: { readonly id: string; readonly options: Options };
  /** What pieces of state begin with, where that is not what their name gives. */
  readonly initial?: Readonly<Record<string, readonly number[]>>;
}

export interface GoldenCase extends GoldenSetting {
  readonly losses: readonly number[];
  /** Everything that is kept, by name, after the last step. */
  readonly state: Readonly<Record<string, readonly number[]>>;
}

const [rows, channels, features, stepCount] = [16, 5, 6, 3];
const [rate, momentum] = [0.01, 0.9];

function fill(name: string, shape: readonly number[]): Float32Array {
  const count = shape.reduce((product, size) => product * size, 1);
  if (name.endsWith('running_mean')) return new Float32Array(count);
  if (name.endsWith('running_var')) return new Float32Array(count).fill(1);
  if (name.endsWith('assignments')) return Float32Array.from({ length: count }, (_, k) => (k * k) % 5);
  const phase = Array.from(name).reduce((sum, letter) => sum + letter.codePointAt(0)!, 0);
  const isScale = name.includes('/') && name.endsWith('/weight') && shape.length === 1;
  const values = Float32Array.from({ length: count }, (_, k) => {
    const wave = Math.sin(phase + 0.7 * k + 0.05 * k * k);
    return isScale ? 1 + 0.1 * wave : 0.5 * wave;
  });
  return name === 'prototypes/weight' ? unitRows(values, shape[1]!) : values;
}

function unitRows(values: Float32Array, columns: number): Float32Array {
  return values.map((value, k) => {
    const from = k - (k % columns);
    return value / Math.hypot(...values.subarray(from, from + columns));
  });
}

function images(view: number, step: number, side: number): Float32Array {
  return Float32Array.from({ length: rows * side * side * channels }, (_, k) =>
    Math.sin(1 + 0.9 * step + 0.3 * view + 0.37 * k + 0.013 * k * k),
  );
}

/** One matrix for every pixel in place of a network, and a batch norm if asked for; res4 and res5 are the same map. */
function linearEncoder(builder: Builder, isNormed: boolean): Encoder {
  const layer = linear(builder, channels, features, { bias: false });
  const norm = isNormed ? batchNorm(builder.at('norm'), features) : null;
  return {
    weights: [...layer.weights, ...(norm?.weights ?? [])],
    state: norm?.state ?? [],
    outputs: features,
    res4Outputs: features,
    forward(x, at) {
      const [, height, width] = x.shape as [number, number, number];
      const places = layer.apply(x.reshape([-1, channels]));
      const res5 = (norm?.apply(places, at) ?? places).reshape([-1, height, width, features]);
      return { conv1: x, res2: x, res3: x, res4: res5, res5, pooled: tf.mean(res5, [1, 2]) };
    },
  };
}

/** Name of a piece of state in the golden file. */
const plain = (name: string): string => name.replace(/^learner\//, '');

/** The losses of three steps, and what is kept afterwards by the golden file's names. */
export async function goldenSteps(
  engine: Engine,
  method: MethodRecipe,
  { options, views = method.views, sides, optimizer, initial = {} }: GoldenSetting,
): Promise<Pick<GoldenCase, 'losses' | 'state'>> {
  const shown = sides ?? Array.from({ length: views }, () => 1);
  const another = (builder: Builder): Encoder => linearEncoder(builder.at('encoder'), sides !== undefined);
  const encoder = another(engine.builder(1));
  const learner = method.build([encoder, encoder], v.parse(method.options, options), engine.builder(1), {
    classes: 0,
    batch: rows,
    samples: rows,
    steps: stepCount,
    stepsPerEpoch: stepCount,
    encoder: another,
  });
  const { id, options: given } = optimizer ?? { id: 'sgd', options: { rate, momentum, weightDecay: 0 } };
  const recipe = optimizers.get(id);
  const lr = recipe.peak(v.parse(recipe.options, given), rows);
  const stepper = engine.stepper(learner, { recipe, options: given }, 1);
  const kept = stepper.state.filter(({ name }) => !name.startsWith('optimizer/'));
  for (const entry of kept) {
    const name = plain(entry.name);
    entry.write(Float32Array.from(initial[name] ?? fill(name, entry.shape)));
  }
  const losses: number[] = [];
  for (let step = 0; step < stepCount; step++) {
    const batch: HostBatch = {
      views: shown.map((side, view) => ({
        shape: [rows, side, side, channels],
        values: images(view, step, side),
      })),
      index: Int32Array.from({ length: rows }, (_, row) => row),
      targets: {},
    };
    losses.push((await stepper.run(batch, { step, lr }, { metrics: true })).loss);
  }
  return { losses, state: Object.fromEntries(kept.map((entry) => [plain(entry.name), [...entry.read()]])) };
}
