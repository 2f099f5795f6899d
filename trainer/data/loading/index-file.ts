/**
 * Index of the locations of a split's images, kept on disk: listing a million members of an archive takes a million
 * scattered reads, minutes on a hard disk, at the start of every run. Folders of files are listed in seconds and need
 * no index. An index is valid as long as everything in the folders of its archives keeps its name, size and time.
 */
import { mkdir, readFile, readdir, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { diskFault } from '../../durable/disk-fault.ts';
import { canonicalJson } from '../../durable/canonical-json.ts';
import { bytesOf, isMissing, sha256, writeAtomically } from '../../durable/files.ts';
import type { DataSource } from '../../protocol/run.ts';
import type { FoundImages } from '../found-images.ts';
import type { ImageTable } from '../found-images.ts';
import { openData } from './open-data.ts';

const magic = 'reprise-index-2\n';
/** First line of a file: its type, and the SHA-256 of everything after it. */
const preludeOf = (...rest: readonly Uint8Array[]): string => `${magic}${sha256(...rest)}\n`;
const preludeBytes = preludeOf().length;
/** Each about 70 MB for ImageNet. */
const mostFiles = 8;

const Header = v.strictObject({
  /** Signature of the folders with the archives. */
  signature: v.string(),
  folders: v.array(v.string()),
  classes: v.array(v.string()),
  archives: v.array(v.string()),
  count: v.number(),
  nameBytes: v.number(),
  labelled: v.boolean(),
  paged: v.boolean(),
});
type Header = v.InferOutput<typeof Header>;

export interface IndexPlace {
  /** Null disables the index. */
  readonly cacheFolder: string | null;
  notice(code: string, text: string, values: Record<string, string | number>): void;
}

/** Names, sizes and times of the contents of these folders, which are below the data set's. */
async function namesSizesAndTimes(path: string, folders: readonly string[]): Promise<string> {
  const lines: string[] = [];
  for (const folder of folders) {
    for (const name of (await readdir(join(path, folder))).sort()) {
      const { size, mtimeMs } = await stat(join(path, folder, name));
      lines.push(`${folder}\0${name}\0${size}\0${mtimeMs}`);
    }
  }
  return sha256(lines.join('\n'));
}

const fileOf = (cacheFolder: string, { dataset, path, split, fingerprint, exclude, reading }: DataSource): string =>
  join(cacheFolder, 'indexes', `${sha256(canonicalJson({ dataset, path, split, fingerprint, exclude, reading }))}.bin`);

async function read(file: string, path: string, notice: IndexPlace['notice']): Promise<FoundImages | null> {
  const bytes = await readFile(file).catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw error;
  });
  if (bytes === null) return null;
  const end = bytes.indexOf(0x0a, preludeBytes);
  const header = headerOf(bytes, end);
  if (header === null) {
    notice('cache-damaged', `${file} is damaged: the archives are scanned again.`, { path: file });
    return null;
  }
  const { signature, folders, classes } = header;
  // A missing folder has no signature; opening the data will report it.
  if ((await namesSizesAndTimes(path, folders).catch(() => null)) !== signature) return null;
  const now = new Date();
  await utimes(file, now, now);
  return { classes, images: tableOf(bytes, end + 1, header) };
}

/** Null unless the file is exactly as written. */
function headerOf(bytes: Buffer, end: number): Header | null {
  const prelude = bytes.toString('latin1', 0, preludeBytes);
  if (end < 0 || prelude !== preludeOf(bytes.subarray(preludeBytes))) return null;
  return v.parse(Header, JSON.parse(bytes.toString('utf8', preludeBytes, end)));
}

/** The arrays follow one another; each is copied into shared memory. */
function tableOf(bytes: Buffer, from: number, { count, nameBytes, labelled, paged, archives }: Header): ImageTable {
  let at = from;
  const take = (length: number): SharedArrayBuffer => {
    const own = new SharedArrayBuffer(length);
    new Uint8Array(own).set(bytes.subarray(at, at + length));
    at += length;
    return own;
  };
  return {
    count,
    names: new Uint8Array(take(nameBytes)),
    ends: new Uint32Array(take(4 * count)),
    labels: labelled ? new Int32Array(take(4 * count)) : null,
    archived: {
      archives,
      archive: new Uint32Array(take(4 * count)),
      offset: new Float64Array(take(8 * count)),
      size: new Float64Array(take(8 * count)),
      pages: paged ? { bytes: new Float64Array(take(8 * count)), row: new Uint32Array(take(4 * count)) } : null,
    },
  };
}

async function write(file: string, path: string, { classes, images }: FoundImages): Promise<void> {
  const { names, ends, labels, archived, count } = images;
  if (archived === null) return;
  const { archives, archive, offset, size, pages } = archived;
  const own = [archive, offset, size, ...(pages ? [pages.bytes, pages.row] : [])];
  const parts = [names, ends, ...(labels ? [labels] : []), ...own].map(bytesOf);
  const folders = [...new Set(['', ...archives.map((name) => dirname(name)).filter((name) => name !== '.')])].sort();
  const header: Header = {
    signature: await namesSizesAndTimes(path, folders),
    folders,
    classes: [...classes],
    archives: [...archives],
    count,
    nameBytes: names.length,
    labelled: labels !== null,
    paged: pages !== null,
  };
  await mkdir(dirname(file), { recursive: true });
  const rest = [Buffer.from(`${JSON.stringify(header)}\n`), ...parts];
  await writeAtomically(file, [Buffer.from(preludeOf(...rest)), ...rest]);
  await makeRoom(dirname(file));
}

/** Removes the least recently used files. */
async function makeRoom(folder: string): Promise<void> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.bin')).map((name) => join(folder, name));
  const used = await Promise.all(files.map(async (file) => ({ file, at: (await stat(file)).mtimeMs })));
  for (const { file } of used.sort((one, other) => other.at - one.at).slice(mostFiles)) await rm(file, { force: true });
}

/**
 * Locates the images of a split for the whole run; undefined if its reader does not list files. Uses a valid index if
 * there is one; otherwise lists them and, if that is slow, saves an index.
 */
export async function locate(data: DataSource, { cacheFolder, notice }: IndexPlace): Promise<FoundImages | undefined> {
  const file = cacheFolder === null ? null : fileOf(cacheFolder, data);
  const known = file === null ? null : await read(file, data.path, notice);
  if (known) return known;
  const { subset: _part, ...whole } = data;
  const opened = await openData(whole);
  const { found } = opened;
  await opened.close();
  if (file === null || found === undefined) return found;
  try {
    await write(file, data.path, found);
  } catch (error) {
    const fault = diskFault(error, file);
    if (!fault) throw error;
    notice('cache-not-written', fault.message, fault.values);
  }
  return found;
}
