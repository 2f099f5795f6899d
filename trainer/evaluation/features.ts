/**
 * Frozen features of a split, computed once: cached in a folder and found again by everything that determines them.
 * They are stored in parts, so that an interrupted extraction resumes where it stopped.
 */
import { mkdir, readFile, readdir, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { diskFault } from '../durable/disk-fault.ts';
import { FaultError } from '../durable/fault-error.ts';
import { canonicalJson } from '../durable/canonical-json.ts';
import type { EngineFacts } from '../engine/binding/engine-facts.ts';
import type { HostBatch } from '../host-batch.ts';
import type { DataSource, Execution, Normalization, Preprocessing, Resizing } from '../protocol/run.ts';
import type { FoundImages } from '../data/found-images.ts';
import type { LeftOut } from '../data/loading/left-out.ts';
import { openEvaluationLoader } from '../data/loading/loader.ts';
import type { EvaluationLoader, EvaluationLoaderOptions } from '../data/loading/pipeline.ts';
import { bytesOf, isMissing, sha256, writeAtomically } from '../durable/files.ts';
import type { FeatureSet } from '../recipe.ts';
import type { EvaluatedEncoder } from './evaluated-encoder.ts';

export interface ClassifiedFeatures extends FeatureSet {
  readonly classes: number;
}

export interface FeatureRequest {
  readonly subject: EvaluatedEncoder;
  readonly data: DataSource;
  /** Locations of its images, if already looked up. */
  readonly found?: FoundImages | undefined;
  readonly preprocessing: Preprocessing;
  readonly normalization: Normalization;
  readonly resizing: Resizing;
  readonly execution: Execution;
  readonly facts: EngineFacts;
  /** Record of the images to leave out; without one a damaged image is a fault. */
  readonly leftOut?: LeftOut | undefined;
  /** Waits for data that goes away; without it that is a fault. */
  readonly reach?: EvaluationLoaderOptions['reach'];
  /** Puts another image in the place of a damaged one, so that rows keep their numbers. */
  readonly substitutes?: boolean | undefined;
  /** False: images without a class are included too, with label -1. */
  readonly withLabels: boolean;
  /** Null disables the cache, as for a probe of changing weights. */
  readonly cacheFolder: string | null;
  progress(fraction: number): Promise<void>;
  /** Called when a cached file is damaged and recomputed. */
  notice(code: string, text: string, values: Record<string, string | number>): void;
}

/** Does not affect the features, since every image is encoded independently; large enough to keep the cores busy. */
const batch = 250;
const magic = 'reprise-features-2\n';
/** Total size of all entries, unless a single one is larger. */
const cacheBytes = 4 * 1024 ** 3;
/** Minimum number of images per cache file: at most minutes of encoding, and about 20 MB for a ResNet-50. */
const partRows = 10 * batch;

/** Names, sizes and times below a folder, which stand in for contents that have not been hashed. */
async function namesSizesAndTimes(path: string): Promise<string> {
  const found = await stat(path);
  const names = found.isDirectory() ? (await readdir(path, { recursive: true })).sort() : [''];
  const lines: string[] = [];
  for (const name of names) {
    const { size, mtimeMs } = await stat(join(path, name));
    lines.push(`${name}\0${size}\0${mtimeMs}`);
  }
  return sha256(path, '\0', lines.join('\n'));
}

async function keyOf({
  subject,
  data,
  preprocessing,
  normalization,
  resizing,
  execution,
  facts,
}: FeatureRequest): Promise<string> {
  const { dataset, split, exclude = [], reading, subset } = data;
  const contents = data.fingerprint ?? (await namesSizesAndTimes(data.path));
  const { engine, precision, device, threads } = execution;
  const { instructionSet, versions } = facts;
  const { tensorflow, arithmetic: sums, gpu, cuda, cudnn } = versions;
  const arithmetic = { engine, precision, device, threads, instructionSet, tensorflow, sums, gpu, cuda, cudnn };
  return sha256(
    canonicalJson({
      subject: subject.key,
      dataset,
      split,
      exclude,
      reading,
      subset,
      contents,
      preprocessing,
      normalization,
      // Said from the second order on, so that features of before are found again.
      ...(resizing === 'pillow-12.1' ? {} : { resizing }),
      arithmetic,
    }),
  );
}

/** Consecutive rows of an entry, stored in one cache file. */
interface Part extends ClassifiedFeatures {
  /** Number of images in the whole split. */
  readonly count: number;
}

const partPath = (entry: string, from: number): string => join(entry, `${from}.bin`);

/** Header line, then the values, then the labels. The header holds the hash of all that follows it. */
async function readPart(path: string, notice: FeatureRequest['notice']): Promise<Part | null> {
  const file = await readFile(path).catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw error;
  });
  if (!file) return null;
  const headerEnd = file.indexOf(0x0a, magic.length);
  const body = file.subarray(headerEnd + 1);
  const [hash, ...sizes] = file.subarray(magic.length, headerEnd).toString('latin1').split(' ');
  const [count = 0, rows = 0, columns = 0, classes = 0] = sizes.map(Number);
  if (
    file.subarray(0, magic.length).toString('latin1') !== magic ||
    hash !== sha256(file.subarray(magic.length + 64, headerEnd), body) ||
    body.length !== 4 * rows * (columns + 1)
  ) {
    notice('cache-damaged', `${path} is damaged: the features are recomputed from there.`, { path });
    return null;
  }
  const aligned = body.buffer.slice(body.byteOffset, body.byteOffset + body.length);
  const values = new Float32Array(aligned, 0, rows * columns);
  return { count, rows, columns, classes, values, labels: new Int32Array(aligned, 4 * rows * columns, rows) };
}

