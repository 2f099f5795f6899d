/**
 * Unpacks zip archives from package registries: no encryption, no multi-part archives, under 4 GiB.
 * Set-up runs before any package is installed, so it cannot use one. Layout: PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12
 * and 4.3.16.
 */
import { createReadStream, createWriteStream, mkdirSync, symlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join, normalize, sep } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw, inflateRawSync } from 'node:zlib';

/**
 * @typedef {object} Entry
 * @property {string} name path inside the archive, with forward slashes
 * @property {number} mode Unix mode with the file type, 0 when the archive has none
 * @property {number} method 0 stored, 8 deflated
 * @property {number} packed bytes in the archive
 * @property {number} size bytes unpacked
 * @property {number} offset where its local header begins
 */

/**
 * @param {import('node:fs/promises').FileHandle} file
 * @param {number} length
 * @param {number} position
 */
async function readAt(file, length, position) {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

/**
 * @param {import('node:fs/promises').FileHandle} file
 * @param {string} path for messages
 * @returns {Promise<Entry[]>}
 */
async function readDirectory(file, path) {
  const { size } = await file.stat();
  // The end record is 22 bytes, followed by a comment of at most 65,535.
  const tail = await readAt(file, Math.min(size, 22 + 0xffff), Math.max(0, size - 22 - 0xffff));
  const end = tail.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0) throw new Error(`${path} is no complete zip archive.`);
  const count = tail.readUInt16LE(end + 10);
  const length = tail.readUInt32LE(end + 12);
  const start = tail.readUInt32LE(end + 16);
  if (count === 0xffff || start === 0xffffffff) throw new Error(`${path} is a zip64 archive, which is not supported.`);
  const directory = await readAt(file, length, start);
  /** @type {Entry[]} */
  const entries = [];
  for (let at = 0, index = 0; index < count; index += 1) {
    const nameLength = directory.readUInt16LE(at + 28);
    entries.push({
      name: directory.toString('utf8', at + 46, at + 46 + nameLength),
      mode: directory.readUInt32LE(at + 38) >>> 16,
      method: directory.readUInt16LE(at + 10),
      packed: directory.readUInt32LE(at + 20),
      size: directory.readUInt32LE(at + 24),
      offset: directory.readUInt32LE(at + 42),
    });
    at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
}

/**
 * @param {import('node:fs/promises').FileHandle} file
 * @param {Entry} entry
 */
async function dataStart(file, entry) {
  const header = await readAt(file, 30, entry.offset);
  return entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
}

/**
 * Unpacks the chosen entries.
 * @param {string} archive
 * @param {string} folder
 * @param {object} [options]
 * @param {(name: string) => string | undefined} [options.rename] the path to unpack to, undefined to leave the entry out
 * @param {(unpacked: number, total: number) => void} [options.onProgress] in bytes
 */
export async function unzip(archive, folder, { rename = (name) => name, onProgress = () => {} } = {}) {
  const file = await open(archive, 'r');
  try {
    const wanted = (await readDirectory(file, archive)).flatMap((entry) => {
      const name = rename(entry.name);
      return name === undefined ? [] : [{ ...entry, path: inside(folder, name) }];
    });
    const total = wanted.reduce((sum, entry) => sum + entry.size, 0);
    let unpacked = 0;
    for (const entry of wanted) {
      if (entry.name.endsWith('/')) {
        mkdirSync(entry.path, { recursive: true });
        continue;
      }
      mkdirSync(dirname(entry.path), { recursive: true });
      if (entry.method !== 0 && entry.method !== 8) {
        throw new Error(
          `${entry.name} in ${archive} is packed with method ${entry.method}; only 0 and 8 are supported.`,
        );
      }
      const start = await dataStart(file, entry);
      if ((entry.mode & 0o170000) === 0o120000) {
        const packed = await readAt(file, entry.packed, start);
        const target = entry.method === 8 ? inflateRawSync(packed) : packed;
        inside(folder, join(dirname(entry.path).slice(folder.length), target.toString('utf8')));
        symlinkSync(target.toString('utf8'), entry.path);
        continue;
      }
      const count = new Transform({
        transform(chunk, _encoding, done) {
          unpacked += chunk.length;
          onProgress(unpacked, total);
          done(null, chunk);
        },
      });
      const write = createWriteStream(entry.path, { mode: entry.mode === 0 ? 0o644 : entry.mode & 0o777 });
      if (entry.size === 0) {
        await pipeline([], write);
        continue;
      }
      const read = createReadStream(archive, { start, end: start + entry.packed - 1, highWaterMark: 1 << 20 });
      if (entry.method === 8) await pipeline(read, createInflateRaw({ chunkSize: 1 << 20 }), count, write);
      else await pipeline(read, count, write);
    }
  } finally {
    await file.close();
  }
}

/**
 * @param {string} folder
 * @param {string} name
 */
function inside(folder, name) {
  const path = normalize(join(folder, name));
  if (!path.startsWith(normalize(folder) + sep)) throw new Error(`The archive names ${name}, outside its own folder.`);
  return path;
}
