/** Opens a weights file, detecting its format from its first bytes rather than its name. */
import { readdir, stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { FaultError } from '../durable/fault-error.ts';
import { openWeightsFile, unreadable, type WeightsFile } from './file.ts';
import { fileOfOthers, folderOfOthers } from './other-programs.ts';
import { openPickleStream } from './pickle-stream.ts';
import { openPth } from './pth.ts';
import { openSafetensors } from './safetensors.ts';
import { openTarPth } from './tar-pth.ts';

const headLength = 512;
const zip = Buffer.from('PK\x03\x04', 'latin1');
/** An archive without a file has only an end. */
const emptyZip = Buffer.from('PK\x05\x06', 'latin1');
/** In the header of a tar archive, POSIX's and GNU's. */
const tarMagic = 'ustar';
const tarMagicAt = 257;
const proto = 0x80;
const newestProtocol = 5;
/** What `torch.save` before 1.6 begins with in protocol 0. */
const magicLine = 'L119547037146038801333356L\n';

async function ends(path: string, size: number): Promise<{ readonly head: Buffer; readonly tail: Buffer }> {
  const { file } = await openWeightsFile(path);
  try {
    const [head, tail] = [Buffer.alloc(Math.min(headLength, size)), Buffer.alloc(Math.min(8, size))];
    await file.read(head, 0, head.length, 0);
    await file.read(tail, 0, tail.length, size - tail.length);
    return { head, tail };
  } finally {
    await file.close();
  }
}

function isPickle(path: string, head: Buffer): boolean {
  if (head[0] === proto && head[1]! <= newestProtocol) return true;
  return head.subarray(0, magicLine.length).toString('latin1') === magicLine || /\.(pkl|pickle)$/.test(path);
}

export async function openWeights(path: string): Promise<WeightsFile> {
  const found = await stat(path);
  if (found.isDirectory()) throw unreadable(path, folderOfOthers(await readdir(path)));
  if (found.size === 0) throw unreadable(path, 'it is empty');
  const { head, tail } = await ends(path, found.size);
  const start = head.subarray(0, zip.length);
  if (start.equals(zip) || start.equals(emptyZip)) return openPth(path);
  if (head.toString('latin1', tarMagicAt, tarMagicAt + tarMagic.length) === tarMagic) return openTarPth(path);
  // The header's length comes first: in any sensible file its upper four bytes are 0; then follows a brace.
  if (head.length > 8 && head.readUInt32LE(4) === 0 && head[8] === 0x7b) return openSafetensors(path);
  const other = fileOfOthers(path, head, tail);
  if (other !== null) throw unreadable(path, other);
  if (isPickle(path, head)) return openPickleStream(path);
  if (extname(path) === '.safetensors') return openSafetensors(path);
  throw new FaultError(
    'not-weights',
    `${path} is neither a safetensors file nor a PyTorch checkpoint nor a pickle of arrays. Choose a file of weights (.pth, .pt, .safetensors, .pkl).`,
    { file: basename(path), path },
  );
}
