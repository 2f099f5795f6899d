/** Our side of `methods/golden/common.py`: the same linear encoder, weights, images and optimizer. */
import type { Engine } from '../engine/engine.ts';
import type { HostBatch } from '../host-batch.ts';
import { linear } from '../nn/layers/linear.ts';
import type { Options } from '../protocol/options.ts';
import type { Builder, Encoder, MethodRecipe } from '../recipe.ts';
import { optimizers } from '../registry.ts';
import * as v from 'valibot';

export interface GoldenCase {
  readonly options: Options;
  /** How many it was made with, where that is not the method's least. */
  readonly views?: number;
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
  return Float32Array.from({ length: count }, (_, k) => {
    const wave = Math.sin(phase + 0.7 * k + 0.05 * k * k);
    return isScale ? 1 + 0.1 * wave : 0.5 * wave;
  });
}

function images(view: number, step: number): Float32Array {
  return Float32Array.from({ length: rows * channels }, (_, k) =>
    Math.sin(1 + 0.9 * step + 0.3 * view + 0.37 * k + 0.013 * k * k),
  );
}

/** One matrix in place of a network. Images are [n, 1, 1, channels]; every stage but the last is the images themselves. */
function linearEncoder(builder: Builder): Encoder {
  const layer = linear(builder, channels, features, { bias: false });
  return {
    weights: layer.weights,
    state: layer.state,
    outputs: features,
    res4Outputs: features,
    forward(x) {
      const pooled = layer.apply(x.reshape([-1, channels]));
      const res5 = pooled.reshape([-1, 1, 1, features]);
      return { conv1: x, res2: x, res3: x, res4: res5, res5, pooled };
    },
  };
}

/** Name of a piece of state in the golden file. */
const plain = (name: string): string => name.replace(/^learner\//, '');

/** The losses of three steps, and what is kept afterwards by the golden file's names. `views`: how many the case was made with. */
export async function goldenSteps(
  engine: Engine,
  method: MethodRecipe,
  options: Options,
  views: number = method.views,
): Promise<Omit<GoldenCase, 'options' | 'views'>> {
  const another = (builder: Builder): Encoder => linearEncoder(builder.at('encoder'));
  const encoder = another(engine.builder(1));
  const learner = method.build([encoder, encoder], v.parse(method.options, options), engine.builder(1), {
    classes: 0,
    batch: rows,
    samples: rows,
    steps: stepCount,
    stepsPerEpoch: stepCount,
    encoder: another,
  });
  const sgd = { recipe: optimizers.get('sgd'), options: { rate, momentum, weightDecay: 0 } };
  const stepper = engine.stepper(learner, sgd, 1);
  const kept = stepper.state.filter(({ name }) => !name.startsWith('optimizer/'));
  for (const entry of kept) entry.write(fill(plain(entry.name), entry.shape));
  const losses: number[] = [];
  for (let step = 0; step < stepCount; step++) {
    const batch: HostBatch = {
      views: Array.from({ length: views }, (_, view) => ({
        shape: [rows, 1, 1, channels],
        values: images(view, step),
      })),
      index: Int32Array.from({ length: rows }, (_, row) => row),
      targets: {},
    };
    losses.push((await stepper.run(batch, { step, lr: rate }, { metrics: true })).loss);
  }
  return { losses, state: Object.fromEntries(kept.map((entry) => [plain(entry.name), [...entry.read()]])) };
}
