/** Compares what is read from a folder of `make.py` with what PyTorch reads: names, shapes, values to the bit. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { expect } from 'vitest';
import { bytesOf, sha256 } from '../../../durable/files.ts';
import { openWeights } from '../../../weights/open.ts';

const Expected = v.record(
  v.string(),
  v.object({
    tensors: v.record(v.string(), v.object({ shape: v.array(v.number()), sha256: v.string() })),
    passedOver: v.array(v.string()),
  }),
);
type Expected = v.InferOutput<typeof Expected>;

const isReal = (type: string): boolean => /^(F|BF)\d+$/.test(type);

export const expectedIn = (folder: string): Expected =>
  v.parse(Expected, JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')));

export async function checkWeights(folder: string, name: string, { tensors, passedOver }: Expected[string]) {
  const file = await openWeights(join(folder, name));
  try {
    const found = new Map<string, { shape: readonly number[]; sha256: string }>();
    for (const tensor of file.tensors.filter(({ type }) => isReal(type)))
      found.set(tensor.name, { shape: tensor.shape, sha256: sha256(bytesOf(await file.read(tensor))) });
    expect(Object.fromEntries(found)).toEqual(tensors);
    const told = file.passedOver.flatMap(({ names }) => names);
    const isTold = (at: string): boolean => told.some((one) => one === at || one.startsWith(`${at}.`));
    expect(passedOver.filter((at) => !isTold(at))).toEqual([]);
  } finally {
    await file.close();
  }
}
