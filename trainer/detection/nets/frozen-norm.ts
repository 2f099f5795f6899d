/** An encoder whose batch norms stay as they are: detectron2's FrozenBatchNorm2d. */
import type { Encoder, StepContext } from '../../recipe.ts';

const frozen = (at: StepContext): StepContext => ({ ...at, training: false, update: () => undefined });

/** @throws RangeError for an encoder without stages of its own */
export function withFrozenNorm(encoder: Encoder): Encoder {
  const { stages, weights, state } = encoder;
  if (!stages) throw new RangeError('Batch norm can be frozen in a residual network only.');
  // A residual network has no other weights of one dimension than those of its batch norms.
  const isTrained = ({ rank }: { readonly rank: number }): boolean => rank > 1;
  return {
    ...encoder,
    weights: weights.filter(isTrained),
    state: [...state, ...weights.filter((weight) => !isTrained(weight))],
    forward: (images, at) => encoder.forward(images, frozen(at)),
    stages: {
      ...stages,
      upTo: (last, images, at) => stages.upTo(last, images, frozen(at)),
      last: (features, at) => stages.last(features, frozen(at)),
    },
  };
}
