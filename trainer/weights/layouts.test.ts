/** Files in the names of other programs: each layout of `resources/weights/zoo.md` is read to the bit. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { encoders } from '../registry.ts';
import { kindsOf, layoutNames, stateOf, writtenIn, type State } from './testing/zoo.ts';
import { openWeights } from './open.ts';
import { writePth } from './pth-writer.ts';
import { writeSafetensors } from './safetensors.ts';
import { kernelToTorch, matchEncoder, ourShape, readEncoder, warningsOf } from './torchvision-names.ts';

const folder = mkdtempSync(join(tmpdir(), 'layouts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

/** Writes tensors, finds the encoder and reads it. */
async function taken(state: State, write: typeof writePth | typeof writeSafetensors = writePth, network?: string) {
  const path = join(folder, `${files++}.weights`);
  await write(path, state, {});
  const file = await openWeights(path);
  try {
    const match = matchEncoder(file, encoders.all, network);
    return { match, values: await readEncoder(file, match) };
  } finally {
    await file.close();
  }
}

it('the list of layouts names these cases', () => {
  const text = readFileSync(join(import.meta.dirname, '../../resources/weights/zoo.md'), 'utf8');
  const [table = ''] = text.split('## Without known names');
  const named = table.split('\n').flatMap((line) => (line.startsWith('| ') ? [line.split('|')[1]!.trim()] : []));
  expect(named.slice(1).filter((name) => !name.startsWith('---'))).toEqual(layoutNames);
});

type Taken = Awaited<ReturnType<typeof taken>>;

/** Compares an encoder with a state in torchvision's names, bit for bit. */
function expectSame({ match, values }: Taken, original: State): void {
  const read = new Map(
    [...match.tensors].map(([path, { shape }]) => {
      const ours = values.get(path)!;
      return [path.replaceAll('/', '.'), shape.length === 4 ? kernelToTorch(ours, ourShape(shape)) : ours];
    }),
  );
  expect(read.size).toBe(original.length);
  for (const { name, values: wanted } of original)
    expect(Buffer.from(read.get(name)!.buffer).equals(Buffer.from(wanted.buffer)), name).toBe(true);
}

describe.each(layoutNames)('the layout of %s', (layout) => {
  it.each(kindsOf(layout))('gives the tensors of %s', async (kind) => {
    const original = stateOf(kind);
    const found = await taken(writtenIn(layout, original));
    expect(found.match.encoder.id).toBe(kind);
    expect(found.match.networks).toHaveLength(1);
    expectSame(found, original);
  });

  it('gives them from safetensors, whose tensors are sorted by name', async () => {
    const original = stateOf(kindsOf(layout)[0]!);
    const sorted = writtenIn(layout, original).toSorted((one, other) => (one.name < other.name ? -1 : 1));
    expectSame(await taken(sorted, writeSafetensors), original);
  });
});

const prefixed = (prefix: string, state: State): State =>
  state.map((tensor) => ({ ...tensor, name: prefix + tensor.name }));

