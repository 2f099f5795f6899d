/** W-MSE rejects sizes that cannot be whitened. The golden values test its loss. */
import * as v from 'valibot';
import { beforeAll, expect, it } from 'vitest';
import { openEngine } from '../engine/steps/open.ts';
import type { Engine } from '../engine/engine.ts';
import { Execution } from '../protocol/run.ts';
import { smallEncoder } from '../testing/small-learner.ts';
import { method } from './w-mse.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine(v.parse(Execution, { engine: 'eager', threads: 2 }));
});

/** At least 96 samples in batches of 32; embeddings of 8 dimensions. */
function build(subBatch: number, samples = 96, stepsPerEpoch = 3): void {
  const encoder = smallEncoder(engine.builder(1).at('encoder'));
  method.build([encoder, encoder], { projector: [16, 8], subBatch, variance: 0, covariance: 0 }, engine.builder(1), {
    classes: 0,
    batch: 32,
    samples,
    steps: 10,
    stepsPerEpoch,
    encoder: (builder) => smallEncoder(builder.at('encoder')),
  });
}

it('requires sub-batches with more rows than the embedding has dimensions', () => {
  expect(() => build(8)).toThrow('Make subBatch (8) larger than the last width of the projector (8)');
});

it('requires sub-batches that divide the batch', () => {
  expect(() => build(12)).toThrow('a batch of 32 cannot be divided into sub-batches of 12');
});

it('requires whole batches if the last one does not divide', () => {
  expect(() => build(16, 100, 4)).toThrow('the last batch of an epoch has 4 samples');
  build(16, 100, 3);
  build(16, 112, 4);
});
