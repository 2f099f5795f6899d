/** Small files of weights, for the fuzzing of all readers. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { elementsOf } from '../file.ts';
import { openWeights } from '../open.ts';

const made = join(import.meta.dirname, '../../testing/field/weights/files');
const mostElements = 1_000_000;
const isReal = (type: string): boolean => /^(F|BF)\d+$/.test(type);

/** Archives whose checksums are taken out: they would keep most damage from ever reaching the reader of pickles. */
function withoutChecksums(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (let at = copy.indexOf('PK\x01\x02', 0, 'latin1'); at >= 0; at = copy.indexOf('PK\x01\x02', at + 4, 'latin1'))
    copy.writeUInt32LE(0, at + 16);
  return copy;
}

/** Valid files of every form. */
export const validFiles = (): readonly Buffer[] =>
  readdirSync(made)
    .filter((name) => !name.endsWith('.json'))
    .flatMap((name) => {
      const bytes = readFileSync(join(made, name));
      return [bytes, withoutChecksums(bytes)];
    });

/** Reads every tensor that is not too large. */
export async function readWeights(path: string): Promise<void> {
  const file = await openWeights(path);
  try {
    for (const tensor of file.tensors)
      if (isReal(tensor.type) && elementsOf(path, tensor.name, tensor.shape) <= mostElements) await file.read(tensor);
  } finally {
    await file.close();
  }
}
