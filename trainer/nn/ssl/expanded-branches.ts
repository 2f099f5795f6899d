/** Two branches of a joint embedding: each with its own encoder and projector, or sharing one of each. */
import type { Tensor } from '@tensorflow/tfjs';
import type { Builder, Encoder, Learner, StepContext } from '../../recipe.ts';
import { mlp, type MlpOptions } from '../layers/mlp.ts';
import { embeddedViews } from './views.ts';

export interface BranchOptions extends MlpOptions {
  /** See `normOptions`; branches with encoders of their own stay apart. */
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
  const passage = (encoder: Encoder, path: string) => {
    const projector = mlp(builder.at(path), encoder.outputs, widths, options);
    const encode = (images: Tensor, at: StepContext) => encoder.forward(images, at).pooled;
    return { nets: [encoder, projector], encode, project: projector.apply };
  };
  if (first === second) {
    const { nets, ...both } = passage(first, name);
    return { trainable: nets, embed: ({ views }, at) => embeddedViews(views, both, { together, normBatch: 0 }, at) };
  }
  const [one, other] = [passage(first, `${name}-0`), passage(second, `${name}-1`)];
  return {
    trainable: [...one.nets, ...other.nets],
    embed: ({ views: [x, y] }, at) => ({
      x: one.project(one.encode(x!, at), at),
      y: other.project(other.encode(y!, at), at),
    }),
  };
}
