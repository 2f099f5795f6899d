/** Reads what an evaluation took each image of its test split for: classes, confusions, and the images to look at. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { isMissing } from '../../../trainer/durable/files.ts';
import { unpackPredictions } from '../../../trainer/durable/predictions-file.ts';
import { noClass, wholeShare, type Predictions } from '../../../trainer/protocol/predictions.ts';
import type { Result } from '../../../trainer/protocol/results.ts';
import type { PredictedClasses, PredictedImages, PredictionChoice } from '../../api/predictions.ts';
import { wilson } from '../comparison/statistics/intervals.ts';
import { readKept } from '../data/kept-results.ts';
import { namesLeftOut } from '../data/left-out-images.ts';
import type { Pictures } from '../data/pictures.ts';
import type { RequestHandler } from '../request-types.ts';
import type { Store } from '../store/store.ts';
import { getRun } from './runs-context.ts';

export interface PredictionReading {
  readonly classes: RequestHandler<'predictedClasses'>;
  readonly images: RequestHandler<'predictedImages'>;
  readonly pictures: RequestHandler<'testedPictures'>;
  readonly picture: RequestHandler<'testedPicture'>;
}

/** Ten million images; a larger file was not written by this program. */
const mostBytes = 64 * 2 ** 20;
const confidence = 0.95;

/** The file that was read last, by path, size and time: a page asks for one part after the other. */
let kept: { readonly state: string; readonly predictions: Predictions } | null = null;

async function read(
  folder: string,
  { predictions: file, n }: Result & { readonly predictions: string },
): Promise<Predictions> {
  const path = join(folder, file);
  const gone = (): FaultError =>
    new FaultError('not-found', `${path} is gone: what each image was taken for is not known. Evaluate again.`, {
      path,
    });
  const { size, mtimeMs } = await stat(path).catch((error: unknown) => {
    throw isMissing(error) ? gone() : error;
  });
  const state = `${path} ${size} ${mtimeMs}`;
  if (kept?.state === state) return kept.predictions;
  const bytes = await readKept(folder, file, mostBytes);
  if (bytes === null) throw gone();
  const predictions = unpacked(path, bytes, n);
  kept = { state, predictions };
  return predictions;
}

function unpacked(path: string, bytes: Uint8Array, images: number): Predictions {
  const unreadable = (reason: string): FaultError =>
    new FaultError('unreadable-file', `${path} cannot be read (${reason}). Evaluate again, or remove the file.`, {
      path,
    });
  let found: Predictions;
  try {
    found = unpackPredictions(bytes);
  } catch (error) {
    throw unreadable((error as Error).message);
  }
  if (found.labels.length === images) return found;
  throw unreadable(`it has ${found.labels.length} images, and ${images} were tested`);
}

/** Counts classes and confusions. The images of a class, right or taken for one of the others or for none, add up to it. */
export function classesOf({ names, labels, guesses }: Predictions): PredictedClasses {
  const images = new Uint32Array(names.length);
  const right = new Uint32Array(names.length);
  const taken = new Uint32Array(names.length);
  const confused = new Map<number, number>();
  let takenForNone = 0;
  for (const [at, label] of labels.entries()) {
    const guess = guesses[at]!;
    images[label]!++;
    if (guess === noClass) takenForNone++;
    else taken[guess]!++;
    if (guess === label) right[label]!++;
    else if (guess !== noClass) {
      const pair = label * names.length + guess;
      confused.set(pair, (confused.get(pair) ?? 0) + 1);
    }
  }
  return {
    images: labels.length,
    right: right.reduce((sum, one) => sum + one, 0),
    takenForNone,
    classes: names.map((name, label) => ({
      name,
      images: images[label]!,
      right: right[label]!,
      taken: taken[label]!,
      interval: intervalOf(right[label]!, images[label]!),
    })),
    confusions: [...confused]
      .map(([pair, count]) => ({ label: Math.floor(pair / names.length), guess: pair % names.length, images: count }))
      .sort((one, other) => other.images - one.images || one.label - other.label || one.guess - other.guess),
  };
}

function intervalOf(right: number, images: number): PredictedClasses['classes'][number]['interval'] {
  if (images === 0) return null;
  return { ...wilson((100 * right) / images, images, confidence), confidence, method: 'wilson' };
}

/** Images of a choice, the surest first; of equal ones the first of the split. */
export function imagesOf(
  { labels, guesses, shares }: Predictions,
  { label, guess }: PredictionChoice,
  from: number,
  count: number,
): PredictedImages {
  const places = [...labels.keys()].filter(
    (at) =>
      (label === null || labels[at] === label) && (guess === null ? guesses[at] !== labels[at] : guesses[at] === guess),
  );
  places.sort((one, other) => shares[other]! - shares[one]! || one - other);
  return {
    total: places.length,
    images: places.slice(from, from + count).map((place) => ({
      place,
      label: labels[place]!,
      guess: guesses[place] === noClass ? null : guesses[place]!,
      share: shares[place]! / wholeShare,
    })),
  };
}

export function createPredictionReading(
  store: Pick<Store, 'run' | 'results'>,
  pictures: Pick<Pictures, 'range' | 'picture'>,
): PredictionReading {
  async function predictionsOf(id: string, which: Result['which']): Promise<Predictions> {
    const { folder } = await getRun(store, id);
    const results = (await store.results([id])).map(({ result }) => result);
    const found = results.findLast((result) => result.which === which && result.predictions !== undefined);
    if (found?.predictions !== undefined) return read(folder, { ...found, predictions: found.predictions });
    throw new FaultError('not-found', `Run "${id}" has not kept what its images were taken for. Evaluate again.`, {
      run: id,
    });
  }

  /** Those at places of the run's test split, as it was tested. */
  async function testedOf(id: string, places: readonly number[]) {
    const { config, folder } = await getRun(store, id);
    if (config.kind !== 'evaluate' || config.test.fingerprint === undefined || config.test.subset !== undefined)
      throw new FaultError('not-found', `The pictures that run "${id}" was tested on are not known.`, { run: id });
    const { fingerprint, split, exclude = [] } = config.test;
    const without = [...new Set([...exclude, ...(await namesLeftOut(folder, config.test))])].sort();
    const among = { kind: 'tested' as const, places: [...places], without };
    return { fingerprint, filter: { split, class: null, objects: null, among } };
  }

  return {
    classes: async (id, which) => classesOf(await predictionsOf(id, which)),
    images: async (id, choice, from, count) => imagesOf(await predictionsOf(id, choice.which), choice, from, count),
    pictures: async (id, places) => {
      const { fingerprint, filter } = await testedOf(id, places);
      return (await pictures.range(fingerprint, filter, 0, places.length)).pictures;
    },
    picture: async (id, place) => {
      const { fingerprint, filter } = await testedOf(id, [place]);
      return pictures.picture(fingerprint, filter, 0);
    },
  };
}
