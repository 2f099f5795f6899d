/** The IDX format of MNIST: a header of big-endian sizes, then bytes; often gzipped. Headers are not trusted. */
import { closeSync, readSync } from 'node:fs';
import { openPlain, openPlainSync, streamPlain } from '../../durable/plain-file.ts';
import { maximumPixels } from '../pixels/image-header.ts';
import { UnusableImage } from '../unusable-image.ts';
import { gunzipped } from './gzip.ts';
import { quoted, said, type Sentence } from '../../protocol/sentence.ts';

export interface IdxHeader {
  readonly headerBytes: number;
  readonly count: number;
  /** 1 for labels. */
  readonly rows: number;
  /** For labels, bytes of each. */
  readonly columns: number;
}

export type IdxKind = 'images' | 'labels';

/** Deflate cannot shrink further than this (zlib's technical notes: 1032 to 1). */
const largestDeflateRatio = 1032;

/** What a packed file may take in memory; EMNIST's largest has 550 MB. A file that is not packed is read where it lies. */
export const mostUnpacked = 2 ** 31;

/** QMNIST's labels are rows of 32-bit numbers, of which the first is the class. */
const [bytes, integers] = [0x08, 0x0c];
const mostColumns = 64;

export function parseIdxHeader(head: Buffer, kind: IdxKind): IdxHeader {
  const isTable = kind === 'labels' && head[2] === integers && head[3] === 2;
  const dimensions = kind === 'images' ? 3 : isTable ? 2 : 1;
  const headerBytes = 4 + 4 * dimensions;
  if (head.length >= 4 && (head[0] !== 0 || head[1] !== 0)) {
    throw new UnusableImage(said`not an IDX file: it begins with ${quoted(head.toString('hex', 0, 4))}`);
  }
  if (head.length < headerBytes) throw new UnusableImage(said`truncated inside its header (${head.length} bytes)`);
  if (isTable) {
    const [rows, columns] = [head.readUInt32BE(4), head.readUInt32BE(8)];
    if (columns < 1 || columns > mostColumns)
      throw new UnusableImage(said`its header states labels of ${columns} numbers each`);
    return { headerBytes, count: rows, rows: 1, columns: 4 * columns };
  }
  if (head[2] !== bytes) {
    throw new UnusableImage(said`its values are of type 0x${head.toString('hex', 2, 3)}; only bytes (0x08) are read`);
  }
  const found = head[3]!;
  if (found !== dimensions)
    throw new UnusableImage(
      kind === 'images'
        ? said`it has ${found} dimensions; images have ${dimensions}`
        : said`it has ${found} dimensions; labels have ${dimensions}`,
    );
  const [count, rows, columns] = [4, 8, 12].map((at) => (at < headerBytes ? head.readUInt32BE(at) : 1));
  if (rows! < 1 || columns! < 1 || rows! * columns! > maximumPixels) {
    throw new UnusableImage(said`its header states images of ${columns!} x ${rows!} pixels`);
  }
  return { headerBytes, count: count!, rows: rows!, columns: columns! };
}

function statedBytes({ headerBytes, count, rows, columns }: IdxHeader): number {
  return headerBytes + count * rows * columns;
}

function describe(header: IdxHeader, kind: IdxKind): Sentence {
  return kind === 'images'
    ? said`${header.count} images of ${header.columns} x ${header.rows} pixels`
    : said`${header.count} labels`;
}

export function isGzip(path: string): boolean {
  return path.endsWith('.gz');
}

/** Uncompressed contents in pieces of at most a few hundred kilobytes. */
function contents(path: string, end?: number): AsyncIterable<Buffer> {
  if (isGzip(path)) return gunzipped(path);
  return streamPlain(path, end === undefined ? {} : { end: end - 1 }) as AsyncIterable<Buffer>;
}

