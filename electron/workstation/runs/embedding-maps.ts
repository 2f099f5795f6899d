/**
 * Maps of a representation. Each is made once by a trainer and kept in the cache under everything that determines it, so a
 * checkpoint that is deleted later still has its map.
 */
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson } from '../../../trainer/durable/canonical-json.ts';
import { readExcludedFiles } from '../../../trainer/durable/excluded-files.ts';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { sha256 } from '../../../trainer/durable/files.ts';
import { readLayout, readMap, type StoredMap } from '../../../trainer/durable/map-file.ts';
import type { ResolvedSubject } from '../../../trainer/protocol/commands.ts';
import { mostMappedImages } from '../../../trainer/protocol/maps.ts';
import { newestResizing, type DataSource, type PretrainConfig, type Subject } from '../../../trainer/protocol/run.ts';
import type { WantedMap } from '../../api/maps.ts';
import { sourceOf } from '../data/sources.ts';
import { resolveSubject, subjectOf } from '../drafts/evaluated-encoder.ts';
import { imagesForWeights } from '../drafts/preprocessing.ts';
import type { RequestHandler } from '../request-types.ts';
import type { StoredDataset } from '../store/store.ts';
import { shownToRun, type FeaturesContext, type Shown } from './features.ts';
import { getRun } from './runs-context.ts';

export interface EmbeddingMaps {
  readonly moments: RequestHandler<'mapMoments'>;
  readonly map: RequestHandler<'embeddingMap'>;
  readonly layout: RequestHandler<'mapLayout'>;
}

/** Of the sample, of clusters and of layouts. It is one, so that two maps of the same images can lie side by side. */
const seed = 1;
/** Another one where maps are computed in another way. */
const edition = 1;
/** Of all maps together; the oldest go first. */
const cacheBytes = 2 ** 29;

type Mapped = Extract<Subject, { kind: 'run' | 'random' | 'weights' }>;

/** What a map is made from, and its files. */
interface Opened {
  readonly subject: Mapped;
  readonly shown: Shown;
  readonly data: DataSource;
  readonly file: string;
  readonly layoutFile: string;
}

/** The weights that a pretraining began with; null where two encoders are trained, whose beginning no control repeats. */
function initialOf({ encoders, seed: own }: PretrainConfig): Mapped | null {
  return encoders.length === 1 ? { kind: 'random', encoder: encoders[0], seed: own } : null;
}

/** Removes the oldest files until the rest fits. */
async function makeRoom(folder: string): Promise<void> {
  const files = await Promise.all(
    (await readdir(folder)).map(async (name) => {
      const { size, mtimeMs } = await stat(join(folder, name));
      return { path: join(folder, name), size, mtimeMs };
    }),
  );
  let total = files.reduce((sum, { size }) => sum + size, 0);
  for (const { path, size } of files.sort((one, other) => one.mtimeMs - other.mtimeMs)) {
    if (total <= cacheBytes) return;
    await rm(path, { force: true });
    total -= size;
  }
}

/** A damaged file of the cache counts as none: it is made anew. */
async function readOrNull<T>(read: Promise<T | null>): Promise<T | null> {
  return read.catch((error: unknown) => {
    if (error instanceof FaultError && error.fault.code === 'unreadable-file') return null;
    throw error;
  });
}