async function writePart(path: string, { count, rows, columns, classes, values, labels }: Part): Promise<void> {
  const sizes = ` ${count} ${rows} ${columns} ${classes}`;
  const bytes = [bytesOf(values), bytesOf(labels)] as const;
  const header = Buffer.from(`${magic}${sha256(sizes, ...bytes)}${sizes}\n`);
  await writeAtomically(path, [header, ...bytes]);
}

/** Removes other entries, least recently used first, until the rest and this one, `coming` bytes, fit. */
async function makeRoom(entry: string, coming: number): Promise<void> {
  const folder = dirname(entry);
  const others: { readonly path: string; readonly bytes: number; readonly usedAt: number }[] = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (path === entry) continue;
    const found = await stat(path);
    const files = found.isDirectory() ? await readdir(path) : [];
    const sizes = await Promise.all(files.map(async (file) => (await stat(join(path, file))).size));
    others.push({ path, bytes: sizes.reduce((sum, size) => sum + size, found.size), usedAt: found.mtimeMs });
  }
  let total = coming + others.reduce((sum, other) => sum + other.bytes, 0);
  for (const other of others.sort((a, b) => a.usedAt - b.usedAt)) {
    if (total <= cacheBytes) return;
    await rm(other.path, { recursive: true, force: true });
    total -= other.bytes;
  }
}

function labelsOf({ targets, index }: HostBatch, { dataset, split, path }: DataSource, needed: boolean): Int32Array {
  if (targets.label) return targets.label.values as Int32Array;
  if (!needed) return new Int32Array(index.length).fill(-1);
  throw new FaultError(
    'wrong-folder',
    `The split "${split}" of ${path} (${dataset}) has no labels for the evaluation.`,
    {
      path,
      split,
    },
  );
}

/** Collects rows from the cache and from the encoder. */
function createTable(count: number, classes: number) {
  const labels = new Int32Array(count);
  let values = new Float32Array(0);
  let columns = 0;
  let rows = 0;
  return {
    count,
    rows: () => rows,
    append(part: { readonly columns: number; readonly values: Float32Array; readonly labels: Int32Array }): void {
      if (columns === 0) {
        columns = part.columns;
        values = new Float32Array(count * columns);
      }
      values.set(part.values, rows * columns);
      labels.set(part.labels, rows);
      rows += part.labels.length;
    },
    since(first: number): Part {
      const [from, to] = [first * columns, rows * columns];
      return {
        count,
        classes,
        columns,
        rows: rows - first,
        values: values.subarray(from, to),
        labels: labels.subarray(first, rows),
      };
    },
    whole: (): ClassifiedFeatures => ({ rows, columns, classes, values, labels }),
  };
}
type Table = ReturnType<typeof createTable>;

/** The cached rows of an entry, from the first on without a gap; null if there are none. */
async function readParts(entry: string, notice: FeatureRequest['notice']): Promise<Table | null> {
  let table: Table | null = null;
  while (!table || table.rows() < table.count) {
    const part = await readPart(partPath(entry, table?.rows() ?? 0), notice);
    if (!part) break;
    table ??= createTable(part.count, part.classes);
    table.append(part);
  }
  if (table) {
    // Marks the entry as used, so that others are removed first.
    const now = new Date();
    await utimes(entry, now, now);
  }
  return table;
}

/** Writes parts as long as writes succeed: a failing cache costs time later but does not fail this evaluation. */
function partWriter(
  entry: string | null,
  notice: FeatureRequest['notice'],
): (from: number, part: Part) => Promise<void> {
  let works = true;
  let hasRoom = false;
  return async (from, part) => {
    if (entry === null || !works) return;
    const path = partPath(entry, from);
    try {
      await mkdir(entry, { recursive: true });
      // Once, for the whole entry.
      if (!hasRoom) await makeRoom(entry, 4 * part.count * (part.columns + 1));
      hasRoom = true;
      await writePart(path, part);
    } catch (error) {
      const fault = diskFault(error, path);
      if (!fault) throw error;
      works = false;
      notice('cache-not-written', fault.message, fault.values);
    }
  };
}

/** Continues after the existing rows and saves each part, so that a stop or a kill costs at most one. */
async function extract(
  request: FeatureRequest,
  loader: EvaluationLoader,
  table: Table,
  write: ReturnType<typeof partWriter>,
): Promise<void> {
  let written = table.rows();
  for (let next = await loader.next(); next; next = await loader.next()) {
    const encoded = await request.subject.encode(next.views[0]!);
    loader.release(next);
    const labels = labelsOf(next, request.data, request.withLabels);
    table.append({ columns: encoded.shape[1]!, values: encoded.values as Float32Array, labels });
    const rows = table.rows();
    if (rows - written >= partRows || rows === table.count) {
      await write(written, table.since(written));
      written = rows;
    }
    await request.progress(rows / table.count);
  }
}

export async function readFeatures(request: FeatureRequest): Promise<ClassifiedFeatures> {
  const { data, found, leftOut, reach, substitutes, progress, preprocessing, normalization, resizing, execution } =
    request;
  const { cacheFolder, notice } = request;
  const entry = cacheFolder === null ? null : join(cacheFolder, 'features', await keyOf(request));
  const known = entry === null ? null : await readParts(entry, notice);
  if (known && known.rows() === known.count) return known.whole();
  const from = known?.rows() ?? 0;
  const workers = execution.loaderWorkers;
  const loader = await openEvaluationLoader({
    data,
    found,
    leftOut,
    reach,
    substitutes,
    progress,
    preprocessing,
    normalization,
    resizing,
    batch,
    workers,
    from,
  });
  try {
    const table = known ?? createTable(loader.count, loader.classes);
    await extract(request, loader, table, partWriter(entry, notice));
    return table.whole();
  } finally {
    await loader.close();
  }
}
