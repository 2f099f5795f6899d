/**
 * The pictures of a data set in the order a filter gives them. A filter's order is computed once, as numbers: a million
 * images take 4 MB. Splits are listed when they are first asked for.
 */
import { FaultError } from '../../durable/fault-error.ts';
import type { PictureFilter } from '../../protocol/browse.ts';
import type { DamagedFile } from '../../protocol/left-out.ts';
import type { DataSource } from '../../protocol/run.ts';
import { readExcludedFiles } from '../../durable/excluded-files.ts';
import { readDamagedFiles } from '../listing/damaged-files.ts';
import { openSplit, type OpenSplit } from './open-split.ts';
import type { Said } from '../../protocol/sentence.ts';

export interface GalleryOptions {
  /** The data set; its split is chosen by each filter. */
  readonly data: Omit<DataSource, 'split'>;
  readonly splits: readonly string[];
  /** Pairs of names with the same contents, as the inspection lists them. */
  readonly leaks: readonly (readonly [string, string])[];
  /** Files that the inspection lists as rejected. */
  readonly rejects: readonly { readonly file: string; readonly reason: Said }[];
  /** Folder with the damaged images that inspections found; null where none are known. */
  readonly datasetsFolder: string | null;
  /** Where listings of archives are kept; null to keep none. */
  readonly cacheFolder: string | null;
}

/** An image of a split, or a rejected file that is none. */
export type Entry =
  | { readonly kind: 'image'; readonly split: OpenSplit; readonly index: number }
  | { readonly kind: 'file'; readonly name: string };

export interface Selection {
  readonly total: number;
  /** @throws FaultError for a place that is not there */
  at(place: number): Entry;
}

/** Orders of this many filters are kept. */
const mostSelections = 8;

/** Images of one split, one after the other; `indexes` null: all of them. */
interface Run {
  readonly split: OpenSplit;
  readonly indexes: Uint32Array | null;
  readonly count: number;
}

function selectionOf(total: number, entryAt: (place: number) => Entry): Selection {
  return {
    total,
    at(place) {
      if (place >= 0 && place < total) return entryAt(place);
      throw new FaultError('bad-argument', `There is no picture ${place + 1}: the filter leaves ${total}.`, {
        count: total,
      });
    },
  };
}

function concatenated(runs: readonly Run[]): Selection {
  const total = runs.reduce((sum, { count }) => sum + count, 0);
  return selectionOf(total, (place) => {
    let rest = place;
    for (const { split, indexes, count } of runs) {
      if (rest < count) return { kind: 'image', split, index: indexes === null ? rest : indexes[rest]! };
      rest -= count;
    }
    throw new RangeError(`place ${place} of ${total}`);
  });
}

/** Images of a split by their class and their objects; null for all of them. */
async function indexesOf(split: OpenSplit, { class: number, objects }: PictureFilter): Promise<Uint32Array | null> {
  const ofClass = number === null ? null : split.ofClass(number);
  if (objects === null) return ofClass;
  const withObjects = await split.withObjects(objects);
  if (ofClass === null) return withObjects;
  const both = new Set(ofClass);
  return withObjects.filter((index) => both.has(index));
}

type Tested = Extract<PictureFilter['among'], { kind: 'tested' }>;

/** The images at places of a split as an evaluation saw it: without those that it left out. */
async function tested(
  { places, without }: Tested,
  wanted: string | null,
  [split]: readonly OpenSplit[],
): Promise<Selection> {
  if (wanted === null)
    throw new FaultError('bad-argument', 'An evaluation is tested on one split: the places are of none.');
  if (split === undefined) return concatenated([]);
  const leftOut = without.length === 0 ? [] : [...(await split.find(new Set(without))).values()].sort((a, b) => a - b);
  const count = split.data.count - leftOut.length;
  const all = selectionOf(count, (place) => {
    // Every image that was left out before it moves it on by one.
    const index = leftOut.reduce((at, out) => (out <= at ? at + 1 : at), place);
    return { kind: 'image', split, index };
  });
  return selectionOf(places.length, (nth) => all.at(places[nth]!));
}

function bySplit(
  files: readonly { readonly split: string; readonly file: string }[],
): ReadonlyMap<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { split, file } of files) found.set(split, (found.get(split) ?? new Set()).add(file));
  return found;
}

export class Gallery {
  readonly #options: GalleryOptions;
  readonly #splits = new Map<string, Promise<OpenSplit | null>>();
  /** By filter, the least recently used first. */
  readonly #selections = new Map<string, Promise<Selection>>();
  /** Of every rejected file. */
  readonly #reasons: ReadonlyMap<string, Said>;
  /** Damaged images by split: training leaves them out. */
  readonly #damaged: ReadonlyMap<string, ReadonlySet<string>>;
  readonly #leftOutIndexes = new Map<string, Promise<Uint32Array>>();
  /** Images that a person left out, by split: they may be others at every question. */
  #excluded: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  #excludedState = '[]';
  readonly #copies = new Map<string, string[]>();

  /** `damaged`: the images that the inspection found damaged, all of them. */
  constructor(options: GalleryOptions, damaged: readonly DamagedFile[]) {
    this.#options = options;
    this.#reasons = new Map([...damaged, ...options.rejects].map(({ file, reason }) => [file, reason]));
    this.#damaged = bySplit(damaged);
    for (const [one, other] of options.leaks) {
      this.#copies.set(one, [...(this.#copies.get(one) ?? []), other]);
      this.#copies.set(other, [...(this.#copies.get(other) ?? []), one]);
    }
  }

