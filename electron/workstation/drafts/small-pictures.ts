/** A detector for pictures that are small beside those the papers' recipes are for. */
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { Inspection } from '../../../trainer/protocol/dataset.ts';
import type { Choice } from '../../../trainer/protocol/options.ts';

/** Longest side of pictures, in pixels, up to which a recipe for 800 pixels would only enlarge them. */
const longestOfSmall = 256;
/** Short side of pictures for which anchors of 32 to 512 pixels are usual, halved: small pictures show large objects. */
const usualShortSide = 384;
/** Of `plan detection-small`: minutes on two processor cores. */
const schedule = {
  rate: 0.02,
  batch: 4,
  steps: 400,
  drops: [330],
  warmup: 30,
  warmupFrom: 0.1,
  proposalWeight: 1,
  preciseNorm: 50,
  regions: 32,
  proposals: 50,
};
const narrow = { channels: 64, boxWidth: 128 };

/**
 * A detector's options for small pictures, shown in their own size with a schedule to match. Other evaluators as they are, and an
 * imported detector too, which learned at a size of its own.
 */
export function forSmallPictures(
  evaluator: Choice,
  { largest }: Pick<Inspection, 'largest'>,
  { evaluators }: Pick<Catalogue, 'evaluators'>,
): Choice {
  const recipe = evaluators.find(({ id }) => id === evaluator.id);
  if (recipe?.targets !== 'objects' || evaluator.options['startFrom'] === 'detector') return evaluator;
  if (largest === null || Math.max(...largest) > longestOfSmall) return evaluator;
  const [short, long] = [Math.min(...largest), Math.max(...largest)];
  const side = Math.max(short, 16);
  const sizes = {
    shortSides: [side],
    testShortSide: side,
    longest: Math.max(long, 2 * side),
    anchorScale: Number((side / usualShortSide).toFixed(2)),
  };
  const own = Object.entries({ ...schedule, ...sizes, ...narrow }).filter(([key]) =>
    recipe.options.some((option) => option.key === key),
  );
  return { ...evaluator, options: { ...Object.fromEntries(own), ...evaluator.options } };
}
