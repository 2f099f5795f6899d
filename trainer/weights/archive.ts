/** The table of contents of a zip archive, with zip64 (PKWARE's APPNOTE 6.3). Whether and how its files are unpacked is their reader's. */
import { readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { ArchiveEntry } from './file.ts';

const signatures = { entry: 0x02014b50, header: 0x04034b50, end: 0x06054b50, end64: 0x06064b50, locator64: 0x07064b50 };
const sizes = { entry: 46, header: 30, end: 22, end64: 56, locator64: 20 };
const longestComment = 0xffff;
const mostEntries = 200_000;
const longestTable = 64 * 1024 ** 2;
/** What stands in a field of 32 bits whose value is in the extra field of zip64. */
const elsewhere = 0xffffffff;
const zip64Field = 1;
const isStored = 0;
const isDeflated = 8;
const isEncrypted = 1;
/** Any of Unix's three bits, in the upper half of the external attributes. */
const anyExecutes = 0o111 << 16;

interface Listed {
  readonly name: string;
  readonly method: number;
  readonly flags: number;
  readonly crc32: number;
  /** In the archive. */
  readonly packed: number;
  readonly bytes: number;
  /** Offset of the header that precedes its bytes. */
  readonly header: number;
  readonly isExecutable: boolean;
}

/** The error for the archive; `what` continues a sentence that begins with its path. */
export type Refusal = (what: string) => Error;

/** A file of an archive as it lies there. */
export interface PackedEntry {
  readonly offset: number;
  readonly packed: number;
  /** Unpacked, as the table of contents states it. */
  readonly bytes: number;
  readonly isDeflated: boolean;
  readonly isExecutable: boolean;
}

export class Archive {
  readonly #file: FileHandle;
  readonly #refuse: Refusal;
  readonly #size: number;
  readonly #entries: ReadonlyMap<string, Listed>;
  constructor(file: FileHandle, refuse: Refusal, size: number, entries: ReadonlyMap<string, Listed>) {
    this.#file = file;
    this.#refuse = refuse;
    this.#size = size;
    this.#entries = entries;
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  bytesOf(name: string): number | null {
    return this.#entries.get(name)?.bytes ?? null;
  }

  /** Where the bytes of an entry are; null if there is no such entry. @throws the refusal if they are packed */
  place(name: string): ArchiveEntry | null {
    const listed = this.#entries.get(name);
    if (!listed) return null;
    const { method, crc32, bytes } = listed;
    if (method !== isStored) throw this.#refuse(`${name} in it is compressed, which PyTorch never does`);
    return { name, offset: this.#offsetOf(listed, bytes), bytes, crc32 };
  }

  /** The same for an entry that may be packed. @throws the refusal if it is packed in another way than zip's own */
  packed(name: string): PackedEntry | null {
    const listed = this.#entries.get(name);
    if (!listed) return null;
    const { method, packed, bytes, isExecutable } = listed;
    if (method !== isStored && method !== isDeflated)
      throw this.#refuse(`${name} in it is packed by method ${method}; read are 0 and 8`);
    return { offset: this.#offsetOf(listed, packed), packed, bytes, isDeflated: method === isDeflated, isExecutable };
  }

  #offsetOf({ name, flags, header }: Listed, length: number): number {
    if ((flags & isEncrypted) !== 0) throw this.#refuse(`${name} in it is encrypted`);
    const head = Buffer.alloc(sizes.header);
    // Synchronous: an archive of 66,000 storages would wait for three seconds for as many promises.
    const read = readSync(this.#file.fd, head, 0, sizes.header, header);
    if (read < sizes.header || head.readUInt32LE() !== signatures.header)
      throw this.#refuse(`${name} is not at byte ${header}, where its table of contents places it`);
    const offset = header + sizes.header + head.readUInt16LE(26) + head.readUInt16LE(28);
    if (offset + length > this.#size) throw this.#refuse(`it ends in the middle of ${name}`);
    return offset;
  }
}

async function read(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(Math.max(length, 0));
  const { bytesRead } = await file.read(buffer, 0, buffer.length, Math.max(offset, 0));
  return buffer.subarray(0, bytesRead);
}

function safe(refuse: Refusal, value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw refuse(`its table of contents names byte ${value}`);
  return Number(value);
}

interface Table {
  readonly entries: number;
  readonly bytes: number;
  readonly offset: number;
}

async function findTable(file: FileHandle, refuse: Refusal, size: number): Promise<Table> {
  const tailLength = Math.min(size, sizes.end + longestComment);
  const tail = await read(file, size - tailLength, tailLength);
  for (let at = tail.length - sizes.end; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== signatures.end || at + sizes.end + tail.readUInt16LE(at + 20) !== tail.length)
      continue;
    const near = {
      entries: tail.readUInt16LE(at + 10),
      bytes: tail.readUInt32LE(at + 12),
      offset: tail.readUInt32LE(at + 16),
    };
    const locator = at - sizes.locator64;
    if (locator < 0 || tail.readUInt32LE(locator) !== signatures.locator64) return near;
    const end = await read(file, safe(refuse, tail.readBigUInt64LE(locator + 8)), sizes.end64);
    if (end.length < sizes.end64 || end.readUInt32LE() !== signatures.end64)
      throw refuse('its table of contents is not where its end places it');
    return {
      entries: safe(refuse, end.readBigUInt64LE(32)),
      bytes: safe(refuse, end.readBigUInt64LE(40)),
      offset: safe(refuse, end.readBigUInt64LE(48)),
    };
  }
  throw refuse('it is an archive without an end: it may be cut off');
}

/** The sizes and the place of an entry, from its extra field where they take more than 32 bits. */
function wide(refuse: Refusal, narrow: readonly number[], extra: Buffer): readonly number[] {
  if (!narrow.includes(elsewhere)) return narrow;
  for (let at = 0; at + 4 <= extra.length;) {
    const [id, length] = [extra.readUInt16LE(at), extra.readUInt16LE(at + 2)];
    const field = extra.subarray(at + 4, at + 4 + length);
    at += 4 + length;
    if (id !== zip64Field) continue;
    let taken = 0;
    return narrow.map((value) => {
      if (value !== elsewhere) return value;
      if (taken + 8 > field.length) throw refuse('its table of contents is damaged');
      taken += 8;
      return safe(refuse, field.readBigUInt64LE(taken - 8));
    });
  }
  return narrow;
}

/** @throws the refusal for what no reader could agree on: entries twice, names that lead out of the archive */
export async function openArchive(file: FileHandle, refuse: Refusal): Promise<Archive> {
  const { size } = await file.stat();
  const { entries, bytes, offset } = await findTable(file, refuse, size);
  if (entries > mostEntries) throw refuse(`it holds more than ${mostEntries} files`);
  if (bytes > longestTable || offset + bytes > size)
    throw refuse(`its table of contents has ${bytes} bytes at byte ${offset} of ${size}`);
  const table = await read(file, offset, bytes);
  const found = new Map<string, Listed>();
  for (let at = 0, count = 0; count < entries; count++) {
    if (at + sizes.entry > table.length || table.readUInt32LE(at) !== signatures.entry)
      throw refuse(`its table of contents ends after ${count} of ${entries} files`);
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => table.readUInt16LE(at + field));
    const nameAt = at + sizes.entry;
    const extraAt = nameAt + nameLength!;
    const name = table.toString('utf8', nameAt, extraAt);
    if (found.has(name)) throw refuse(`it holds ${name} twice`);
    if (/^[/\\]|(^|[/\\])\.\.([/\\]|$)/.test(name)) throw refuse(`its file ${name} leads out of the archive`);
    const extra = table.subarray(extraAt, extraAt + extraLength!);
    const narrow = [table.readUInt32LE(at + 24), table.readUInt32LE(at + 20), table.readUInt32LE(at + 42)];
    const [whole, packed, header] = wide(refuse, narrow, extra);
    found.set(name, {
      name,
      method: table.readUInt16LE(at + 10),
      flags: table.readUInt16LE(at + 8),
      crc32: table.readUInt32LE(at + 16),
      packed: packed!,
      bytes: whole!,
      header: header!,
      isExecutable: (table.readUInt32LE(at + 38) & anyExecutes) !== 0,
    });
    at = extraAt + extraLength! + commentLength!;
  }
  return new Archive(file, refuse, size, found);
}
