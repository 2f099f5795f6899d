/** Memory of batches is used again once it is given back, and never while a worker may write to it. */
import koffi from 'koffi';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { View } from '../../protocol/run.ts';
import { createAssembly } from './assembly.ts';
import type { RenderedViews, ViewRequest } from './view-renderer.ts';

const view = v.parse(View, { size: 9, cropArea: [1, 1] });
/** The second view is so large that a batch of 8 comes in pieces of 2. */
const views = [view, { ...view, size: 560 }];
const bytesOf = views.map(({ size }) => size * size * 3);
const specification = {
  normalization: { mean: [0, 0, 0], std: [1, 1, 1] },
  task: { kind: 'training' as const, views, seed: 1 },
};
const batch = 8;

const levelOf = (view: number, image: number): number => 1 + image + 100 * view;

/** Writes views of a level for each image into what it is given. */
function write({ index }: ViewRequest, into: readonly Uint8Array[]): void {
  into.forEach((levels, view) =>
    index.forEach((image, row) => levels.fill(levelOf(view, image), row * bytesOf[view]!, (row + 1) * bytesOf[view]!)),
  );
}

const placeOf = ({ into, index }: ViewRequest): readonly Uint8Array[] =>
  bytesOf.map((bytes, view) => new Uint8Array(into!.buffer, into!.offsets[view], bytes * index.length));

function written(request: ViewRequest): RenderedViews {
  write(request, placeOf(request));
  return { elsewhere: null, damaged: [] };
}

/** What the worker gives that takes over a request. */
function takenOver(request: ViewRequest): RenderedViews {
  const elsewhere = bytesOf.map((bytes) => new Uint8Array(bytes * request.index.length));
  write(request, elsewhere);
  return { elsewhere, damaged: [] };
}

/** An assembly whose pieces `answer` makes. */
function assemblyOf(answer: (request: ViewRequest) => RenderedViews | Promise<RenderedViews>) {
  const requests: ViewRequest[] = [];
  const produce = async (request: ViewRequest) => {
    requests.push(request);
    return answer(request);
  };
  const assembly = createAssembly({ producer: { produce }, specification, labels: null, batch, workers: 2 });
  const take = async (first: number, rows = batch) =>
    (
      await assembly.assemble(
        0,
        Int32Array.from({ length: rows }, (_, at) => first + at),
      )
    ).batch;
  return { requests, take, release: assembly.release };
}

type Batch = Awaited<ReturnType<ReturnType<typeof assemblyOf>['take']>>;
/** One for all views. */
function bufferOf({ views: seen }: Batch): SharedArrayBuffer {
  const [first, ...others] = seen.map(({ values }) => values.buffer as SharedArrayBuffer);
  for (const other of others) expect(other).toBe(first);
  return first!;
}

/** Every level of a batch is that of its image and view. */
function expectWhole({ views: seen, index }: Batch): void {
  expect(seen.map(({ shape }) => shape)).toEqual(views.map(({ size }) => [index.length, size, size, 3]));
  seen.forEach(({ values }, view) =>
    index.forEach((image, row) => {
      const own = values.subarray(row * bytesOf[view]!, (row + 1) * bytesOf[view]!);
      const wanted = Buffer.alloc(own.length, levelOf(view, image));
      expect(wanted.equals(Buffer.from(own.buffer, own.byteOffset, own.length))).toBe(true);
    }),
  );
}

describe('the memory of a batch', () => {
  test('is shared, aligned as TensorFlow needs, and written piece by piece', async () => {
    const { requests, take } = assemblyOf(written);
    for (const made of [await take(0), await take(20, 3)]) {
      expectWhole(made);
      for (const { values } of made.views) expect(Number(koffi.address(values)) % 64).toBe(0);
    }
    expect(requests.map(({ index }) => index.length)).toEqual([2, 2, 2, 2, 2, 1]);
    expect(requests.every(({ into }) => into!.buffer instanceof SharedArrayBuffer)).toBe(true);
  });

  test('is used again once it is released, and only once', async () => {
    const { take, release } = assemblyOf(written);
    const [first, second] = [await take(0), await take(8)];
    expect(bufferOf(second)).not.toBe(bufferOf(first));
    expectWhole(first);
    release(first.views);
    release(first.views);
    const [third, fourth] = [await take(16), await take(24)];
    expect(bufferOf(third)).toBe(bufferOf(first));
    for (const other of [first, second]) expect(bufferOf(fourth)).not.toBe(bufferOf(other));
    for (const each of [second, third, fourth]) expectWhole(each);
  });

  test('is never used again where a worker was replaced: the one that was given up may still write to it', async () => {
    const { requests, take, release } = assemblyOf((request) =>
      request.index[0] === 2 ? takenOver(request) : written(request),
    );
    const given = () => requests.find(({ index }) => index[0] === 2)!;
    const made = await take(0);
    const scribble = () => placeOf(given()).forEach((levels) => levels.fill(255));
    scribble();
    expectWhole(made);
    expect(bufferOf(made)).not.toBe(given().into!.buffer);
    release(made.views);
    for (let first = 8; first < 40; first += batch) {
      const later = await take(first);
      scribble();
      expectWhole(later);
      expect(bufferOf(later)).not.toBe(given().into!.buffer);
      release(later.views);
    }
  });

  test('is never used again where a piece failed and others are still being written', async () => {
    const late: ViewRequest[] = [];
    const { requests, take, release } = assemblyOf((request) => {
      if (request.index[0] === 2) throw new Error('no such file');
      if (request.index[0]! > 7) return written(request);
      late.push(request);
      return new Promise(() => undefined);
    });
    await expect(take(0)).rejects.toThrow('no such file');
    expect(late).toHaveLength(3);
    const lost = requests[0]!.into!.buffer;
    for (let first = 8; first < 40; first += batch) {
      const later = await take(first);
      for (const request of late) write(request, placeOf(request));
      expectWhole(later);
      expect(bufferOf(later)).not.toBe(lost);
      release(later.views);
    }
  });
});
