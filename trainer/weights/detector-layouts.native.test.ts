/** Layers of detectron2's detectors, by the values that its definitions give (golden/detector_layouts.py). */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs';
import { afterAll, expect, it } from 'vitest';
import { maskHead } from '../detection/nets/mask-head.ts';
import { regionClassifier } from '../detection/nets/region-classifier.ts';
import type { Engine } from '../engine/engine.ts';
import { openEngine } from '../engine/steps/open.ts';
import type { HostTensor } from '../host-batch.ts';
import { linear } from '../nn/layers/linear.ts';
import { pixelScalings } from '../protocol/weights.ts';
import { resnet } from '../nn/networks/resnet.ts';
import { relu } from '../nn/ops/relu.ts';
import { deviation, formula } from '../nn/testing/golden.ts';
import type { Net, Shape, StepContext } from '../recipe.ts';
import { withRedFirst } from './conventions.ts';
import { doubling, flattened, kernel, matrix, numbers, type DetectorVariable } from './detector-layouts.ts';
import { openWeights } from './open.ts';

interface Golden {
  readonly boxes: { readonly scores: readonly number[]; readonly deltas: readonly number[] };
  readonly masks: { readonly logits: readonly number[] };
  readonly caffe2: Readonly<Record<'pixels' | 'stem' | 'block', readonly number[]>>;
  readonly files: Readonly<Record<string, string>>;
}
const golden = JSON.parse(readFileSync(new URL('golden/detector-layouts.json', import.meta.url), 'utf8')) as Golden;
const folder = mkdtempSync(join(tmpdir(), 'detector-layouts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const engine = await openEngine({
  engine: 'traced',
  device: 'cpu',
  precision: 'float32',
  threads: 1,
  chunk: null,
  recompute: false,
  loaderWorkers: 0,
});

/** The last two parts of a path are what the script calls a tensor. */
const formulaName = (path: string): string => path.split('/').slice(-2).join('.');

/** Gives variables the script's values through their conversions. */
function write(of: Engine, nets: readonly Net[], layers: readonly DetectorVariable[]): void {
  const entries = new Map(of.entries(nets).map((entry) => [entry.name, entry]));
  for (const { path, shape, ours, convert } of layers) {
    const entry = entries.get(path)!;
    expect(entry.shape, path).toEqual(ours);
    entry.write(convert(formula(formulaName(path), shape, 1)));
  }
}

const applied = async (input: HostTensor, apply: (x: Tensor, at: StepContext) => Tensor): Promise<Float32Array> =>
  (await engine.infer(apply)(input)).values as Float32Array;

/** [n, c, h, w] as [n, h, w, c]. */
function channelsLast(name: string, [n, c, h, w]: readonly [number, number, number, number]): HostTensor {
  const values = formula(name, [n, c, h, w], 1);
  const moved = new Float32Array(values.length);
  for (let at = 0, image = 0; image < n; image++)
    for (let channel = 0; channel < c; channel++)
      for (let place = 0; place < h * w; place++) moved[(image * h * w + place) * c + channel] = values[at++]!;
  return { shape: [n, h, w, c], values: moved };
}

it('classifies regions as detectron2 does: its order of pooled features, and of classes with the background last', async () => {
  const builder = engine.builder(1);
  const hidden = linear(builder.at('fc1'), 147, 5);
  const head = regionClassifier(builder, 5, 2);
  write(
    engine,
    [hidden, head],
    [
      flattened('fc1/weight', 7, 3, 5),
      numbers('fc1/bias', 5),
      matrix('cls_score/weight', 5, 3),
      numbers('cls_score/bias', 3),
      matrix('bbox_pred/weight', 5, 8),
      numbers('bbox_pred/bias', 8),
    ],
  );
  const regions = channelsLast('regions', [2, 3, 7, 7]);
  const classified = (x: Tensor) => head.apply(relu(hidden.apply(x.reshape([2, 147]))));
  expect(deviation(await applied(regions, (x) => classified(x).scores), golden.boxes.scores)).toBeLessThan(1e-6);
  expect(deviation(await applied(regions, (x) => classified(x).deltas), golden.boxes.deltas)).toBeLessThan(1e-6);
});