describe('of several networks', () => {
  it.each([
    ['student.module.backbone.', 'teacher.backbone.', 'teacher.backbone'],
    ['student_backbone.', 'teacher_backbone.', 'teacher_backbone'],
    ['module.encoder_k.', 'module.encoder_q.', 'module.encoder_q'],
    ['target_network.', 'online_network.', 'online_network'],
    ['module.momentum_encoder.', 'module.base_encoder.', 'module.base_encoder'],
    ['momentum_backbone.', 'backbone.', 'backbone'],
    ['ema_model.', 'model.', 'model'],
    ['model_ema.encoder.', 'model.module.encoder.', 'model.module.encoder'],
    ['encoder_t.module.', 'encoder_q.module.', 'encoder_q.module'],
    ['model_t.module.', 'model.module.', 'model.module'],
    ['state_dict.encoder_k.module.0.', 'state_dict.backbone.', 'state_dict.backbone'],
    ['state_dict.target_net.module.0.', 'state_dict.backbone.', 'state_dict.backbone'],
    ['backbone_momentum.', 'backbone.', 'backbone'],
    ['student_backbone.', 'backbone.', 'backbone'],
    ['teacher_backbone.', 'backbone.', 'backbone'],
    // "ema" and "key" inside words mean nothing.
    ['semantic.', 'schema_b.', 'semantic'],
    ['keypoint_net.', 'z.aux.', 'keypoint_net'],
  ])('%s and %s, %s is taken', async (first, second, wanted) => {
    const [one, two] = [stateOf('resnet-18', 1), stateOf('resnet-18', 2)];
    const both = [...prefixed(first, one), ...prefixed(second, two)];
    const found = await taken(both);
    expect(found.match.network).toBe(wanted);
    expect(found.match.networks.map(({ tensors }) => tensors)).toEqual([one.length, two.length]);
    const { why } = found.match;
    expect(found.match.networks.map((each) => [each.name, each.why])).toEqual(
      [first, second].map((prefix) => [prefix.slice(0, -1), `${wanted}.` === prefix ? why : null]),
    );
    expectSame(found, `${wanted}.` === first ? one : two);
    const other = `${wanted}.` === first ? second : first;
    expectSame(await taken(both, writePth, other.slice(0, -1)), `${wanted}.` === first ? two : one);
  });

  it('a network that is listed twice, and its copy', async () => {
    const [one, two] = [stateOf('resnet-18', 1), stateOf('resnet-18', 2)];
    const all = ['encoder_q.0.', 'encoder_k.0.', 'backbone.'].flatMap((prefix) =>
      prefixed(prefix, prefix === 'encoder_k.0.' ? two : one),
    );
    const found = await taken(all);
    expect(found.match).toMatchObject({ network: 'encoder_q.0', why: 'query' });
    expect(found.match.networks.map(({ name }) => name)).toEqual(['encoder_q.0', 'encoder_k.0', 'backbone']);
    expectSame(found, one);
  });

  it('only those that are there can be asked for', async () => {
    const state = prefixed('backbone.', stateOf('resnet-18'));
    await expect(taken(state, writePth, 'head')).rejects.toThrow('no network "head"; its networks are "backbone"');
  });

  it('a prefix ends with a word of the path', async () => {
    await expect(taken(prefixed('my', stateOf('resnet-18')).slice(0, 9))).rejects.toThrow('no residual network');
  });
});

describe('without known names', () => {
  /** Modules numbered through, as a list of layers has them. */
  function numbered(state: State, shortcutFirst: boolean): State {
    const blocks = new Map<string, State[number][]>();
    for (const tensor of state) {
      const block = /^layer\d\.\d+/.exec(tensor.name)?.[0] ?? tensor.name.split('.')[0]!;
      blocks.set(block, [...(blocks.get(block) ?? []), tensor]);
    }
    const isShortcut = ({ name }: State[number]) => name.includes('downsample');
    const ordered = [...blocks.values()].flatMap((block) => {
      const [shortcut, rest] = [block.filter(isShortcut), block.filter((one) => !isShortcut(one))];
      return shortcutFirst ? [...shortcut, ...rest] : [...rest, ...shortcut];
    });
    const modules = [...new Set(ordered.map(({ name }) => name.slice(0, name.lastIndexOf('.'))))];
    return ordered.map((tensor) => {
      const dot = tensor.name.lastIndexOf('.');
      return { ...tensor, name: `list.${modules.indexOf(tensor.name.slice(0, dot))}${tensor.name.slice(dot)}` };
    });
  }

  it.each([
    ['resnet-18', false, writePth],
    ['resnet-18', true, writeSafetensors],
    ['resnet-50', false, writeSafetensors],
    ['resnet-50', true, writePth],
  ] as const)('%s is matched by the order of its shapes', async (kind, shortcutFirst, write) => {
    const original = stateOf(kind);
    const found = await taken(numbered(original, shortcutFirst), write);
    expect(found.match).toMatchObject({ layout: null, encoder: { id: kind } });
    expectSame(found, original);
  });

  it('is refused where a convolution is left, or two have changed places', async () => {
    const state = numbered(stateOf('resnet-18'), false);
    const extra = { name: 'list.99.weight', shape: [2, 2, 1, 1], values: new Float32Array(4) };
    await expect(taken([...state, extra])).rejects.toThrow('no residual network');
    const kernels = state.filter(({ shape }) => shape.length === 4);
    await expect(taken([...kernels, ...state.filter(({ shape }) => shape.length !== 4)].toReversed())).rejects.toThrow(
      'no residual network',
    );
  });
});

