/** The lists of ILSVRC 2012's development kit, read from its archive where it is not unpacked. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readPlainSync } from '../../durable/plain-file.ts';
import { type Rejects } from '../rejects.ts';
import { reasonOf, UnusableImage } from '../unusable-image.ts';
import { said } from '../../protocol/sentence.ts';

const kit = 'ILSVRC2012_devkit_t12.tar.gz';
/** It has 2.5 MB, and 3 MB unpacked. */
const [longestPacked, longestUnpacked] = [64 << 20, 256 << 20];
const block = 512;

function unpacked(path: string): Buffer {
  const packed = readPlainSync(path, longestPacked);
  try {
    return gunzipSync(packed, { maxOutputLength: longestUnpacked });
  } catch (error) {
    throw new UnusableImage(said`its gzip data is damaged`, error);
  }
}

const text = (bytes: Buffer) => bytes.toString('latin1').replace(/\0[^]*$/, '');

/** Plain files of a tar archive in memory, by name; the walk ends at the first header that is none. */
function filesOf(tar: Buffer): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (let at = 0; at + block <= tar.length;) {
    const size = Number.parseInt(text(tar.subarray(at + 124, at + 136)), 8);
    if (!(size >= 0) || at + block + size > tar.length) break;
    files.set(text(tar.subarray(at, at + 100)), tar.subarray(at + block, at + block + size));
    at += block + Math.ceil(size / block) * block;
  }
  return files;
}

/** Its files by where they would lie if it were unpacked; empty if there is none beside the data. */
export function packedKit(folder: string, places: readonly string[], rejects: Rejects): ReadonlyMap<string, Buffer> {
  const place = places.find((each) => existsSync(join(folder, each + kit)));
  if (place === undefined) return new Map();
  try {
    return new Map([...filesOf(unpacked(join(folder, place + kit)))].map(([name, bytes]) => [place + name, bytes]));
  } catch (error) {
    rejects.add(place + kit, reasonOf(error));
    return new Map();
  }
}
