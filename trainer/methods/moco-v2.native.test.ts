/** MoCo v2's batch norm as on several devices: queries in groups, keys in groups of other images. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { openEngine } from '../engine/steps/open.ts';
import { Execution } from '../protocol/run.ts';
import { keyed } from '../random.ts';
import type { Builder } from '../recipe.ts';
import { smallEncoder } from '../testing/small-learner.ts';
import { method } from './moco-v2.ts';

const [rows, group, columns] = [12, 4, 3];
const shape = [rows, 12, 12, 1];

const order = [7, 2, 9, 0, 11, 4, 1, 10, 3, 8, 5, 6];
/** Draws that sort into this order. */
const draws = Float32Array.from({ length: rows }, (_, row) => 1 - (order.indexOf(row) + 1) / (rows + 1));

function noise(name: string): Float32Array {
  const values = new Float32Array(rows * 144);
  keyed(1, name).fillNormal(values);
  return values;
}

it.each(['eager', 'traced'] as const)('shuffles keys among the groups that share statistics, %s', async (kind) => {
  const engine = await openEngine(v.parse(Execution, { engine: kind, threads: 2 }));
  const another = (builder: Builder) => smallEncoder(builder.at('encoder'));
  const learnerOf = (normBatch: number) => {
    const encoder = another(engine.builder(1));
    const options = v.parse(method.options, { projector: [8, columns], queue: 16, normBatch });
    return method.build([encoder, encoder], options, engine.builder(1), {
      classes: 0,
      batch: rows,
      samples: 40,
      steps: 10,
      stepsPerEpoch: 5,
      encoder: another,
    });
  };
  const drawn: string[] = [];
  const embeddings = (normBatch: number) => {
    const { embed } = learnerOf(normBatch);
    return engine.inferAll((views, at) => {
      const training = { ...at, training: true, update: () => undefined };
      const uniform = (name: string): Tensor => {
        drawn.push(name);
        return tf.tensor1d(draws);
      };
      const { x, y } = embed({ views, index: views[0]!, targets: {} }, { ...training, uniform });
      return [x!, y!];
    });
  };
  const [first, second] = [noise('queries'), noise('keys')];
  const taken = (values: Float32Array, from: readonly number[]) => ({
    shape: [from.length, ...shape.slice(1)],
    values: Float32Array.from(from.flatMap((row) => [...values.subarray(144 * row, 144 * row + 144)])),
  });
  const whole = Array.from({ length: rows }, (_, row) => row);
  const [queries, keys] = await embeddings(group)(taken(first, whole), taken(second, whole));
  expect(drawn).toEqual(['shuffle']);

  // By themselves: a group of queries in order, a group of keys in the shuffled order.
  const alone = embeddings(0);
  for (let from = 0; from < rows; from += group) {
    const [own, shuffled] = [whole.slice(from, from + group), order.slice(from, from + group)];
    const [wantedQueries, wantedKeys] = await alone(taken(first, own), taken(second, shuffled));
    const near = (found: typeof queries, wanted: typeof queries, places: readonly number[]) =>
      places.forEach((row, place) => {
        for (let column = 0; column < columns; column++)
          expect(found!.values[columns * row + column]).toBeCloseTo(wanted!.values[columns * place + column]!, 4);
      });
    near(queries, wantedQueries, own);
    near(keys, wantedKeys, shuffled);
  }
  expect(drawn).toEqual(['shuffle']);
});
