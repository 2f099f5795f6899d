/**
 * Maps of a representation. Each is made once by a trainer and kept in the cache under everything that determines it, so a
 * checkpoint that is deleted later still has its map.
 */
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { readLayout, readMap, type StoredMap } from '../../../trainer/durable/map-file.ts';
import type { WantedMap } from '../../api/maps.ts';
import { resolveSubject } from '../drafts/evaluated-encoder.ts';
import type { RequestHandler } from '../request-types.ts';
import type { FeaturesContext } from './features.ts';
import { mappedEncoder, mapsFolder, mapSeed, momentsOf, type MappedEncoder } from './mapped-encoder.ts';

export interface EmbeddingMaps {
  readonly moments: RequestHandler<'mapMoments'>;
  readonly map: RequestHandler<'embeddingMap'>;
  readonly layout: RequestHandler<'mapLayout'>;
}

/** Of all maps together; the oldest go first. */
const cacheBytes = 2 ** 29;

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

async function makeMap(context: FeaturesContext, encoder: MappedEncoder, points: number): Promise<void> {
  const { workspace, store, host, jobs } = context;
  const { subject, shown, data, file } = encoder;
  const runs = new Map((await store.runs()).map((one) => [one.id, one]));
  const job = {
    kind: 'map' as const,
    subject: await resolveSubject(store, subject, runs, workspace.weights),
    data,
    ...shown,
    seed: mapSeed,
    points,
    datasetsFolder: workspace.datasets,
    cacheFolder: workspace.cache,
    file,
  };
  const folder = mapsFolder(context);
  await mkdir(folder, { recursive: true });
  await host.hold('map', () => jobs.run(job, 'map'));
  await makeRoom(folder);
}

/** The map as it is on disk, or made now. */
async function mapOf(context: FeaturesContext, encoder: MappedEncoder, points: number): Promise<StoredMap> {
  const known = await readOrNull(readMap(encoder.file));
  if (known !== null) return known;
  await makeMap(context, encoder, points);
  return expectMade(await readMap(encoder.file), encoder.file);
}

async function layoutOf(context: FeaturesContext, wanted: WantedMap): Promise<Float32Array> {
  const encoder = await mappedEncoder(context, wanted);
  const { file: map, layoutFile: file } = encoder;
  const { points } = (await mapOf(context, encoder, wanted.points)).summary;
  const known = await readOrNull(readLayout(file, points));
  if (known !== null) return known;
  await context.jobs.run({ kind: 'layout', map, seed: mapSeed, file }, 'map');
  return expectMade(await readLayout(file, points), file);
}

function expectMade<T>(made: T | null, path: string): T {
  if (made !== null) return made;
  throw new FaultError('not-found', `${path} was removed while it was made. Try again.`, { path });
}

export function createEmbeddingMaps(context: FeaturesContext): EmbeddingMaps {
  /** Maps are made one after the other: each takes the device. */
  let last: Promise<unknown> = Promise.resolve();
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = last.then(work, work);
    last = done.catch(() => undefined);
    return done;
  }
  return {
    map: (wanted) => inTurn(async () => mapOf(context, await mappedEncoder(context, wanted), wanted.points)),
    layout: (wanted) => inTurn(() => layoutOf(context, wanted)),
    moments: async (run, fingerprint, split, points) => {
      const found = await Promise.all(
        (await momentsOf(context.store, run)).map(async ({ step, epoch, present }) => {
          const { file } = await mappedEncoder(context, { of: { kind: 'run', run, step }, fingerprint, split, points });
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