  static async open(options: GalleryOptions): Promise<Gallery> {
    const { datasetsFolder } = options;
    const { fingerprint } = options.data;
    const isKnown = datasetsFolder !== null && fingerprint !== undefined;
    return new Gallery(options, isKnown ? await readDamagedFiles(datasetsFolder, fingerprint) : []);
  }

  /** Takes in what a person left out meanwhile; to be called before a question is answered. */
  async refresh(): Promise<void> {
    const { datasetsFolder, data } = this.#options;
    if (datasetsFolder === null || data.fingerprint === undefined) return;
    const excluded = await readExcludedFiles(datasetsFolder, data.fingerprint);
    const state = JSON.stringify(excluded);
    if (state === this.#excludedState) return;
    this.#excludedState = state;
    this.#excluded = bySplit(excluded);
    this.#leftOutIndexes.clear();
    this.#selections.clear();
  }

  isExcluded(split: string, name: string): boolean {
    return this.#excluded.get(split)?.has(name) === true;
  }

  reasonOf(name: string): Said | null {
    return this.#reasons.get(name) ?? null;
  }

  copiesOf(name: string): readonly string[] {
    return this.#copies.get(name) ?? [];
  }

  /** The number that a run on the whole split knows an image by; null for one that it leaves out. */
  async trainingIndex({ split, index }: Extract<Entry, { kind: 'image' }>): Promise<number | null> {
    const known = this.#leftOutIndexes.get(split.split) ?? this.#findLeftOut(split);
    this.#leftOutIndexes.set(split.split, known);
    const leftOut = await known;
    return leftOut.includes(index) ? null : index - leftOut.filter((other) => other < index).length;
  }

  select(filter: PictureFilter): Promise<Selection> {
    const key = JSON.stringify(filter);
    const selection = this.#selections.get(key) ?? this.#order(filter);
    this.#selections.delete(key);
    this.#selections.set(key, selection);
    // A failure may pass, such as that of a drive that is not there.
    selection.catch(() => this.#selections.delete(key));
    for (const oldest of this.#selections.keys()) {
      if (this.#selections.size <= mostSelections) break;
      this.#selections.delete(oldest);
    }
    return selection;
  }

  async close(): Promise<void> {
    for (const split of this.#splits.values()) await (await split.catch(() => null))?.data.close();
  }

  /** Null for a split without images. */
  #split(split: string): Promise<OpenSplit | null> {
    const { data, cacheFolder } = this.#options;
    const known =
      this.#splits.get(split) ??
      openSplit({ ...data, split }, cacheFolder).catch((error: unknown) => {
        if (error instanceof FaultError && error.fault.code === 'empty-dataset') return null;
        this.#splits.delete(split);
        throw error;
      });
    this.#splits.set(split, known);
    return known;
  }

  async #order(filter: PictureFilter): Promise<Selection> {
    const { split: wanted, class: number, objects, among } = filter;
    const { splits } = this.#options;
    if (wanted !== null && !splits.includes(wanted)) {
      throw new FaultError('unknown-id', `There is no split "${wanted}". Known: ${splits.join(', ')}.`, {
        split: wanted,
      });
    }
    const opened: OpenSplit[] = [];
    for (const name of wanted === null ? splits : [wanted]) {
      const split = await this.#split(name);
      if (split !== null) opened.push(split);
    }
    if (among.kind === 'tested') return tested(among, wanted, opened);
    const runs: Run[] = [];
    for (const split of opened) {
      const indexes = await indexesOf(split, filter);
      runs.push({ split, indexes, count: indexes?.length ?? split.data.count });
    }
    if (among.kind === 'all') return concatenated(runs);
    const chosen = new Map(runs.map(({ split, indexes }) => [split, indexes && new Set(indexes)]));
    const entries = await this.#named(this.#namesAmong(among), opened);
    const kept: Entry[] = [];
    for (const entry of entries) {
      const isOfContents =
        entry.kind === 'file'
          ? wanted === null && number === null && objects === null
          : (chosen.get(entry.split)?.has(entry.index) ?? true);
      // The same name in another split is another image.
      const isChosen =
        among.kind !== 'excluded' ||
        (entry.kind === 'image' && this.isExcluded(entry.split.split, await entry.split.nameOf(entry.index)));
      if (isOfContents && isChosen) kept.push(entry);
    }
    return selectionOf(kept.length, (place) => kept[place]!);
  }

  #namesAmong(among: Exclude<PictureFilter['among'], Tested>): readonly string[] {
    if (among.kind === 'named') return among.names;
    if (among.kind === 'excluded') return [...this.#excluded.values()].flatMap((names) => [...names]);
    return [...(among.kind === 'copies' ? this.#copies : this.#reasons).keys()];
  }

  /** Entries in the order of their names. Of a name that is in no split, the rejected file. */
  async #named(names: readonly string[], splits: readonly OpenSplit[]): Promise<readonly Entry[]> {
    const wanted = new Set(names);
    const found = await Promise.all(splits.map(async (split) => ({ split, places: await split.find(wanted) })));
    return [...wanted].flatMap((name): readonly Entry[] => {
      const entries = found.flatMap(({ split, places }) => {
        const index = places.get(name);
        return index === undefined ? [] : [{ kind: 'image' as const, split, index }];
      });
      return entries.length > 0 || !this.#reasons.has(name) ? entries : [{ kind: 'file', name }];
    });
  }

  async #findLeftOut(split: OpenSplit): Promise<Uint32Array> {
    const of = split.split;
    const names = new Set([...(this.#damaged.get(of) ?? []), ...(this.#excluded.get(of) ?? [])]);
    return names.size === 0 ? new Uint32Array(0) : Uint32Array.from((await split.find(names)).values()).sort();
  }
}
