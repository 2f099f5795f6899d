/** For tests: builds the decoding worker and writes small data sets to a temporary folder. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { deflateSync } from 'node:zlib';
import type { LoaderProgram } from '../loading/worker-pool.ts';
import { keyed } from '../../random.ts';
import { buildPrograms, programFolder } from './build-programs.ts';

const workerFolder = programFolder(`decode-worker-${process.pid}`);

/** @param entries programs in the place of the usual ones, by name */
export async function buildWorker(
  entries: Readonly<Record<string, string>> = {},
): Promise<LoaderProgram & { readonly file: URL }> {
  await buildPrograms(workerFolder, entries);
  return { file: pathToFileURL(join(workerFolder, 'decode-worker.js')) };
}

export const removeWorker = () => rm(workerFolder, { recursive: true, force: true });

/** Runs `work` in a folder that is removed afterwards. */
export async function inTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'reprise-test-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes files by their paths below a folder. */
export async function put(folder: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<void> {
  for (const [path, contents] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), contents);
  }
}

export function idxImages(count: number, rows: number, columns: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32BE(0x0803, 0);
  head.writeUInt32BE(count, 4);
  head.writeUInt32BE(rows, 8);
  head.writeUInt32BE(columns, 12);
  return Buffer.concat([head, body]);
}

export function idxLabels(labels: Uint8Array, stated = labels.length): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(0x0801, 0);
  head.writeUInt32BE(stated, 4);
  return Buffer.concat([head, labels]);
}

export function randomBytes(count: number, name: string): Uint8Array {
  const stream = keyed(1, 'test', name);
  return Uint8Array.from({ length: count }, () => stream.word() >>> 24);
}

/** Random 12 x 12 images in three classes. */
export async function writeIdx(folder: string, train: number, test: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [prefix, count] of [
    ['train', train],
    ['t10k', test],
  ] as const) {
    const labels = Uint8Array.from({ length: count }, (_, i) => i % 3);
    await writeFile(
      join(folder, `${prefix}-images-idx3-ubyte`),
      idxImages(count, 12, 12, randomBytes(count * 144, prefix)),
    );
    await writeFile(join(folder, `${prefix}-labels-idx1-ubyte`), idxLabels(labels));
  }
}

export interface TarEntry {
  readonly name: string;
  readonly contents?: Uint8Array | string;
  /** The typeflag; a plain file by default. */
  readonly type?: string;
  /**
   * The size stated in the header, if different from that of the contents: the field's text, or a number in GNU's
   * encoding.
   */
  readonly size?: string;
  readonly prefix?: string;
}

/** The header of a member (IEEE 1003.1, pax: ustar Interchange Format), and its contents in whole blocks. */
export function tarMember({ name, contents = '', type = '0', size, prefix = '' }: TarEntry): Buffer {
  const body = Buffer.from(contents);
  const header = Buffer.alloc(512);
  header.write(name, 0, 100, 'utf8');
  header.write('0000644\0' + '0000000\0'.repeat(2), 100);
  header.write(size ?? `${body.length.toString(8).padStart(11, '0')}\0`, 124, 12, 'latin1');
  header.write('00000000000\0', 136);
  header.write(' '.repeat(8) + type, 148, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  header.write(prefix, 345, 155, 'utf8');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, body, Buffer.alloc(-body.length & 511)]);
}

/** A whole archive, with its end mark. */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.map(tarMember), Buffer.alloc(1024)]);
}

/** An element of a MATLAB file: a tag and the bytes, padded to a multiple of 8. */
function matElement(type: number, bytes: Uint8Array): Buffer {
  if (bytes.length > 0 && bytes.length <= 4) {
    const small = Buffer.alloc(8);
    small.writeUInt32LE((bytes.length << 16) | type);
    small.set(bytes, 4);
    return small;
  }
  const tag = Buffer.alloc(8);
  tag.writeUInt32LE(type);
  tag.writeUInt32LE(bytes.length, 4);
  return Buffer.concat([tag, bytes, Buffer.alloc(-bytes.length & 7)]);
}

/** `kind`: 2 a struct array, 4 text, 6 doubles (MathWorks, MAT-File Format, table 1-3). */
function matArray(kind: number, name: string, rows: number, parts: readonly Buffer[]): Buffer {
  const dimensions = Buffer.from(Int32Array.of(rows, 1).buffer);
  const flags = Buffer.from(Uint32Array.of(kind, 0).buffer);
  const head = [matElement(6, flags), matElement(5, dimensions), matElement(1, Buffer.from(name))];
  return matElement(14, Buffer.concat([...head, ...parts]));
}

/** A MATLAB file with arrays of bytes. */
export function matArrays(
  arrays: Readonly<Record<string, { readonly dimensions: readonly number[]; readonly bytes: Uint8Array }>>,
): Buffer {
  const header = Buffer.alloc(128);
  header.write('MATLAB 5.0 MAT-file');
  header.writeUInt16LE(0x0100, 124);
  header.write('IM', 126);
  const parts = Object.entries(arrays).map(([name, { dimensions, bytes }]) => {
    const array = matElement(
      14,
      Buffer.concat([
        matElement(6, Buffer.from(Uint32Array.of(9, 0).buffer)),
        matElement(5, Buffer.from(Int32Array.from(dimensions).buffer)),
        matElement(1, Buffer.from(name)),
        matElement(2, Buffer.from(bytes)),
      ]),
    );
    const packed = deflateSync(array);
    return Buffer.concat([Buffer.from(Uint32Array.of(15, packed.length).buffer), packed]);
  });
  return Buffer.concat([header, ...parts]);
}

/** A MATLAB file with one table, a struct array, of numbers (stored as doubles, or as bytes if they fit) and texts. */
export function matFile(
  name: string,
  fields: readonly string[],
  rows: readonly (readonly (number | string)[])[],
  compresses: boolean,
): Buffer {
  const header = Buffer.alloc(128);
  header.write('MATLAB 5.0 MAT-file');
  header.writeUInt16LE(0x0100, 124);
  header.write('IM', 126);
  const value = (each: number | string) => {
    if (typeof each === 'string') return matArray(4, '', 1, [matElement(4, Buffer.from(each, 'utf16le'))]);
    const bytes = each < 256 ? Buffer.of(each) : Buffer.from(Float64Array.of(each).buffer);
    return matArray(6, '', 1, [matElement(each < 256 ? 2 : 9, bytes)]);
  };
  const names = Buffer.concat(fields.map((field) => Buffer.concat([Buffer.from(field)], 32)));
  const length = matElement(5, Buffer.from(Int32Array.of(32).buffer));
  const table = matArray(2, name, rows.length, [length, matElement(1, names), ...rows.flat().map(value)]);
  if (!compresses) return Buffer.concat([header, table]);
  const packed = deflateSync(table);
  const tag = Buffer.from(Uint32Array.of(15, packed.length).buffer);
  return Buffer.concat([header, tag, packed]);
}