describe('what no encoder is like', () => {
  const replaced = (state: State, at: string, name: string, shape: readonly number[]): State => {
    const elements = shape.reduce((product, size) => product * size, 1);
    const other = { name, shape, values: new Float32Array(elements) };
    return state.map((tensor) => (tensor.name === at ? other : tensor));
  };
  it('is named, with the reason', async () => {
    const fifty = stateOf('resnet-50');
    const groups = replaced(fifty, 'layer1.0.conv2.weight', 'layer1.0.conv2.weight', [4, 2, 3, 3]);
    await expect(taken(groups)).rejects.toThrow('a ResNeXt-50 2x2d: grouped convolutions, which no encoder here has');
    const deep = replaced(fifty, 'conv1.weight', 'conv1.0.weight', [4, 3, 3, 3]);
    await expect(taken(deep)).rejects.toThrow('a ResNet-50: a deep stem of several convolutions');
    const pooled = replaced(fifty, 'layer1.0.downsample.0.weight', 'layer1.0.downsample.1.weight', [16, 4, 1, 1]);
    await expect(
      taken(pooled.filter(({ name, shape }) => !name.includes('downsample.1') || shape.length === 4)),
    ).rejects.toThrow('shortcuts that average before their convolution');
    const unbuffered = fifty.filter(({ name }) => !name.includes('running'));
    await expect(taken(unbuffered)).rejects.toThrow('norms without running statistics');
  });

  it('is named in the names of its program', async () => {
    const fifty = stateOf('resnet-50');
    const zeros = (name: string, shape: readonly number[]) => {
      return { name, shape, values: new Float32Array(shape.reduce((product, size) => product * size, 1)) };
    };
    const clip = [
      ...replaced(fifty, 'conv1.weight', 'conv1.weight', [2, 3, 3, 3]),
      zeros('conv2.weight', [2, 2, 3, 3]),
      zeros('conv3.weight', [4, 2, 3, 3]),
    ];
    await expect(taken(prefixed('visual.', clip))).rejects.toThrow(
      'a ResNet-50: a deep stem of several convolutions (CLIP), which no encoder here has',
    );
    const selective = writtenIn('SimCLR v2 converted', fifty)
      .filter(({ name }) => !/\.blocks\.\d+\.net\.[23]\./.test(name))
      .concat(zeros('resnet.net.1.blocks.0.net.2.main_conv.0.weight', [8, 4, 3, 3]));
    await expect(taken(selective)).rejects.toThrow('a SK-ResNet-50: selective kernels, which no encoder here has');
    // CMC keeps 64 channels after the stem and halves all others.
    const half = fifty.map(({ name, shape }) => {
      const isStem = /^(conv1|bn1)\./.test(name);
      const isAfterStem = /^layer1\.0\.(conv1|downsample\.0)\./.test(name);
      return zeros(
        name,
        shape.map((size, axis) => ((isStem && axis === 0) || (isAfterStem && axis === 1) ? 2 * size : size)),
      );
    });
    await expect(taken(prefixed('model.l_to_ab.', half))).rejects.toThrow(
      'its network is a ResNet-50: stages 4 wide after a stem of 8 channels (the halves of CMC), which no encoder',
    );
    const caffe2 = [zeros('conv1_w', [4, 3, 7, 7]), zeros('res2_0_branch2a_w', [4, 4, 1, 1])];
    await expect(taken(caffe2)).rejects.toThrow("it is a ResNet in Caffe2's names");
  });

  it('is a broken encoder', async () => {
    const state = stateOf('resnet-18');
    const filled = (at: string, value: number): State =>
      state.map((tensor) => (tensor.name === at ? { ...tensor, values: tensor.values.slice().fill(value) } : tensor));
    await expect(taken(filled('bn1.running_var', -1))).rejects.toThrow(
      'bn1.running_var contains a negative variance, -1',
    );
    await expect(taken(filled('layer1.0.conv1.weight', NaN))).rejects.toThrow('layer1.0.conv1.weight contains values');
    const { match, values } = await taken(filled('layer1.0.conv1.weight', 0));
    expect(warningsOf(match, values)).toEqual([expect.stringContaining('only zeros: layer1.0.conv1.weight.')]);
    const sound = await taken(state);
    expect(warningsOf(sound.match, sound.values)).toEqual([]);
  });
});
