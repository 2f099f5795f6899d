/** Vision transformers in files: whose they are, what is read of them, and why others are refused. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it, test } from 'vitest';
import { cubicWeights } from '../nn/networks/resize-positions.ts';
import { resizings } from '../protocol/weights.ts';
import { encoders } from '../registry.ts';
import { findEncoder, type Wanted } from './find-encoder.ts';
import { fixedPositionsOf } from './fixed-positions.ts';
import { openWeights } from './open.ts';
import { writePth } from './pth-writer.ts';
import { writeSafetensors, type WrittenTensor } from './safetensors.ts';
import { golden, stateOf } from './testing/golden-transformers.ts';

type State = readonly WrittenTensor[];
const folder = mkdtempSync(join(tmpdir(), 'transformers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

async function taken(state: State, wanted: Wanted = { heads: 2 }, write = writePth as typeof writeSafetensors) {
  const path = join(folder, `${files++}.weights`);
  await write(path, state, {});
  const file = await openWeights(path);
  try {
    const found = await findEncoder(file, encoders.all, wanted);
    const read = await found.read();
    return { ...found, read, told: found.warnings(read) };
  } finally {
    await file.close();
  }
}

const caseOf = (name: string): State => stateOf(golden.cases.find((one) => one.name === name)!);

test('the list of layouts names these cases', () => {
  const text = readFileSync(join(import.meta.dirname, '../../resources/weights/zoo.md'), 'utf8');
  const [table = ''] = text.split('## Vision transformers')[1]!.split('\n## ');
  const named = table.split('\n').flatMap((line) => (line.startsWith('| ') ? [line.split('|')[1]!.trim()] : []));
  expect(named.slice(1).filter((name) => !name.startsWith('---'))).toEqual(golden.cases.map(({ name }) => name));
});

describe('whose it is', () => {
  const plain = { features: 'class', registers: 0, layerScale: false, epsilon: 1e-6 };
  it.each([
    ['timm', 'timm', 'antialiased', plain],
    ['timm, mean of the patches', 'timm', 'antialiased', { ...plain, features: 'patches' }],
    ['timm, registers', 'timm', 'antialiased', { ...plain, registers: 4, layerScale: true }],
    ['DINO', 'DINO', 'dino', plain],
    ['DINO, student and teacher', 'DINO', 'dino', plain],
    ['iBOT', 'iBOT', 'dino', plain],
    ['MoCo v3', 'MoCo v3', 'size', { ...plain, width: 384, depth: 1 }],
    ['MAE', 'MAE', 'size', plain],
    ['DINOv2', 'DINOv2', 'dino', { ...plain, layerScale: true }],
    ['DINOv2, with registers', 'DINOv2 with registers', 'antialiased', { ...plain, registers: 4, layerScale: true }],
    ['Hugging Face', 'Hugging Face', 'size', { ...plain, epsilon: 1e-12 }],
    ['Hugging Face, DINOv2', 'Hugging Face', 'size', { ...plain, layerScale: true }],
    ['torchvision', 'torchvision', 'corners', plain],
  ] as const)('%s', async (name, layout, positions, options) => {
    const found = await taken(caseOf(name));
    expect(found.layout).toBe(layout);
    expect(found.encoder).toMatchObject({ id: 'vit', options: { patch: 4, imageSize: 16, positions, ...options } });
  });

  it('is known by its positions, where a program’s names were taken off', async () => {
    const bare = (name: string, prefix: string): State =>
      caseOf(name).flatMap((tensor) =>
        tensor.name.startsWith(prefix) && !/mask_token|decoder|head/.test(tensor.name)
          ? [{ ...tensor, name: tensor.name.slice(prefix.length) }]
          : [],
      );
    const moco = await taken(bare('MoCo v3', 'state_dict.module.base_encoder.'), {});
    expect(moco).toMatchObject({ layout: 'MoCo v3', headsFrom: 'program', encoder: { options: { heads: 12 } } });
    expect(await taken(bare('MAE', 'model.'))).toMatchObject({ layout: 'MAE' });
  });

  it('the same from safetensors, whose tensors are sorted by name', async () => {
    for (const name of ['DINO, student and teacher', 'Hugging Face, MAE']) {
      const state = caseOf(name);
      const sorted = state.toSorted((one, other) => (one.name < other.name ? -1 : 1));
      const [one, other] = [await taken(state), await taken(sorted, { heads: 2 }, writeSafetensors)];
      expect(other.read).toEqual(one.read);
      expect(other.encoder).toEqual(one.encoder);
    }
  });
});

test('fixed positions are told from learned ones and from each other', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 6 }), fc.integer({ min: 1, max: 8 }), (side, quarter) => {
      const width = 4 * quarter;
      const of = (isRowFirst: boolean): Float32Array =>
        Float32Array.from({ length: side * side * width }, (_, index) => {
          const [place, channel] = [Math.floor(index / width), index % width];
          const [row, column] = [Math.floor(place / side), place % side];
          const angle =
            (channel < width / 2 === isRowFirst ? row : column) * 10_000 ** (-(channel % quarter) / quarter);
          return Math.floor(channel / quarter) % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
        });
      expect(fixedPositionsOf(of(true), side, width)).toBe('moco-v3');
      expect(fixedPositionsOf(of(false), side, width)).toBe('mae');
      const learned = of(true);
      learned[learned.length - 1]! += 0.01;
      expect(fixedPositionsOf(learned, side, width)).toBe(null);
    }),
  );
});

test.each(resizings)('weights of positions, %s: they add up to 1', (resizing) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), (from, to) => {
      const rows = cubicWeights(from, to, resizing);
      expect(rows).toHaveLength(to);
      for (const row of rows) expect(row.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 9);
    }),
  );
});

describe('of several networks', () => {
  it('the one that its method evaluates, or the one that is asked for', async () => {
    const dino = caseOf('DINO, student and teacher');
    expect(await taken(dino)).toMatchObject({
      network: 'teacher.backbone',
      networks: [
        { name: 'student.module.backbone', why: null },
        { name: 'teacher.backbone', why: 'teacher' },
      ],
      why: 'teacher',
    });
    expect(await taken(dino, { heads: 2, network: 'student.module.backbone' })).toMatchObject({ why: 'asked' });
    await expect(taken(dino, { network: 'head' })).rejects.toThrow('it has no network "head"');
    expect(await taken(caseOf('MoCo v3'), {})).toMatchObject({ network: 'state_dict.module.base_encoder' });
  });
});

describe('pixels from -1 to 1', () => {
  const tensor = (name: string, shape: readonly number[]): State[number] => ({
    name,
    shape: [...shape],
    values: new Float32Array(shape.reduce((one, other) => one * other, 1)),
  });

  it('are told by a head of ImageNet-21k, not by one of other classes', async () => {
    const rest = caseOf('timm').filter(({ name }) => !name.startsWith('head.'));
    const width = rest.find(({ name }) => name === 'cls_token')!.shape.at(-1)!;
    const withHead = (classes: number) => [
      ...rest,
      tensor('head.weight', [classes, width]),
      tensor('head.bias', [classes]),
    ];
    expect((await taken(withHead(21_843))).pixelsFrom).toBe('classes-21k');
    expect((await taken(withHead(1000))).pixelsFrom).toBeUndefined();
  });

  it('are told by the pooler of Hugging Face’s ViT, which converted networks have not', async () => {
    const without = (name: string) => caseOf(name).filter((one) => !one.name.includes('pooler.'));
    const pooled = (state: State): State => [...state, tensor('pooler.dense.weight', [8, 8])];
    const plain = without('Hugging Face');
    expect((await taken(plain)).pixelsFrom).toBeUndefined();
    expect((await taken(pooled(plain))).pixelsFrom).toBe('pooler');
    expect((await taken(pooled(without('Hugging Face, DINOv2')))).pixelsFrom).toBeUndefined();
    expect((await taken(pooled(without('timm')))).pixelsFrom).toBeUndefined();
  });
});

describe('attention heads', () => {
  const of = (width: number): State =>
    stateOf({
      ...golden.cases.find(({ name }) => name === 'DINO')!,
      tensors: golden.cases
        .find(({ name }) => name === 'DINO')!
        .tensors.map(([name, shape]) => [name, shape.map((size) => (size % 128 === 0 ? (size / 128) * width : size))]),
    });
  it.each([
    [192, {}, 3, 'size', 0],
    [128, {}, 2, 'width', 1],
    [128, { heads: 4 }, 4, 'asked', 0],
    [48, { heads: 3 }, 3, 'asked', 0],
  ] as const)('%i wide, %j', async (width, wanted, heads, headsFrom, doubts) => {
    const found = await taken(of(width), wanted);
    expect(found).toMatchObject({ headsFrom, encoder: { options: { heads } } });
    expect(found.told).toHaveLength(doubts);
  });

  it('are asked for where nothing tells them', async () => {
    await expect(taken(of(48), {})).rejects.toThrow('no published network is 48 wide: import it in the terminal');
    await expect(taken(of(48), { heads: 5 })).rejects.toThrow('its width of 48 is not divisible by 5 heads');
  });
});

describe('a network that no encoder here has is refused by name', () => {
  const dino = caseOf('DINO');
  const zeros = (name: string, shape: readonly number[]): WrittenTensor => ({
    name,
    shape,
    values: new Float32Array(shape.reduce((product, size) => product * size, 1)),
  });
  const without = (pattern: RegExp): State => dino.filter(({ name }) => !pattern.test(name));
  const changed = (pattern: RegExp, to: string): State =>
    dino.map((tensor) => ({ ...tensor, name: tensor.name.replace(pattern, to) }));
  it.each([
    ['a stem of convolutions', changed(/^patch_embed\.proj\./, 'patch_embed.proj.0.'), 'MoCo v3’s ConvStem'],
    ['a hybrid', changed(/^patch_embed\.proj\./, 'patch_embed.backbone.conv.'), 'a hybrid'],
    ['DeiT, distilled', [...dino, zeros('dist_token', [1, 1, 128])], 'a distillation token (DeiT): dist_token'],
    ['gated perceptrons', changed(/mlp\.fc1/, 'mlp.w12'), 'SwiGLU, as DINOv2 ViT-g/14'],
    ['rotary positions', [...dino, zeros('rope_embed.periods', [16])], 'rotary positions (DINOv3'],
    ['relative positions', [...dino, zeros('blocks.0.attn.relative_position_bias_table', [9, 2])], 'BEiT'],
    ['norms in its attention', [...dino, zeros('blocks.1.attn.q_norm.weight', [64])], 'norms inside its attention'],
    ['another embedding', [...dino, zeros('channel_embed', [1, 3, 128])], 'it has channel_embed, which no encoder'],
    ['another layer', [...dino, zeros('blocks.0.adapter.weight', [8, 128])], 'it has blocks.0.adapter.weight'],
    ['no class token', without(/^cls_token$/), 'no class token'],
    ['no positions', without(/^pos_embed$/), 'no position embeddings'],
    ['a missing norm', without(/^blocks\.1\.norm2\.bias$/), 'blocks.1.norm2.bias [128] is not there'],
    ['a missing last norm', without(/^norm\./), 'norm.weight [128] is not there'],
    [
      'oblong positions',
      [...without(/^pos_embed$/), zeros('pos_embed', [1, 1 + 12, 128])],
      'its 13 position embeddings',
    ],
    [
      'a wider perceptron',
      [
        ...without(/fc1\.weight/),
        ...dino.filter(({ name }) => /fc1\.weight/.test(name)).map(({ name }) => zeros(name, [256, 128])),
      ],
      'blocks.0.mlp.fc1.weight [512, 128] is [256, 128]',
    ],
  ] as const)('%s', async (_name, state, reason) => {
    await expect(taken(state)).rejects.toThrow('its network is a vision transformer, but ');
    await expect(taken(state)).rejects.toThrow(reason);
  });

  it('and one with values that no network has', async () => {
    const broken = dino.map((tensor) =>
      tensor.name === 'blocks.1.attn.qkv.weight' ? { ...tensor, values: tensor.values.map(() => Number.NaN) } : tensor,
    );
    await expect(taken(broken)).rejects.toThrow('blocks.1.attn.qkv.weight contains values that are not finite');
    const empty = dino.map((tensor) =>
      tensor.name.endsWith('qkv.weight') ? zeros(tensor.name, tensor.shape) : tensor,
    );
    expect((await taken(empty)).told).toEqual([expect.stringContaining('2 matrices have only zeros')]);
  });
});