/** Reads and checks the header against the size of the file. */
export async function readIdxHeader(path: string, kind: IdxKind): Promise<IdxHeader> {
  const { file, found } = await openPlain(path);
  await file.close();
  const { size } = found;
  if (size === 0) throw new UnusableImage(said`the file is empty (0 bytes)`);
  let head = Buffer.alloc(0);
  for await (const chunk of contents(path, 16)) {
    head = Buffer.concat([head, chunk.subarray(0, 16 - head.length)]);
    if (head.length >= 16) break;
  }
  const header = parseIdxHeader(head, kind);
  const stated = statedBytes(header);
  if (isGzip(path) ? stated > size * largestDeflateRatio + 1024 : stated !== size) {
    const holds = isGzip(path) ? said`${size} compressed bytes cannot hold that` : said`the file has ${size}`;
    throw new UnusableImage(said`its header states ${describe(header, kind)} (${stated} bytes), but ${holds}`);
  }
  if (isGzip(path) && stated > mostUnpacked)
    throw new UnusableImage(
      said`it unpacks to ${stated} bytes; at most ${mostUnpacked} are read: unpack it with gunzip`,
    );
  return header;
}

/** Yields the body item by item (one image or one label each), checking that its length matches the header. */
export async function* idxItems(path: string, kind: IdxKind, header: IdxHeader): AsyncGenerator<Buffer> {
  const itemBytes = header.rows * header.columns;
  let skip = header.headerBytes;
  let rest: Buffer = Buffer.alloc(0);
  let items = 0;
  const mismatch = (how: Sentence) =>
    new UnusableImage(said`its header states ${describe(header, kind)}, but it holds ${how}`);
  for await (const chunk of contents(path)) {
    const body = skip >= chunk.length ? Buffer.alloc(0) : chunk.subarray(skip);
    skip = Math.max(0, skip - chunk.length);
    rest = rest.length === 0 ? body : Buffer.concat([rest, body]);
    let at = 0;
    for (; at + itemBytes <= rest.length; at += itemBytes) {
      if (items === header.count) throw mismatch(said`more`);
      items++;
      yield rest.subarray(at, at + itemBytes);
    }
    rest = rest.subarray(at);
  }
  if (items === header.count && rest.length > 0) throw mismatch(said`more`);
  if (items !== header.count) throw mismatch(said`only ${items}`);
}

export async function readIdxLabels(path: string): Promise<Uint8Array> {
  const header = await readIdxHeader(path, 'labels');
  const { count, columns } = header;
  const labels = new Uint8Array(count);
  let index = 0;
  for await (const item of idxItems(path, 'labels', header)) {
    const label = columns === 1 ? item[0]! : item.readInt32BE();
    if (label < 0 || label > 255) throw new UnusableImage(said`label ${index} is ${label}; only 0 to 255 are read`);
    labels[index++] = label;
  }
  return labels;
}

/** Random access to images: gzipped ones are kept in memory, plain files are read in place. */
export interface IdxImages {
  image(index: number): Promise<Uint8Array>;
  close(): void;
}

export function openIdxImages(path: string, header: IdxHeader): IdxImages {
  const itemBytes = header.rows * header.columns;
  if (!isGzip(path)) {
    const { file } = openPlainSync(path);
    return {
      async image(index) {
        const pixels = new Uint8Array(itemBytes);
        const read = readSync(file, pixels, 0, itemBytes, header.headerBytes + index * itemBytes);
        if (read < itemBytes) throw new UnusableImage(said`image ${index} lies beyond the end of the file`);
        return pixels;
      },
      close: () => closeSync(file),
    };
  }
  let loaded: Promise<Buffer> | null = null;
  const load = async () => {
    const all = Buffer.allocUnsafe(header.count * itemBytes);
    let at = 0;
    for await (const item of idxItems(path, 'images', header)) at += item.copy(all, at);
    return all;
  };
  return {
    async image(index) {
      const all = await (loaded ??= load());
      return all.subarray(index * itemBytes, (index + 1) * itemBytes);
    },
    close() {
      loaded = null;
    },
  };
}