export function createEmbeddingMaps(context: FeaturesContext): EmbeddingMaps {
  const { workspace, store, host, jobs, weights, execution } = context;
  const folder = join(workspace.cache, 'maps');
  /** Maps are made one after the other: each takes the device. */
  let last: Promise<unknown> = Promise.resolve();

  async function datasetOf({ fingerprint, split }: Pick<WantedMap, 'fingerprint' | 'split'>): Promise<StoredDataset> {
    const found = (await store.datasets()).find((one) => one.fingerprint === fingerprint);
    if (found === undefined)
      throw new FaultError('unknown-id', `There is no data set with the fingerprint ${fingerprint}.`, { fingerprint });
    const images = found.inspection.splits.find((one) => one.split === split)?.images;
    if (images === undefined)
      throw new FaultError('unknown-id', `${found.name} has no split "${split}".`, { fingerprint, split });
    if (images > mostMappedImages)
      throw new FaultError(
        'bad-argument',
        `The split "${split}" of ${found.name} has ${images} images, and a map is drawn of a split of at most ${mostMappedImages}: choose a smaller one.`,
        { split, images },
      );
    return found;
  }

  async function pretraining(run: string): Promise<{ readonly title: string; readonly config: PretrainConfig }> {
    const { config, title } = await getRun(store, run);
    if (config.kind === 'pretrain') return { title, config };
    throw new FaultError('bad-argument', `"${title}" is an evaluation; a map is of the encoder that it evaluates.`, {
      run,
    });
  }

  /** The subject, how it sees images, and what tells its weights from all others. */
  async function encoderOf({ of }: WantedMap, { inspection }: StoredDataset) {
    if (of.kind === 'weights') {
      const record = await weights.get(of.weights);
      const shown = { ...imagesForWeights(record, inspection), resizing: newestResizing, execution: await execution() };
      return { subject: subjectOf(record), shown, identity: of.weights };
    }
    const { run, step } = of;
    const { title, config } = await pretraining(run);
    const shown = shownToRun(config, 0, inspection);
    const initial = step === 0 ? initialOf(config) : null;
    if (initial !== null) return { subject: initial, shown, identity: canonicalJson(initial) };
    const saved = (await store.checkpoints(run)).findLast((one) => one.step === step);
    if (saved === undefined)
      throw new FaultError('no-checkpoint', `Run "${title}" has had no checkpoint of step ${step}.`, { run, step });
    const subject = { kind: 'run', run, checkpoint: step, branch: 0 } as const;
    return { subject, shown, identity: `${run} ${step} ${saved.manifestSha256}` };
  }

  async function open(wanted: WantedMap): Promise<Opened> {
    const dataset = await datasetOf(wanted);
    const data = sourceOf(dataset, wanted.split);
    const { subject, shown, identity } = await encoderOf(wanted, dataset);
    const excluded = await readExcludedFiles(workspace.datasets, wanted.fingerprint);
    const { execution: _place, ...images } = shown;
    const everything = { edition, identity, data, excluded, images, points: wanted.points, seed };
    const name = sha256(canonicalJson(everything)).slice(0, 40);
    return { subject, shown, data, file: join(folder, `${name}.map`), layoutFile: join(folder, `${name}.layout`) };
  }

  const resolved = async (subject: Mapped): Promise<ResolvedSubject> =>
    resolveSubject(store, subject, new Map((await store.runs()).map((one) => [one.id, one])), workspace.weights);

  async function make({ subject, shown, data, file }: Opened, points: number): Promise<void> {
    const job = {
      kind: 'map' as const,
      subject: await resolved(subject),
      data,
      ...shown,
      seed,
      points,
      datasetsFolder: workspace.datasets,
      cacheFolder: workspace.cache,
      file,
    };
    await mkdir(folder, { recursive: true });
    await host.hold('map', () => jobs.run(job, 'map'));
    await makeRoom(folder);
  }

  /** The map as it is on disk, or made now. */
  async function mapOf(opened: Opened, points: number): Promise<StoredMap> {
    const known = await readOrNull(readMap(opened.file));
    if (known !== null) return known;
    await make(opened, points);
    const made = await readMap(opened.file);
    if (made !== null) return made;
    throw new FaultError('not-found', `The map ${opened.file} was removed while it was made. Try again.`, {
      path: opened.file,
    });
  }

  async function layoutOf(wanted: WantedMap): Promise<Float32Array> {
    const opened = await open(wanted);
    const { points } = (await mapOf(opened, wanted.points)).summary;
    const known = await readOrNull(readLayout(opened.layoutFile, points));
    if (known !== null) return known;
    const { file: map, layoutFile: file } = opened;
    await jobs.run({ kind: 'layout', map, seed, file }, 'map');
    return (await readLayout(file, points)) ?? layoutOf(wanted);
  }

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = last.then(work, work);
    last = done.catch(() => undefined);
    return done;
  }

  return {
    map: (wanted) => inTurn(async () => mapOf(await open(wanted), wanted.points)),
    layout: (wanted) => inTurn(() => layoutOf(wanted)),
    moments: async (run, fingerprint, split, points) => {
      const { config } = await pretraining(run);
      const saved = new Map((await store.checkpoints(run)).map((one) => [one.step, one]));
      const beginning = initialOf(config) === null ? [] : [{ step: 0, epoch: 0, present: true }];
      const moments = [...beginning, ...[...saved.values()].filter(({ step }) => step > 0)];
      const found = await Promise.all(
        moments.map(async ({ step, epoch, present }) => {
          const { file } = await open({ of: { kind: 'run', run, step }, fingerprint, split, points });
          const isMade = (await stat(file).catch(() => null)) !== null;
          return { step, epoch, isMade, present };
        }),
      );
      return found
        .filter(({ isMade, present }) => isMade || present)
        .map(({ step, epoch, isMade }) => ({ step, epoch, isMade }));
    },
  };
}
