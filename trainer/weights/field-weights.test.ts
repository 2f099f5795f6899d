/** Checkpoints as people have them: each is read as PyTorch reads it, or named for what it is. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import yazl from 'yazl';
import { afterAll, describe, expect, it, test } from 'vitest';
import { checkWeights, expectedIn } from '../testing/field/weights/check-weights.ts';
import { encoders } from '../registry.ts';
import { openWeights } from './open.ts';
import { matchEncoder } from './torchvision-names.ts';

const made = join(import.meta.dirname, '../testing/field/weights/files');
const folder = mkdtempSync(join(tmpdir(), 'field-weights-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const expected = Object.entries(expectedIn(made));
describe('a checkpoint is read as PyTorch reads it', () => {
  it.each(expected)('%s', (name, wanted) => checkWeights(made, name, wanted));
});

test('objects beside the tensors are counted by class', async () => {
  const file = await openWeights(join(made, 'objects-4.pth'));
  const counts = new Map(file.passedOver.map(({ what, count }) => [what, count]));
  await file.close();
  expect(counts.get('numpy._core.multiarray.scalar')).toBe(4);
  expect(counts.get('argparse.Namespace')).toBe(1);
  expect(counts.get('torch.float8_e4m3fn')).toBe(1);
  expect(counts.get('torch.storage.UntypedStorage')).toBe(1);
});

test('only what was asked for is refused, and says what was passed over', async () => {
  const file = await openWeights(join(made, 'numpy-1.pth'));
  await file.close();
  expect(() => matchEncoder(file, encoders.all)).toThrow('passed over: 1 of numpy.core.multiarray.scalar (best)');
});

async function archived(names: readonly string[]): Promise<Buffer> {
  const zip = new yazl.ZipFile();
  for (const name of names) zip.addBuffer(Buffer.from('x'), name);
  zip.end();
  const parts: Buffer[] = [];
  for await (const part of zip.outputStream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
const hex = (text: string): Buffer => Buffer.concat([Buffer.from(text, 'hex'), Buffer.alloc(40)]);
describe('a file of another program is named', () => {
  it.each([
    [
      'model.ckpt-250228.index',
      Buffer.from('000000000000000057fb808b247547db', 'hex'),
      'TensorFlow checkpoint; for SimCLR',
    ],
    ['model.ckpt-250228.data-00000-of-00001', Buffer.alloc(100), 'a part of a TensorFlow checkpoint'],
    ['model.ckpt-250228.meta', Buffer.alloc(100, 1), 'a part of a TensorFlow checkpoint'],
    ['checkpoint', Buffer.from('model_checkpoint_path: "model.ckpt-1"'), 'the list of TensorFlow checkpoints'],
    ['saved_model.pb', hex('08011210'), 'a TensorFlow model'],
    ['model.h5', hex('894844460d0a1a0a'), 'an HDF5 file, as Keras writes it'],
    ['model.keras', archived(['config.json', 'model.weights.h5']), 'a Keras model'],
    [
      'ViT-B_16.npz',
      archived(['Transformer/encoderblock_0/LayerNorm_0/bias.npy', 'cls.npy']),
      "a vision transformer in JAX's names",
    ],
    ['resnet.npz', archived(['conv_init/kernel.npy']), 'an archive of NumPy arrays (.npz)'],
    ['bundle.zip', archived(['README', 'run/model.pth']), 'it is an archive; unpack it and choose run/model.pth'],
    ['flax_model.msgpack', hex('81a6706172616d73'), 'a Flax (JAX) checkpoint'],
    ['model.onnx', hex('08081207'), 'an ONNX model'],
    ['a.safetensors', Buffer.from('version https://git-lfs.github.com/spec/v1\n'), 'a pointer of Git LFS'],
    ['b.pth', Buffer.from('<!DOCTYPE html><html>'), 'a web page'],
    ['c.pth.gz', hex('1f8b08'), 'a compressed file'],
    ['empty.pth', Buffer.alloc(0), 'it is empty'],
  ] as const)('%s', async (name, bytes, reason) => {
    const path = join(folder, name);
    writeFileSync(path, await bytes);
    await expect(openWeights(path)).rejects.toThrow(reason);
  });

  it('that is a folder', async () => {
    mkdirSync(join(folder, 'saved'));
    await expect(openWeights(join(folder, 'saved'))).rejects.toThrow('it is a folder; choose a file of weights');
    writeFileSync(join(folder, 'saved', 'pytorch_model.bin'), 'x');
    await expect(openWeights(join(folder, 'saved'))).rejects.toThrow('such as pytorch_model.bin');
    writeFileSync(join(folder, 'saved', 'saved_model.pb'), 'x');
    await expect(openWeights(join(folder, 'saved'))).rejects.toThrow('it is a TensorFlow model');
  });

  it('that is a pickle of another library', async () => {
    await expect(openWeights(join(made, 'haiku.pkl'))).rejects.toThrow('a pickle of a Haiku (JAX) network; for BYOL');
  });
});
