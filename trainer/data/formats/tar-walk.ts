/**
 * The headers of a tar archive, wherever its bytes come from. POSIX ustar with pax records (IEEE 1003.1, pax: ustar
 * Interchange Format) and GNU's long names and base-256 numbers (GNU tar manual, Basic Tar Format).
 */
import { UnusableImage } from '../unusable-image.ts';
import { printable, type Rejects } from '../rejects.ts';
import { whyUnsafe } from './unsafe-path.ts';
import { quoted, said, type Sentence } from '../../protocol/sentence.ts';

export interface TarMember {
  readonly name: string;
  /** Offset of its first byte in the archive's file. */
  readonly offset: number;
  readonly size: number;
}

/** A request for bytes of the archive. */
export interface Wanted {
  readonly offset: number;
  readonly size: number;
}

const block = 512;
/** An archive of empty members must not fill the memory; larger data sets come in many archives. */
const mostMembers = 5_000_000;
/** Maximum size of names and the records that hold them. Linux paths have at most 4096 bytes. */
const longestRecord = 1 << 20;

/** Kinds of members: IEEE 1003.1, pax, "typeflag"; letters from the GNU tar manual. */
const plainFile: ReadonlySet<string> = new Set(['0', '\0', '7']);
/** Folders and volume names. */
const noFile: ReadonlySet<string> = new Set(['5', 'V']);
/** Members that describe later ones: long name, pax records, global pax records, long link name. */
const prelude: ReadonlySet<string> = new Set(['L', 'x', 'g', 'K']);
const refused: Readonly<Record<string, Sentence>> = {
  '1': said`a hard link`,
  '2': said`a symbolic link`,
  '3': said`a character device`,
  '4': said`a block device`,
  '6': said`a pipe`,
};

const textOf = (bytes: Buffer) => {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
};

/** An octal number, or, if the first bit is set, a base-256 number. */
function sizeField(field: Buffer): number {
  if (field[0]! & 0x80) {
    const size = field.subarray(1).reduce((value, byte) => value * 256 + byte, field[0]! & 0x7f);
    if (field[0] === 0xff || !Number.isSafeInteger(size))
      throw new UnusableImage(said`it states an impossible file size`);
    return size;
  }
  const digits = textOf(field).trim();
  if (!/^[0-7]+$/.test(digits)) throw new UnusableImage(said`it states a size of "${quoted(printable(digits))}"`);
  return Number.parseInt(digits, 8);
}

/** The sum of the header's bytes, with its own field read as spaces. */
function checksumOf(header: Buffer): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < block; at++) if (at < 148 || at >= 156) sum += header[at]!;
  return sum;
}

/** Records of the form `LENGTH KEY=VALUE\n`; the length counts the whole record. */
function paxRecords(bytes: Buffer): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const digits = bytes.toString('latin1', at, Math.max(at, space));
    const end = at + Number(digits);
    const equals = bytes.indexOf(0x3d, space);
    const isWhole = /^\d{1,7}$/.test(digits) && equals > space && equals < end && bytes[end - 1] === 0x0a;
    if (!isWhole || end > bytes.length) throw new UnusableImage(said`a damaged pax record`);
    records.set(bytes.toString('utf8', space + 1, equals), bytes.toString('utf8', equals + 1, end - 1));
    at = end;
  }
  return records;
}

/** Size of a member: a pax record overrides the field; links have none, whatever the field says. */
function sizeOf(header: Buffer, type: string, records: ReadonlyMap<string, string>): number {
  if (/[1-6]/.test(type)) return 0;
  const stated = records.get('size');
  if (stated === undefined || prelude.has(type)) return sizeField(header.subarray(124, 136));
  const size = Number(stated);
  if (!/^\d+$/.test(stated) || !Number.isSafeInteger(size))
    throw new UnusableImage(said`it states a size of "${quoted(printable(stated))}"`);
  return size;
}

function* ask(offset: number, size: number): Generator<Wanted, Buffer, Buffer> {
  return yield { offset, size };
}

/**
 * Walks the headers from `from` to `end`, Infinity where that is not known. It yields requests for bytes, in ascending
 * order, and members; the caller answers a request through `next` and a member with anything. Fewer bytes than asked
 * for mean that the archive ends there.
 * @throws UnusableImage where it is damaged
 */
export function* walkTar(
  rejects: Rejects,
  archive: string,
  from: number,
  end: number,
): Generator<TarMember | Wanted, void, Buffer> {
  /** Attributes of the next file, given by the members before it. */
  let longName: string | null = null;
  let records: ReadonlyMap<string, string> = new Map();
  let count = 0;
  for (let at = from; ;) {
    const header = yield* ask(at, Math.min(block, end - at));
    if (header.length === 0)
      throw new UnusableImage(said`it ends after ${at - from} bytes without its end mark: truncated`);
    if (header.length < block) throw new UnusableImage(said`it is truncated inside the header at byte ${at - from}`);
    if (header.every((byte) => byte === 0)) return;
    if (Number.parseInt(textOf(header.subarray(148, 156)), 8) !== checksumOf(header))
      throw new UnusableImage(
        said`not a tar archive, or damaged: the checksum of the header at byte ${at - from} does not match`,
      );
    if (++count > mostMembers) throw new UnusableImage(said`it has more than ${mostMembers} members`);

    const type = String.fromCharCode(header[156]!);
    const isUstar = header.toString('latin1', 257, 263) === 'ustar\0';
    const prefix = isUstar ? textOf(header.subarray(345, 500)) : '';
    const own = textOf(header.subarray(0, 100));
    const name = records.get('path') ?? longName ?? (prefix === '' ? own : `${prefix}/${own}`);
    const offset = at + block;
    const size = sizeOf(header, type, records);
    if (size > end - offset)
      throw new UnusableImage(
        said`"${quoted(printable(name))}" is stated to have ${size} bytes, but only ${end - offset} follow: truncated, or a false size`,
      );
    at = Math.min(end, offset + Math.ceil(size / block) * block);

    if (prelude.has(type)) {
      if (size > longestRecord) throw new UnusableImage(said`it has a name or record of ${size} bytes`);
      if (type === 'L') longName = textOf(yield* ask(offset, size));
      if (type === 'x') records = paxRecords(yield* ask(offset, size));
      continue;
    }
    // Its map continues for any number of blocks after the header, which the size does not include.
    if (type === 'S')
      throw new UnusableImage(said`"${quoted(printable(name))}" is a sparse file: pack it without --sparse`);
    const isSparse = [...records.keys()].some((key) => key.startsWith('GNU.sparse.'));
    [longName, records] = [null, new Map()];
    if (noFile.has(type) || (plainFile.has(type) && name.endsWith('/'))) continue;
    const kind = plainFile.has(type)
      ? null
      : (refused[type] ?? said`a member of the unknown kind "${quoted(printable(type))}"`);
    const trouble = kind ?? whyUnsafe(name) ?? (isSparse ? said`a sparse file` : null);
    if (trouble === null) yield { name: name.replace(/^(\.\/)+/, ''), offset, size };
    else rejects.add(`${archive}/${name}`, trouble);
  }
}
