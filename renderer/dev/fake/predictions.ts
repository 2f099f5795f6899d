/** What a made-up evaluation took its images for. */
import type { PredictedClasses, PredictedImage } from '../../../electron/api/predictions.ts';
import { drawnPicture } from './pictures.ts';
import { type FakeAnswers } from './world.ts';

const names = ['T-shirt/top', 'Trouser', 'Pullover', 'Dress', 'Coat'];
const images = 200;
/** Images of each class that were taken for each. */
const matrix = [
  [150, 0, 12, 30, 8],
  [1, 196, 0, 3, 0],
  [9, 0, 140, 2, 49],
  [18, 2, 4, 170, 6],
  [3, 0, 41, 11, 145],
];
const confusions = matrix
  .flatMap((row, label) => row.map((count, guess) => ({ label, guess, images: count })))
  .filter(({ label, guess, images: count }) => label !== guess && count > 0)
  .sort((one, other) => other.images - one.images);

const found: PredictedClasses = {
  images: images * names.length,
  right: matrix.reduce((sum, row, label) => sum + row[label]!, 0),
  takenForNone: 0,
  classes: names.map((name, label) => {
    const right = matrix[label]![label]!;
    const share = (100 * right) / images;
    const interval = { low: share - 5, high: Math.min(100, share + 4), confidence: 0.95, method: 'wilson' as const };
    return { name, images, right, taken: matrix.reduce((sum, row) => sum + row[label]!, 0), interval };
  }),
  confusions,
};

export function predictionAnswers(): FakeAnswers<
  'predictedClasses' | 'predictedImages' | 'testedPictures' | 'testedPicture'
> {
  return {
    predictedClasses: () => found,
    predictedImages: (_run, { label, guess }, from, count) => {
      const cells = matrix.flatMap((row, of) => row.map((number, as) => ({ label: of, guess: as, number })));
      const chosen = cells.filter(
        (cell) =>
          (label === null || cell.label === label) &&
          (guess === null ? cell.guess !== cell.label : cell.guess === guess),
      );
      const all = chosen
        .flatMap((cell) => Array.from({ length: cell.number }, () => cell))
        .map((cell, at): PredictedImage => {
          return { place: at, label: cell.label, guess: cell.guess, share: 0.99 - at / 1000 };
        });
      return { total: all.length, images: all.slice(from, from + count) };
    },
    testedPictures: (_run, places) =>
      places.map((place) => {
        const own = [names[place % names.length]!];
        const thumbnail = drawnPicture(place);
        return { name: `test/${place}.png`, split: 'test', classes: own, problem: null, thumbnail, objects: null };
      }),
    testedPicture: (_run, place) => {
      return {
        name: `test/${place}.png`,
        split: 'test',
        classes: [],
        problem: null,
        file: null,
        isArchived: false,
        format: 'PNG',
        bytes: 784,
        width: 28,
        height: 28,
        channels: 1,
        place,
        trainingIndex: place,
        isExcluded: false,
        copies: [],
        objects: null,
        shown: drawnPicture(place),
      };
    },
  };
}
