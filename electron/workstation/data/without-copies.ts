/**
 * What leaving out the images with a copy in training data does to a figure. The figure itself stays what it is: this is a
 * note beside it.
 */
import type { Result } from '../../../trainer/protocol/results.ts';
import type { DataSource, RunConfig } from '../../../trainer/protocol/run.ts';
import type { WithoutCopies } from '../../api/runs.ts';
import type { Store, StoredResult, StoredRun } from '../store/store.ts';
import { readCopiedImages, type CopiedImages } from './copied-images.ts';
import { readKept } from './kept-results.ts';

const percent = (right: number, images: number): number => (100 * right) / images;

/**
 * @param correct a byte an image of the split, 1 right, 0 wrong
 * @param copied of images of the split, by place, the splits that hold copies of them
 * @param learnedFrom splits of the same data set
 * Null if no image has such a copy, or the figure is not the share of right images.
 */
export function withoutCopies(
  { value, n }: Pick<Result, 'value' | 'n'>,
  correct: Uint8Array,
  copied: ReadonlyMap<number, ReadonlySet<string>>,
  learnedFrom: ReadonlySet<string>,
): WithoutCopies | null {
  const right = correct.reduce((sum, one) => sum + one, 0);
  if (value === null || n !== correct.length || Math.abs(percent(right, n) - value) > 1e-6) return null;
  const splits = new Set<string>();
  let leftOut = 0;
  let rightOut = 0;
  for (const [place, holders] of copied) {
    const shared = [...holders].filter((split) => learnedFrom.has(split));
    if (shared.length === 0 || place >= n) continue;
    for (const split of shared) splits.add(split);
    leftOut++;
    rightOut += correct[place]!;
  }
  if (leftOut === 0) return null;
  const images = n - leftOut;
  return {
    images: leftOut,
    value: images === 0 ? null : percent(right - rightOut, images),
    splits: [...splits].sort(),
  };
}

/** What a model learned from: the head's data, and that of the encoder if it was trained here. */
async function learnedFrom({ config }: StoredRun, store: Pick<Store, 'run'>): Promise<readonly DataSource[]> {
  if (config.kind !== 'evaluate') return [];
  const encoder: RunConfig | undefined =
    config.subject.kind === 'run' ? (await store.run(config.subject.run))?.config : undefined;
  if (encoder?.kind !== 'pretrain') return [config.train];
  return [config.train, encoder.data, ...(encoder.paired === undefined ? [] : [encoder.paired])];
}

/** Images of the test split with copies; null if they are not known for just the images that were tested on. */
async function copiedIn(
  { config }: StoredRun,
  { store, datasetsFolder }: Sources,
): Promise<{ readonly images: number; readonly copied: NonNullable<ReturnType<CopiedImages['get']>> } | null> {
  if (config.kind !== 'evaluate' || config.test.subset !== undefined) return null;
  const { fingerprint, split } = config.test;
  const dataset = (await store.datasets()).find((row) => row.fingerprint === fingerprint);
  const inspected = dataset?.inspection.splits.find((one) => one.split === split);
  if (fingerprint === undefined || inspected === undefined) return null;
  const copied = (await readCopiedImages(datasetsFolder, fingerprint))?.get(split);
  return copied === undefined ? null : { images: inspected.images, copied };
}

interface Sources {
  readonly store: Pick<Store, 'run' | 'datasets'>;
  readonly datasetsFolder: string;
}

/** For each result of a run, the figure without copies. */
export async function figuresWithoutCopies(
  run: StoredRun,
  results: readonly StoredResult[],
  sources: Sources,
): Promise<readonly (WithoutCopies | null)[]> {
  const found = results.some(({ result }) => result.perImage !== undefined) ? await copiedIn(run, sources) : null;
  if (found === null || run.config.kind !== 'evaluate') return results.map(() => null);
  const { fingerprint } = run.config.test;
  const sourcesOfModel = await learnedFrom(run, sources.store);
  const splits = new Set(
    sourcesOfModel.filter((source) => source.fingerprint === fingerprint).map(({ split }) => split),
  );
  return Promise.all(
    results.map(async ({ result }) => {
      // Images found to be damaged during the evaluation shift the places of the others.
      if (result.perImage === undefined || result.n !== found.images) return null;
      const correct = await readKept(run.folder, result.perImage);
      return correct && withoutCopies(result, correct, found.copied, splits);
    }),
  );
}
