/** Weights files: written data is read back to the bit, and damaged or hostile files are reported. */
import fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, test } from 'vitest';
import { readCheckpoint } from '../checkpoints/read-checkpoint.ts';
import { saveCheckpoint } from '../checkpoints/write-checkpoint.ts';
import type { FaultError } from '../durable/fault-error.ts';
import type { StateEntry } from '../engine/engine.ts';
import { encoders } from '../registry.ts';
import { exportEncoder } from './export.ts';
import { rowMajor, type StoredTensor, type WeightsFile } from './file.ts';
import { openWeights } from './open.ts';
import { writePth } from './pth-writer.ts';
import { writeSafetensors } from './safetensors.ts';
import { kernelFromTorch, kernelToTorch, matchEncoder, readEncoder } from './torchvision-names.ts';

const folder = mkdtempSync(join(tmpdir(), 'weights-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const place = (): string => join(folder, `${files++}.weights`);
function written(bytes: Uint8Array): string {
  const path = place();
  writeFileSync(path, bytes);
  return path;
}

/** All tensors of a file. */
async function read(path: string): Promise<ReadonlyMap<string, { shape: readonly number[]; values: Float32Array }>> {
  const file = await openWeights(path);
  try {
    const found = new Map<string, { shape: readonly number[]; values: Float32Array }>();
    for (const tensor of file.tensors) {
      if (tensor.type === 'I64') continue;
      found.set(tensor.name, { shape: tensor.shape, values: await file.read(tensor) });
    }
    return found;
  } finally {
    await file.close();
  }
}
const refusal = (path: string): Promise<string> =>
  read(path).then(
    () => 'read',
    (error: unknown) => {
      // The name of the file, and a reason. What begins like no format at all is no file of weights.
      const { code } = (error as FaultError).fault;
      expect(['unreadable-file', 'not-weights']).toContain(code);
      expect(error).toMatchObject({ fault: { values: { path } } });
      return (error as Error).message;
    },
  );

const tensors = fc
  .array(fc.tuple(fc.stringMatching(/^[a-z_.0-9é]{1,12}$/), fc.array(fc.nat({ max: 4 }), { maxLength: 5 })), {
    maxLength: 6,
  })
  .map((given) => [...new Map(given)])
  .chain((given) =>
    fc.tuple(
      ...given.map(([name, shape]) => {
        const elements = shape.reduce((product, size) => product * size, 1);
        return fc.float32Array({ minLength: elements, maxLength: elements }).map((values) => ({ name, shape, values }));
      }),
    ),
  );

describe.each([
  [
    'safetensors',
    (path: string, list: Parameters<typeof writeSafetensors>[1]) => writeSafetensors(path, list, { 标题: '小' }),
  ],
  ['pth', (path: string, list: Parameters<typeof writeSafetensors>[1]) => writePth(path, list)],
] as const)('%s', (format, write) => {
  it('returns what was written, to the bit', () =>
    fc.assert(
      fc.asyncProperty(tensors, async (list) => {
        const path = place();
        await write(path, list);
        const found = await read(path);
        expect([...found.keys()].sort()).toEqual(list.map(({ name }) => name).sort());
        for (const { name, shape, values } of list) {
          expect(found.get(name)!.shape).toEqual(shape);
          expect(Buffer.from(found.get(name)!.values.buffer).equals(Buffer.from(values.buffer))).toBe(true);
        }
      }),
      { numRuns: 60 },
    ));

  it('is reported as damaged wherever it is cut, and never misread', async () => {
    const path = place();
    const values = Float32Array.from({ length: 6 }, (_, at) => at);
    await write(path, [{ name: 'a', shape: [2, 3], values }]);
    const { readFile } = await import('node:fs/promises');
    const whole = await readFile(path);
    for (let length = 0; length < whole.length; length += 7) {
      expect(await refusal(written(whole.subarray(0, length))), `${format} of ${length} bytes`).not.toBe('read');
    }
  });
});

/** A safetensors file with any header. */
function safetensors(header: unknown, data = Buffer.alloc(16), claimed?: bigint): string {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(claimed ?? BigInt(text.length));
  return written(Buffer.concat([length, text, data]));
}
const entry = (from: number, to: number, shape: unknown = [(to - from) / 4], dtype = 'F32') => ({
  dtype,
  shape,
  data_offsets: [from, to],
});

test.each([
  [
    'a header longer than the file',
    () => safetensors({}, Buffer.alloc(0), 90n),
    'its header is stated to have 90 bytes',
  ],
  ['a header that is no JSON', () => safetensors('{"a": '), 'its header is not JSON'],
  ['a header that is a list', () => safetensors('{}'.replace('{}', '{"a":[]}')), '"a" in its header'],
  [
    'overlapping tensors',
    () => safetensors({ a: entry(0, 8), b: entry(4, 12) }),
    'two of its tensors overlap at byte 4',
  ],
  ['a tensor beyond the end', () => safetensors({ a: entry(8, 24) }), 'a lies at 8 to 24 of 16 bytes'],
  ['a tensor that ends before it begins', () => safetensors({ a: entry(8, 4, [0]) }), 'a lies at 8 to 4'],
  ['a shape of other length', () => safetensors({ a: entry(0, 8, [3]) }), 'a has 8 bytes for [3] F32'],
  ['a shape whose product overflows', () => safetensors({ a: entry(0, 8, [2 ** 32, 2 ** 32]) }), 'elements'],
  ['a negative size', () => safetensors({ a: entry(0, 8, [-2, -1]) }), '"a" in its header'],
  [
    'a text file',
    () => written(Buffer.from('not weights at all')),
    'neither a safetensors file nor a PyTorch checkpoint',
  ],
  ['an empty file', () => written(Buffer.alloc(0)), 'it is empty'],
  [
    'the start of a checkpoint before PyTorch 1.6',
    () => written(Buffer.from('80028a0a6cfc9c46f9206aa85019', 'hex')),
    'it ends in the middle of a value',
  ],
] as const)('%s is refused', async (_name, make, reason) => {
  expect(await refusal(make())).toContain(reason);
});

test('a tensor of an unknown type in safetensors is passed over', async () => {
  const file = await openWeights(safetensors({ a: entry(0, 8, [8], 'F8_E4M3'), b: entry(8, 16) }));
  await file.close();
  expect(file.tensors.map(({ name }) => name)).toEqual(['b']);
  expect(file.passedOver).toEqual([{ what: 'F8_E4M3', count: 1, names: ['a'] }]);
});

/** A file in memory with the names and shapes of a network. */
function fileOf(shapes: Readonly<Record<string, readonly number[]>>): WeightsFile {
  const list = Object.entries(shapes).map(([name, shape], at): StoredTensor => ({
    name,
    type: 'F32',
    shape,
    strides: rowMajor(shape),
    offset: at,
  }));
  const read = ({ shape, offset }: StoredTensor) => {
    const elements = shape.reduce((product, size) => product * size, 1);
    return Promise.resolve(Float32Array.from({ length: elements }, (_, at) => offset + at / elements));
  };
  const passedOver: WeightsFile['passedOver'] = [];
  return { path: 'memory', format: 'pth', tensors: list, passedOver, read, close: () => Promise.resolve() };
}
/** torchvision's ResNet-18, or one of other depths, at any width. */
function resnet(prefix: string, { width = 8, window = 7, depths = [2, 2, 2, 2], channels = 3 } = {}) {
  const shapes: Record<string, readonly number[]> = {};
  const norm = (name: string, size: number) => {
    for (const part of ['weight', 'bias', 'running_mean', 'running_var']) shapes[`${prefix}${name}.${part}`] = [size];
    shapes[`${prefix}${name}.num_batches_tracked`] = [];
  };
  const convolution = (name: string, outputs: number, inputs: number, size: number) =>
    (shapes[`${prefix}${name}.weight`] = [outputs, inputs, size, size]);
  convolution('conv1', width, channels, window);
  norm('bn1', width);
  let inputs = width;
  depths.forEach((depth, stage) => {
    const outputs = width * 2 ** stage;
    for (let block = 0; block < depth; block++) {
      const at = `layer${stage + 1}.${block}`;
      convolution(`${at}.conv1`, outputs, inputs, 3);
      norm(`${at}.bn1`, outputs);
      convolution(`${at}.conv2`, outputs, outputs, 3);
      norm(`${at}.bn2`, outputs);
      if (inputs !== outputs) {
        convolution(`${at}.downsample.0`, outputs, inputs, 1);
        norm(`${at}.downsample.1`, outputs);
      }
      inputs = outputs;
    }
  });
  return shapes;
}

describe('an encoder in a file', () => {
  it('is found below any prefix, and the rest is listed', () => {
    const rest = { 'module.projector.0.weight': [16, 64], epoch: [] };
    const file = fileOf({ ...resnet('module.momentum_backbone.'), ...resnet('model.module.backbone.'), ...rest });
    const match = matchEncoder(file, encoders.all);
    expect(match).toMatchObject({ prefix: 'model.module.backbone.', channels: 3 });
    expect(match.encoder).toMatchObject({ id: 'resnet-18', options: { stem: 'imagenet', width: 8 } });
    expect(match.unmatched).toContain('module.projector.0.weight');
    expect(match.unmatched).toContain('module.momentum_backbone.conv1.weight');
    expect(match.unmatched.some((name) => name.startsWith('model.module.backbone.'))).toBe(false);
  });

  it('is distinguished from a deeper one, and by its stem', () => {
    const small = matchEncoder(fileOf(resnet('', { window: 3, channels: 1 })), encoders.all);
    expect(small).toMatchObject({ channels: 1, encoder: { id: 'resnet-18', options: { stem: 'small' } } });
    const deeper = fileOf(resnet('', { depths: [3, 4, 6, 3] }));
    expect(() => matchEncoder(deeper, encoders.all)).toThrow('ResNet-18 has no layer1.2.conv1.weight');
    expect(() => matchEncoder(fileOf({ 'blocks.0.attn.qkv.weight': [3, 3] }), encoders.all)).toThrow(
      "no residual network with torchvision's names (blocks.0.attn.qkv.weight)",
    );
  });

  it('of a checkpoint is exported in both formats, and is the same when it is read back', async () => {
    const file = fileOf(resnet(''));
    const values = await readEncoder(file, matchEncoder(file, encoders.all));
    const entries = [...matchEncoder(file, encoders.all).tensors].map(([path, { shape }]): StateEntry => {
      const [o, i, k, l] = shape as [number, number, number, number];
      const own = {
        shape: shape.length === 4 ? [k, l, i, o] : shape,
        dtype: 'float32',
        write: () => undefined,
      } as const;
      return { ...own, name: `encoder-1/${path}`, read: () => values.get(path)! };
    });
    const header = { run: 'weights', attempt: 1, step: 12, epoch: 1, trainedSeconds: 0, seed: 1, counters: {} };
    const machine = { codeVersion: '0', tensorflow: '0', arithmetic: '0', threads: 2, instructionSet: 'none' };
    const saved = await saveCheckpoint(folder, { ...header, ...machine, configHash: '' }, entries);
    const checkpoint = await readCheckpoint(join(folder, saved.folder));
    for (const format of ['safetensors', 'pth'] as const) {
      const path = place();
      expect(await exportEncoder(checkpoint, 'encoder-1', path, format, { title: 'é' })).toBe(values.size);
      const written = await openWeights(path);
      expect(written.format).toBe(format);
      const match = matchEncoder(written, encoders.all);
      expect(match.unmatched).toEqual([]);
      expect(await readEncoder(written, match)).toEqual(values);
      await written.close();
    }
    await expect(exportEncoder(checkpoint, 'encoder', place(), 'pth', {})).rejects.toThrow(
      'has no encoder at "encoder"',
    );
  });

  it('of another kind is exported in the names and the layout of PyTorch', async () => {
    const entry = (name: string, shape: readonly number[]): StateEntry => {
      const count = shape.reduce((product, size) => product * size, 1);
      const values = Float32Array.from({ length: count }, (_, at) => at);
      return { name: `encoder/${name}`, shape, dtype: 'float32', read: () => values, write: () => undefined };
    };
    const header = { run: 'weights', attempt: 1, step: 12, epoch: 1, trainedSeconds: 0, seed: 1, counters: {} };
    const machine = { codeVersion: '0', tensorflow: '0', arithmetic: '0', threads: 2, instructionSet: 'none' };
    const entries = [entry('blocks/0/mlp/fc1/weight', [2, 3]), entry('pos_embed', [1, 2, 2])];
    const saved = await saveCheckpoint(folder, { ...header, ...machine, configHash: '' }, entries);
    const path = place();
    await exportEncoder(await readCheckpoint(join(folder, saved.folder)), 'encoder', path, 'safetensors', {});
    const written = await openWeights(path);
    const read = await Promise.all(
      written.tensors.map(async (tensor) => [tensor.name, tensor.shape, [...(await written.read(tensor))]] as const),
    );
    await written.close();
    expect(new Map(read.map(([name, ...rest]) => [name, rest]))).toEqual(
      new Map([
        [
          'blocks.0.mlp.fc1.weight',
          [
            [3, 2],
            [0, 3, 1, 4, 2, 5],
          ],
        ],
        [
          'pos_embed',
          [
            [1, 2, 2],
            [0, 1, 2, 3],
          ],
        ],
      ]),
    );
  });

  it('comes in our layout, and goes back', async () => {
    const file = fileOf(resnet(''));
    const match = matchEncoder(file, encoders.all);
    const values = await readEncoder(file, match);
    const name = 'layer2/0/conv1/weight';
    const tensor = match.tensors.get(name)!;
    expect(tensor.shape).toEqual([16, 8, 3, 3]);
    const [ours, theirs] = [values.get(name)!, await file.read(tensor)];
    // Output 5, input 3, row 1, column 2.
    expect(ours[((1 * 3 + 2) * 8 + 3) * 16 + 5]).toBe(theirs[((5 * 8 + 3) * 3 + 1) * 3 + 2]);
    expect(kernelToTorch(kernelFromTorch(theirs, tensor.shape), [3, 3, 8, 16])).toEqual(theirs);
  });
});
