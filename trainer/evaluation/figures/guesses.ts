/** What a classifier takes each sample for, and how sure it is. */
import { noClass, wholeShare, type Guesses } from '../../protocol/predictions.ts';

/** What scores are: `logits` of a softmax, or `votes`, each of which counts by what it is. */
type Scale = 'logits' | 'votes';

/**
 * The class with the highest score and its share of all. A guess is the true class just where the sample counts as right
 * (`topKCorrect` with k = 1): of equal scores the lower class, and none where the highest is not finite.
 *
 * @param scores row by row, [samples, classes]; of votes, -Infinity for a class without any
 */
export function guessesOf(scores: Float32Array, classes: number, scale: Scale): Guesses {
  const samples = scores.length / classes;
  const guesses = new Uint16Array(samples).fill(noClass);
  const shares = new Uint16Array(samples);
  for (let row = 0; row < samples; row++) {
    const own = scores.subarray(row * classes, (row + 1) * classes);
    let first = -1;
    for (let label = 0; label < classes; label++) {
      const score = own[label]!;
      if (!Number.isNaN(score) && (first === -1 || score > own[first]!)) first = label;
    }
    if (first === -1 || !Number.isFinite(own[first]!)) continue;
    guesses[row] = first;
    shares[row] = Math.round(wholeShare * shareOf(own, own[first]!, scale));
  }
  return { guesses, shares };
}

/** The guesses beside the accuracy that counts the right ones; nothing beside the others. */
export function guessedIn(
  { metric }: { readonly metric: string },
  ...given: Parameters<typeof guessesOf>
): { readonly guesses?: Guesses } {
  return metric === 'top1' ? { guesses: guessesOf(...given) } : {};
}

function shareOf(scores: Float32Array, highest: number, scale: Scale): number {
  let sum = 0;
  for (const score of scores) {
    // NaN is neither above nor below.
    if (score > Number.NEGATIVE_INFINITY) sum += scale === 'votes' ? score : Math.exp(score - highest);
  }
  return scale === 'votes' ? highest / sum : 1 / sum;
}