it('finds masks as detectron2 does, through its transposed convolution', async () => {
  const head = maskHead(engine.builder(1).at('mask'), 4, 2, 4);
  write(
    engine,
    [head],
    [
      ...[1, 2, 3, 4].flatMap((at) => [
        kernel(`mask/mask_fcn${at}/weight`, 3, 4, 4),
        numbers(`mask/mask_fcn${at}/bias`, 4),
      ]),
      doubling('mask/deconv/weight', 4, 4),
      numbers('mask/deconv/bias', 4),
      kernel('mask/predictor/weight', 1, 4, 2),
      numbers('mask/predictor/bias', 2),
    ],
  );
  const logits = await applied(channelsLast('region', [1, 4, 3, 2]), (x) => head.apply(x));
  expect(deviation(logits, golden.masks.logits)).toBeLessThan(1e-6);
});

/** With batch norms as they begin: a mean of 0 and a variance of 1, but for 1e-5. */
const caffe2 = (name: string, width: number) =>
  resnet(engine.builder(1).at(name), {
    block: 'bottleneck',
    depths: [1, 1, 1, 1],
    width,
    stem: { kind: 'imagenet' },
    channels: 3,
    zeroInitResidual: false,
    strideIn: '1x1',
  });

/** A kernel of the script as ours. */
const converted = (name: string, [outputs, inputs, side]: Shape, scale = 1): Float32Array =>
  kernel('', side!, inputs!, outputs!).convert(formula(name, [outputs!, inputs!, side!, side!], scale));

it('sees pixels as Caffe’s networks do: blue first, levels around the mean', async () => {
  const encoder = caffe2('seeing', 8);
  const first = engine.entries([encoder]).find(({ name }) => name === 'seeing/conv1/weight')!;
  // The script divides by 64, so that its numbers stay small.
  first.write(withRedFirst(converted('stem.weight', [8, 3, 7], 1 / 64), 8));
  const { mean, std } = pixelScalings.levels;
  const values = Float32Array.from(golden.caffe2.pixels, (level, at) => (level / 255 - mean[at % 3]!) / std[at % 3]!);
  const stem = await applied({ shape: [1, 6, 6, 3], values }, (x, at) => encoder.forward(x, at).conv1);
  expect(deviation(stem, golden.caffe2.stem)).toBeLessThan(1e-5);
});

it('has the stride of a bottleneck in its first 1x1', async () => {
  const encoder = caffe2('strided', 1);
  const entries = new Map(engine.entries([encoder]).map((entry) => [entry.name, entry]));
  for (const [path, name, shape] of [
    ['conv1', 'conv1.weight', [8, 16, 1]],
    ['conv2', 'conv2.weight', [8, 8, 3]],
    ['conv3', 'conv3.weight', [32, 8, 1]],
    ['downsample/0', 'shortcut.weight', [32, 16, 1]],
  ] as const)
    entries.get(`strided/layer4/0/${path}/weight`)!.write(converted(name, shape));
  const block = await applied(channelsLast('features', [1, 16, 5, 5]), (x, at) => encoder.stages!.last(x, at));
  expect(deviation(block, golden.caffe2.block)).toBeLessThan(1e-4);
});

it.each(Object.keys(golden.files))('reads the zoo’s files as Python writes them, in protocol %s', async (protocol) => {
  const path = join(folder, `${protocol}.pkl`);
  writeFileSync(path, Buffer.from(golden.files[protocol]!, 'base64'));
  const file = await openWeights(path);
  try {
    const tensor = file.tensors.find(({ name }) => name === 'model.backbone.stem.conv1.weight')!;
    expect(tensor.shape).toEqual([2, 3, 1, 1]);
    expect(await file.read(tensor)).toEqual(formula('w', [6], 1));
  } finally {
    await file.close();
  }
});
