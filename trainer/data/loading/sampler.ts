/** Chooses the samples of each step: a new random order every epoch, a function of (seed, epoch). */
import { FaultError } from '../../durable/fault-error.ts';
import { keyed } from '../../random.ts';

export interface Sampler {
  readonly stepsPerEpoch: number;
  at(step: number): { readonly epoch: number; readonly batchInEpoch: number; readonly index: Int32Array };
}

export function createSampler(count: number, batch: number, dropLast: boolean, seed: number): Sampler {
  if (count < 2) {
    throw new FaultError('bad-argument', `The data set has ${count} image; training needs at least two.`, { count });
  }
  // A single image has no batch statistics, so a last batch of one is dropped in any case.
  const isDropped = dropLast || count % batch === 1;
  const stepsPerEpoch = isDropped ? Math.floor(count / batch) : Math.ceil(count / batch);
  if (stepsPerEpoch === 0) {
    throw new FaultError(
      'bad-argument',
      `A batch of ${batch} is larger than the data set, which has ${count} images. Choose a batch of at most ${count}.`,
      { batch, count },
    );
  }
  let orderEpoch = -1;
  let order: Int32Array = new Int32Array(0);
  return {
    stepsPerEpoch,
    at(step) {
      const epoch = Math.floor(step / stepsPerEpoch);
      const batchInEpoch = step % stepsPerEpoch;
      if (epoch !== orderEpoch) {
        order = keyed(seed, 'order', epoch).permutation(count);
        orderEpoch = epoch;
      }
      return { epoch, batchInEpoch, index: order.slice(batchInEpoch * batch, (batchInEpoch + 1) * batch) };
    },
  };
}
