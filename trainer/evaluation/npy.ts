/**
 * NumPy's .npy format, version 1.0: magic, a dict header padded so that the data begins at a multiple of 64,
 * little-endian.
 */
import { bytesOf, writeAtomically } from '../durable/files.ts';

const magic = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);

export async function writeNpy(
  path: string,
  shape: readonly number[],
  values: Float32Array | Int32Array,
): Promise<void> {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const type = values instanceof Float32Array ? '<f4' : '<i4';
  const dictionary = `{'descr': '${type}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const before = magic.length + 2;
  const length = Math.ceil((before + dictionary.length + 1) / 64) * 64 - before;
  const size = Buffer.alloc(2);
  size.writeUInt16LE(length);
  const header = Buffer.from(`${dictionary.padEnd(length - 1, ' ')}\n`, 'latin1');
  await writeAtomically(path, [magic, size, header, bytesOf(values)]);
}
