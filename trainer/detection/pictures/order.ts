/**
 * The order in which a detector sees pictures: a function of (seed, epoch). Wide and high pictures come in batches of their
 * own, so that canvases hold little else; what is left of both shares the last batches (detectron2 groups them alike).
 */
import { FaultError } from '../../durable/fault-error.ts';
import { keyed } from '../../random.ts';

export interface PictureOrder {
  readonly stepsPerEpoch: number;
  at(step: number): { readonly epoch: number; readonly pictures: Int32Array };
}

/** @param pictures their numbers @param isWide of each of these */
export function pictureOrder(
  pictures: Int32Array,
  isWide: (picture: number) => boolean,
  batch: number,
  seed: number,
): PictureOrder {
  const stepsPerEpoch = Math.floor(pictures.length / batch);
  if (stepsPerEpoch === 0)
    throw new FaultError(
      'bad-argument',
      `A batch of ${batch} is larger than the pictures with objects, of which there are ${pictures.length}. Choose a smaller batch.`,
      { batch, pictures: pictures.length },
    );
  let known = -1;
  let batches: readonly Int32Array[] = [];

  function batchesOf(epoch: number): readonly Int32Array[] {
    const order = Array.from(keyed(seed, 'picture order', epoch).permutation(pictures.length), (at) => pictures[at]!);
    const groups = [order.filter(isWide), order.filter((picture) => !isWide(picture))];
    const whole = groups.map((group) => group.length - (group.length % batch));
    const joined = [
      ...groups.flatMap((group, at) => group.slice(0, whole[at])),
      ...groups.flatMap((group, at) => group.slice(whole[at])),
    ];
    const inTurn = Array.from({ length: stepsPerEpoch }, (_, at) =>
      Int32Array.from(joined.slice(at * batch, (at + 1) * batch)),
    );
    return Array.from(keyed(seed, 'batch order', epoch).permutation(stepsPerEpoch), (at) => inTurn[at]!);
  }

  return {
    stepsPerEpoch,
    at(step) {
      const epoch = Math.floor(step / stepsPerEpoch);
      if (epoch !== known) {
        batches = batchesOf(epoch);
        known = epoch;
      }
      return { epoch, pictures: batches[step % stepsPerEpoch]! };
    },
  };
}
