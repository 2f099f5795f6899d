/** Two branches of a joint embedding: each with its own encoder and projector, or sharing one of each. */
import type { Builder, Encoder, Learner } from '../../recipe.ts';
import { mlp, type MlpOptions } from '../layers/mlp.ts';

/** The embeddings are `x` of the first view and `y` of the second, [images, last width]. `name`: what the paper calls the projector. */
export function expandedBranches(
  [first, second]: readonly [Encoder, Encoder],
  name: 'expander' | 'projector',
  builder: Builder,
  widths: readonly number[],
  options: MlpOptions = {},
): Pick<Learner, 'trainable' | 'embed'> {
  const shared = first === second;
  const expand = (path: string, inputs: number) => mlp(builder.at(path), inputs, widths, options);
  const expandFirst = expand(shared ? name : `${name}-0`, first.outputs);
  const expandSecond = shared ? expandFirst : expand(`${name}-1`, second.outputs);
  return {
    trainable: shared ? [first, expandFirst] : [first, expandFirst, second, expandSecond],
    embed: ({ views: [x, y] }, at) => ({
      x: expandFirst.apply(first.forward(x!, at).pooled, at),
      y: expandSecond.apply(second.forward(y!, at).pooled, at),
    }),
  };
}
