/** Part of a split, for evaluations with few labels. */
import { basename } from 'node:path';
import { openPlain } from '../../durable/plain-file.ts';
import { FaultError } from '../../durable/fault-error.ts';
import { groupBy } from '../../group-by.ts';
import type { DataSource, Subset } from '../../protocol/run.ts';
import { keyed } from '../../random.ts';
import type { OpenDataset } from '../../recipe.ts';
import { nameOf } from './image-table.ts';
import { reasonOf } from '../unusable-image.ts';
import { inEnglish } from '../../protocol/sentence.ts';

/** Indices of the chosen samples, in order: the given fraction of every class, rounded, but at least one. */
export function chosenBy({ share, seed }: Extract<Subset, { kind: 'share' }>, labels: Int32Array): Int32Array {
  const byClass = groupBy(labels.keys(), (place) => labels[place]!);
  const chosen = [...byClass].flatMap(([label, places]) => {
    const order = keyed(seed, 'subset', label).permutation(places.length);
    return [...order.subarray(0, Math.max(1, Math.round(share * places.length)))].map((at) => places[at]!);
  });
  return Int32Array.from(chosen).sort();
}

/** A list of all of ImageNet is 30 MB. */
const longestList = 256 << 20;

async function readList(path: string): Promise<ReadonlySet<string>> {
  try {
    const { file, found } = await openPlain(path);
    try {
      const { size } = found;
      if (size > longestList)
        throw new FaultError('unreadable-file', `${path} has ${size} bytes; a list may have at most ${longestList}.`, {
          path,
        });
      const lines = (await file.readFile('utf8')).split('\n').map((line) => basename(line.trim()));
      return new Set(lines.filter((line) => line !== ''));
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof FaultError) throw error;
    throw new FaultError('unreadable-file', `${path}: ${inEnglish(reasonOf(error))}. Choose the list again.`, { path });
  }
}

/** Indices of the samples named in a file, in order. */
async function namedIn(list: string, { found }: OpenDataset, { path, split }: DataSource): Promise<Int32Array> {
  const names = await readList(list);
  if (!found)
    throw new FaultError(
      'bad-argument',
      `The images of ${path} are not named files, so a list cannot select them: draw a fraction by seed instead.`,
      { path },
    );
  const missing = new Set(names);
  const chosen: number[] = [];
  for (let place = 0; place < found.images.count; place++) {
    const name = basename(nameOf(found.images, place));
    if (!names.has(name)) continue;
    chosen.push(place);
    missing.delete(name);
  }
  const [first] = missing;
  if (names.size > 0 && first === undefined) return Int32Array.from(chosen);
  const why =
    first === undefined
      ? 'it does not name any image'
      : `${missing.size} of its ${names.size} names, such as "${first}", are not there`;
  throw new FaultError('bad-argument', `${list} is not a list of images of the split "${split}" of ${path}: ${why}.`, {
    path: list,
    split,
  });
}

async function placesOf(whole: OpenDataset, subset: Subset, source: DataSource): Promise<Int32Array> {
  if (subset.kind === 'list') return namedIn(subset.path, whole, source);
  const labels = await whole.labels();
  if (labels) return chosenBy(subset, labels);
  throw new FaultError(
    'wrong-folder',
    `The split "${source.split}" of ${source.path} has no labels, so a fraction of each class cannot be drawn: choose a labelled split.`,
    { path: source.path, split: source.split },
  );
}

function rowsOf(table: Int8Array, columns: number, rows: Int32Array): Int8Array {
  const chosen = new Int8Array(rows.length * columns);
  rows.forEach((row, at) => chosen.set(table.subarray(row * columns, (row + 1) * columns), at * columns));
  return chosen;
}

/** The data set restricted to the chosen samples. Closing it closes `whole`. */
export async function partOf(whole: OpenDataset, subset: Subset, source: DataSource): Promise<OpenDataset> {
  try {
    const chosen = await placesOf(whole, subset, source);
    const labels = await whole.labels();
    const { presence, objects } = whole;
    return {
      ...whole,
      ...(presence ? { presence: async () => rowsOf(await presence.call(whole), whole.classes.length, chosen) } : {}),
      ...(objects ? { objects: (index) => objects.call(whole, chosen[index]!) } : {}),
      count: chosen.length,
      labels: () => Promise.resolve(labels && Int32Array.from(chosen, (place) => labels[place]!)),
      sample: (index) => whole.sample(chosen[index]!),
    };
  } catch (error) {
    await whole.close();
    throw error;
  }
}
