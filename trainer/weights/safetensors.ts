/**
 * The safetensors format (github.com/huggingface/safetensors): the length of a header in 8 bytes, the header in JSON, the
 * tensors' bytes. A reader must trust none of it: lengths, ranges and overlaps are checked before anything is read.
 */
import type { FileHandle } from 'node:fs/promises';
import * as v from 'valibot';
import { FaultError } from '../durable/fault-error.ts';
import { bytesOf, writeAtomically } from '../durable/files.ts';
import { countJsonValues } from '../durable/json-values.ts';
import {
  elementsOf,
  isElementType,
  openedWith,
  rowMajor,
  sizeOf,
  unreadable,
  type Contents,
  type StoredTensor,
  type WeightsFile,
} from './file.ts';
import { PassedOverCounts } from './passed-over.ts';

/** 200,000 tensors with names of a hundred characters; the reference implementation takes three times that. */
export const longestHeader = 32 << 20;
/** Some dozen for each tensor. */
export const mostHeaderValues = 3_000_000;
const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const Entry = v.strictObject({
  dtype: v.string(),
  shape: v.array(natural),
  data_offsets: v.strictTuple([natural, natural]),
});
const Metadata = v.record(v.string(), v.string());

async function headerOf(file: FileHandle, path: string): Promise<{ readonly text: string; readonly end: number }> {
  const { size } = await file.stat();
  const length = Buffer.alloc(8);
  if (size < 8 || (await file.read(length, 0, 8, 0)).bytesRead < 8) throw unreadable(path, `it has ${size} bytes`);
  const long = length.readBigUInt64LE();
  if (long > BigInt(size - 8))
    throw unreadable(path, `its header is stated to have ${long} bytes, but the file has ${size}`);
  if (long > longestHeader)
    throw unreadable(path, `its header has ${long} bytes, more than the limit of ${longestHeader}`);
  const bytes = Buffer.alloc(Number(long));
  await file.read(bytes, 0, bytes.length, 8);
  return { text: bytes.toString('utf8'), end: 8 + bytes.length };
}

function tableOf(path: string, text: string): ReadonlyMap<string, v.InferOutput<typeof Entry>> {
  let parsed: unknown;
  const values = countJsonValues(text);
  if (values > mostHeaderValues)
    throw unreadable(path, `its header has ${values} values, more than the limit of ${mostHeaderValues}`);
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw unreadable(path, `its header is not JSON (${(error as Error).message})`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw unreadable(path, 'its header is not a list of tensors');
  const table = new Map<string, v.InferOutput<typeof Entry>>();
  for (const [name, value] of Object.entries(parsed)) {
    const schema = name === '__metadata__' ? Metadata : Entry;
    const entry = v.safeParse<typeof Entry | typeof Metadata>(schema, value, { abortEarly: true });
    if (!entry.success) throw unreadable(path, `"${name}" in its header: ${entry.issues[0].message}`);
    if (name !== '__metadata__') table.set(name, entry.output as v.InferOutput<typeof Entry>);
  }
  return table;
}

async function contentsOf(file: FileHandle, path: string): Promise<Contents> {
  const { text, end } = await headerOf(file, path);
  const room = (await file.stat()).size - end;
  const tensors: StoredTensor[] = [];
  const passedOver = new PassedOverCounts();
  const ranges: (readonly [number, number])[] = [];
  for (const [name, { dtype, shape, data_offsets: range }] of tableOf(path, text)) {
    const [from, to] = range;
    if (to < from || to > room) throw unreadable(path, `${name} lies at ${from} to ${to} of ${room} bytes`);
    // An empty tensor takes no space, wherever its range lies.
    if (to > from) ranges.push(range);
    // Newer types hold no weights that an encoder can use, but their ranges are checked all the same.
    if (!isElementType(dtype)) {
      passedOver.add(dtype, name);
      continue;
    }
    const bytes = elementsOf(path, name, shape) * sizeOf(dtype);
    if (bytes !== to - from)
      throw unreadable(path, `${name} has ${to - from} bytes for [${shape.join(', ')}] ${dtype}`);
    tensors.push({ name, type: dtype, shape, strides: rowMajor(shape), offset: end + from });
  }
  ranges.sort(([one], [other]) => one - other);
  ranges.reduce((before, [from, to]) => {
    if (from < before) throw unreadable(path, `two of its tensors overlap at byte ${from}`);
    return Math.max(before, to);
  }, 0);
  return { tensors, passedOver: passedOver.list };
}

/** @throws 'unreadable-file' with the reason */
export const openSafetensors = (path: string): Promise<WeightsFile> =>
  openedWith(path, 'safetensors', (file) => contentsOf(file, path));

export interface WrittenTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Writes float32 tensors in the order given. */
export async function writeSafetensors(
  path: string,
  tensors: readonly WrittenTensor[],
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  let at = 0;
  const entries = tensors.map(({ name, shape, values }) => {
    const from = at;
    at += values.byteLength;
    if (values.length !== shape.reduce((product, size) => product * size, 1))
      throw new FaultError('internal', `${name} has ${values.length} values for [${shape.join(', ')}].`);
    return [name, { dtype: 'F32', shape, data_offsets: [from, at] }] as const;
  });
  const text = Buffer.from(JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) }), 'utf8');
  // Padded with spaces, so that the tensors begin at a multiple of 8.
  const header = Buffer.concat([text, Buffer.alloc(-text.length & 7, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  await writeAtomically(path, [length, header, ...tensors.map(({ values }) => bytesOf(values))]);
}
