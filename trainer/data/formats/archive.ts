/** Reads tar archives, gzipped or not, from front to end: of a gzipped one no part can be read without what precedes it. */
import { openPlain, streamPlain } from '../../durable/plain-file.ts';
import { startRejects, type Rejects } from '../rejects.ts';
import { UnusableImage } from '../unusable-image.ts';
import { gunzipped } from './gzip.ts';
import { walkTar, type TarMember } from './tar-walk.ts';
import { quoted, said } from '../../protocol/sentence.ts';

export interface ArchivedFile extends TarMember {
  /** To be called, if at all, before the next file is asked for. */
  contents(): Promise<Buffer>;
}

const gzipMagic = Buffer.of(0x1f, 0x8b);
/** Members and bytes looked at to tell what an archive holds. */
const lookedAt = 20;
const lookedAtBytes = 64 << 20;
/** Maximum size of a file that is held in memory. */
const largestFileBytes = 512 << 20;

async function isGzip(path: string): Promise<boolean> {
  const { file } = await openPlain(path);
  try {
    const head = Buffer.alloc(gzipMagic.length);
    await file.read(head, 0, head.length, 0);
    return head.equals(gzipMagic);
  } finally {
    await file.close();
  }
}

/** Bytes of a stream by their offsets, which must ascend. */
class ForwardReader {
  readonly #pieces: AsyncIterator<Buffer>;
  #piece: Buffer = Buffer.alloc(0);
  /** Offset of the first byte of the piece. */
  #at = 0;

  constructor(pieces: AsyncIterable<Buffer>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** Fewer bytes if the stream ends before. */
  async read(offset: number, size: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let [at, left] = [offset, size]; left > 0;) {
      while (at >= this.#at + this.#piece.length) {
        const next = await this.#pieces.next();
        if (next.done === true) return Buffer.concat(parts);
        this.#at += this.#piece.length;
        this.#piece = next.value;
      }
      const part = this.#piece.subarray(at - this.#at, at - this.#at + left);
      parts.push(part);
      at += part.length;
      left -= part.length;
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  async close(): Promise<void> {
    await this.#pieces.return?.();
  }
}

async function* plain(path: string, read: (bytes: number) => void): AsyncGenerator<Buffer> {
  const file = streamPlain(path, { highWaterMark: 1 << 20 });
  for await (const piece of file as AsyncIterable<Buffer>) {
    read(file.bytesRead);
    yield piece;
  }
}

/**
 * The plain files of an archive, in its order. What is not a plain file, or leads outside, goes to `rejects`.
 * @param read called often, with the bytes of the archive's file read so far; may throw to stop
 * @throws UnusableImage if the archive is damaged
 */
export async function* filesIn(
  path: string,
  rejects: Rejects,
  name: string,
  read: (bytes: number) => void = () => undefined,
): AsyncGenerator<ArchivedFile> {
  const bytes = new ForwardReader((await isGzip(path)) ? gunzipped(path, read) : plain(path, read));
  try {
    const steps = walkTar(rejects, name, 0, Infinity);
    for (let step = steps.next(); step.done !== true;) {
      const { value } = step;
      if ('name' in value) {
        yield { ...value, contents: () => contentsOf(bytes, value) };
        step = steps.next(Buffer.alloc(0));
      } else step = steps.next(await bytes.read(value.offset, value.size));
    }
  } finally {
    await bytes.close();
  }
}

async function contentsOf(bytes: ForwardReader, { name, offset, size }: TarMember): Promise<Buffer> {
  if (size > largestFileBytes)
    throw new UnusableImage(
      said`"${quoted(name)}" has ${size} bytes; at most ${largestFileBytes} are read from an archive`,
    );
  const contents = await bytes.read(offset, size);
  if (contents.length < size) throw new UnusableImage(said`it is truncated inside "${quoted(name)}"`);
  return contents;
}

/** Names of the first files of an archive; none if it is not an archive. */
export async function firstNames(path: string): Promise<readonly string[]> {
  const names: string[] = [];
  try {
    for await (const { name, offset } of filesIn(path, startRejects(), '')) {
      names.push(name);
      if (names.length === lookedAt || offset > lookedAtBytes) break;
    }
  } catch (error) {
    if (!(error instanceof UnusableImage)) throw error;
  }
  return names;
}
