/** Two branches of a joint embedding: each with its own encoder and projector, or sharing one of each. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import type { Builder, Encoder, Learner, StepContext } from '../../recipe.ts';
import { mlp, type MlpOptions } from '../layers/mlp.ts';

export interface BranchOptions extends MlpOptions {
  /** Where both branches share one encoder, both views pass through it and the projector as one batch, which batch norm sees as such. */
  readonly together?: boolean;
}

/** The embeddings are `x` of the first view and `y` of the second, [images, last width]. `name`: what the paper calls the projector. */
export function expandedBranches(
  [first, second]: readonly [Encoder, Encoder],
  name: 'expander' | 'projector',
  builder: Builder,
  widths: readonly number[],
  { together = false, ...options }: BranchOptions = {},
): Pick<Learner, 'trainable' | 'embed'> {
  const shared = first === second;
  const expand = (path: string, inputs: number) => mlp(builder.at(path), inputs, widths, options);
  const expandFirst = expand(shared ? name : `${name}-0`, first.outputs);
  const expandSecond = shared ? expandFirst : expand(`${name}-1`, second.outputs);
  const ofFirst = (images: Tensor, at: StepContext) => expandFirst.apply(first.forward(images, at).pooled, at);
  return {
    trainable: shared ? [first, expandFirst] : [first, expandFirst, second, expandSecond],
    embed({ views: [one, other] }, at) {
      if (shared && together) {
        const [x, y] = tf.split(ofFirst(tf.concat([one!, other!]), at), 2);
        return { x: x!, y: y! };
      }
      return { x: ofFirst(one!, at), y: expandSecond.apply(second.forward(other!, at).pooled, at) };
    },
  };
}
