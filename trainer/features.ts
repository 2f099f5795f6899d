/** Frozen features of a split, computed once: kept in the cache folder, found again by everything that decides them. */
import { mkdir, readFile, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineFacts, HostBatch } from './engine/engine.ts';
import type { DataSource, Normalization, Preprocessing } from './protocol/run.ts';
import { openEvaluationLoader } from './data/loader.ts';
import type { EvaluationLoader } from './data/pipeline.ts';
import { diskFault } from './failure.ts';
import { FaultError } from './fault.ts';
import { bytesOf, canonicalJson, isMissing, sha256, writeAtomically } from './files.ts';
import type { FeatureSet } from './recipe.ts';
import type { OpenSubject } from './subject.ts';

export interface ClassifiedFeatures extends FeatureSet {
  readonly classes: number;
}

export interface FeatureRequest {
  readonly subject: OpenSubject;
  readonly data: DataSource;
  readonly preprocessing: Preprocessing;
  readonly normalization: Normalization;
  readonly facts: EngineFacts;
  readonly workers: number;
  /** Null: nothing is kept, as for a probe of weights that change. */
  readonly cacheFolder: string | null;
  progress(fraction: number): Promise<void>;
  /** Told when a cached file was damaged and is computed again. */
  notice(code: string, text: string, values: Record<string, string | number>): void;
}

/** Does not change a feature by a bit, as every image is encoded by itself; large enough to keep the cores busy. */
const batch = 250;
const magic = 'reprise-features-1\n';
const cacheBytes = 4 * 1024 ** 3;
/** Node reads no larger file in one piece. */
const largestFile = 2 * 1024 ** 3 - 4096;

/** Names, sizes and times below a folder: what stands for the contents where they have not been hashed. */
async function signatureOf(path: string): Promise<string> {
  const found = await stat(path);
  const names = found.isDirectory() ? (await readdir(path, { recursive: true })).sort() : [''];
  const lines: string[] = [];
  for (const name of names) {
    const { size, mtimeMs } = await stat(join(path, name));
    lines.push(`${name}\0${size}\0${mtimeMs}`);
  }
  return sha256(path, '\0', lines.join('\n'));
}

async function keyOf({ subject, data, preprocessing, normalization, facts }: FeatureRequest): Promise<string> {
  const { dataset, split, exclude = [] } = data;
  const contents = data.fingerprint ?? (await signatureOf(data.path));
  const arithmetic = [facts.device, facts.threads, facts.instructionSet, facts.versions['tensorflow'] ?? ''];
  return sha256(
    canonicalJson({
      subject: subject.key,
      dataset,
      split,
      exclude,
      contents,
      preprocessing,
      normalization,
      arithmetic,
    }),
  );
}

/** Header line, then the values, then the labels. The header holds the hash of all that follows it. */
async function readCached(path: string, notice: FeatureRequest['notice']): Promise<ClassifiedFeatures | null> {
  const file = await readFile(path).catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw error;
  });
  if (!file) return null;
  const headerEnd = file.indexOf(0x0a, magic.length);
  const body = file.subarray(headerEnd + 1);
  const [hash, ...sizes] = file.subarray(magic.length, headerEnd).toString('latin1').split(' ');
  const [rows = 0, columns = 0, classes = 0] = sizes.map(Number);
  if (
    file.subarray(0, magic.length).toString('latin1') !== magic ||
    hash !== sha256(file.subarray(magic.length + 64, headerEnd), body) ||
    body.length !== 4 * rows * (columns + 1)
  ) {
    notice('cache-damaged', `${path} is damaged: the features are computed again.`, { path });
    return null;
  }
  const aligned = body.buffer.slice(body.byteOffset, body.byteOffset + body.length);
  const values = new Float32Array(aligned, 0, rows * columns);
  const now = new Date();
  await utimes(path, now, now);
  return { rows, columns, classes, values, labels: new Int32Array(aligned, 4 * rows * columns, rows) };
}

async function writeCached(path: string, features: ClassifiedFeatures): Promise<void> {
  const sizes = ` ${features.rows} ${features.columns} ${features.classes}`;
  const [values, labels] = [bytesOf(features.values), bytesOf(features.labels)];
  const header = Buffer.from(`${magic}${sha256(sizes, values, labels)}${sizes}\n`);
  await writeAtomically(path, [header, values, labels]);
}

/** Oldest first, until the rest and `coming` fit. */
async function makeRoom(folder: string, coming: number): Promise<void> {
  const files: { readonly path: string; readonly bytes: number; readonly usedAt: number }[] = [];
  for (const name of await readdir(folder)) {
    const found = await stat(join(folder, name));
    files.push({ path: join(folder, name), bytes: found.size, usedAt: found.mtimeMs });
  }
  let total = coming + files.reduce((sum, file) => sum + file.bytes, 0);
  for (const file of files.sort((a, b) => a.usedAt - b.usedAt)) {
    if (total <= cacheBytes) return;
    await rm(file.path, { force: true });
    total -= file.bytes;
  }
}

function labelsOf({ labels }: HostBatch, { dataset, split, path }: DataSource): Int32Array {
  if (labels) return labels;
  throw new FaultError('wrong-folder', `The split "${split}" of ${path} (${dataset}) has no labels to evaluate with.`, {
    path,
    split,
  });
}

async function extract(request: FeatureRequest, loader: EvaluationLoader): Promise<ClassifiedFeatures> {
  const { count, classes } = loader;
  const labels = new Int32Array(count);
  let values = new Float32Array(0);
  let columns = 0;
  let row = 0;
  for (let next = await loader.next(); next; next = await loader.next()) {
    const features = await request.subject.encode(next.views[0]!);
    const [rows = 0, width = 0] = features.shape;
    if (row === 0) {
      columns = width;
      values = new Float32Array(count * columns);
    }
    values.set(features.values, row * columns);
    labels.set(labelsOf(next, request.data), row);
    row += rows;
    await request.progress(row / count);
  }
  return { rows: row, columns, classes, values, labels };
}

/** A cache that cannot be written costs time at the next look, not this evaluation. */
async function store(
  folder: string,
  path: string,
  features: ClassifiedFeatures,
  notice: FeatureRequest['notice'],
): Promise<void> {
  const bytes = features.values.byteLength + features.labels.byteLength;
  if (bytes > largestFile) return;
  try {
    await mkdir(folder, { recursive: true });
    await makeRoom(folder, bytes);
    await writeCached(path, features);
  } catch (error) {
    const fault = diskFault(error, path);
    if (!fault) throw error;
    notice('cache-not-written', fault.message, fault.values);
  }
}

export async function readFeatures(request: FeatureRequest): Promise<ClassifiedFeatures> {
  const { data, preprocessing, normalization, workers, cacheFolder, notice } = request;
  const folder = cacheFolder === null ? null : join(cacheFolder, 'features');
  const path = folder === null ? null : join(folder, `${await keyOf(request)}.bin`);
  const cached = path === null ? null : await readCached(path, notice);
  if (cached) return cached;
  const loader = await openEvaluationLoader({ data, preprocessing, normalization, batch, workers });
  try {
    const features = await extract(request, loader);
    if (folder !== null && path !== null) await store(folder, path, features, notice);
    return features;
  } finally {
    await loader.close();
  }
}
