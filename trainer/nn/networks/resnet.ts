/**
 * Residual networks in torchvision's layout (v1.5: the stride of a bottleneck is on its 3x3 unless asked otherwise), He et al. 2016.
 * Paths of the variables are torchvision's names with slashes for dots. Convolutions start at Kaiming normal, fan out.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import type { Builder, Encoder } from '../../recipe.ts';
import { batchNorm } from '../layers/batch-norm.ts';
import { conv2d } from '../ops/conv.ts';
import { kaimingNormalFanOut } from '../layers/init.ts';
import { globalAveragePool, maxPoolAfterRelu } from '../ops/pool.ts';
import { recomputable, type Layer } from '../ops/recompute.ts';
import { relu } from '../ops/relu.ts';

interface ConvolutionShape {
  readonly inputs: number;
  readonly outputs: number;
  readonly size: number;
  readonly stride: number;
  /** Left out: half the window. */
  readonly padding?: number;
}

function convolution(builder: Builder, shape: ConvolutionShape, inputGradient = true): Layer {
  const { inputs, outputs, size, stride, padding = (size - 1) / 2 } = shape;
  const kernelShape = [size, size, inputs, outputs];
  const weight = builder.variable('weight', kernelShape, kaimingNormalFanOut(kernelShape));
  const options = { stride, padding, inputGradient };
  return {
    weights: [weight],
    state: [],
    apply: (x, at) => conv2d(x, weight, { ...options, late: at.recompute?.input }),
  };
}

function sequence(...layers: readonly Layer[]): Layer {
  return {
    weights: layers.flatMap((layer) => layer.weights),
    state: layers.flatMap((layer) => layer.state),
    apply: (x, at) => layers.reduce((current, layer) => layer.apply(current, at), x),
  };
}

const rectifier: Layer = { weights: [], state: [], apply: relu };

/** A convolution of what a norm and a rectifier make, which need not be kept: made again, it costs little. */
const rectifiedConvolution = (norm: Layer, next: Layer): Layer =>
  recomputable(sequence(norm, rectifier, next), 'norms');

/** relu(body(x) + shortcut(x)); the shortcut is a 1x1 convolution where shapes differ. */
function residual(builder: Builder, body: Layer, shape: Omit<ConvolutionShape, 'size'>): Layer {
  const shortcut =
    shape.stride === 1 && shape.inputs === shape.outputs
      ? null
      : sequence(
          convolution(builder.at('downsample/0'), { ...shape, size: 1 }),
          batchNorm(builder.at('downsample/1'), shape.outputs),
        );
  return {
    weights: [...body.weights, ...(shortcut?.weights ?? [])],
    state: [...body.state, ...(shortcut?.state ?? [])],
    apply: (x, at) => relu(tf.add(body.apply(x, at), shortcut ? shortcut.apply(x, at) : x)),
  };
}

interface BlockShape {
  readonly inputs: number;
  /** Width inside the block. */
  readonly planes: number;
  readonly stride: number;
  /** Initial scale of the last batch norm. */
  readonly lastScale: 'ones' | 'zeros';
  /** Of a bottleneck: which convolution has the stride. */
  readonly strideIn: '1x1' | '3x3';
}

/** Two 3x3 convolutions. */
function basicBlock(builder: Builder, { inputs, planes, stride, lastScale }: BlockShape): Layer {
  const body = sequence(
    convolution(builder.at('conv1'), { inputs, outputs: planes, size: 3, stride }),
    rectifiedConvolution(
      batchNorm(builder.at('bn1'), planes),
      convolution(builder.at('conv2'), { inputs: planes, outputs: planes, size: 3, stride: 1 }),
    ),
    batchNorm(builder.at('bn2'), planes, { scale: lastScale }),
  );
  return residual(builder, body, { inputs, outputs: planes, stride });
}

/** 1x1 down, 3x3, 1x1 up to four times the width. */
function bottleneck(builder: Builder, { inputs, planes, stride, lastScale, strideIn }: BlockShape): Layer {
  const outputs = 4 * planes;
  const [first, second] = strideIn === '1x1' ? [stride, 1] : [1, stride];
  const body = sequence(
    convolution(builder.at('conv1'), { inputs, outputs: planes, size: 1, stride: first }),
    rectifiedConvolution(
      batchNorm(builder.at('bn1'), planes),
      convolution(builder.at('conv2'), { inputs: planes, outputs: planes, size: 3, stride: second }),
    ),
    rectifiedConvolution(
      batchNorm(builder.at('bn2'), planes),
      convolution(builder.at('conv3'), { inputs: planes, outputs, size: 1, stride: 1 }),
    ),
    batchNorm(builder.at('bn3'), outputs, { scale: lastScale }),
  );
  return residual(builder, body, { inputs, outputs, stride });
}

const blocks = {
  basic: { create: basicBlock, expansion: 1 },
  bottleneck: { create: bottleneck, expansion: 4 },
} as const;

/** ImageNet: 7x7 at stride 2, then a 3x3 max-pool at stride 2. Small images: one 3x3, no pool. */
export type Stem =
  { readonly kind: 'imagenet' } | { readonly kind: 'small'; readonly stride: number; readonly padding?: number };

export interface ResNetShape {
  readonly block: keyof typeof blocks;
  /** Blocks in each of the four stages. */
  readonly depths: readonly [number, number, number, number];
  /** Channels after the stem; each stage doubles them. */
  readonly width: number;
  readonly stem: Stem;
  readonly channels: number;
  /**
   * Each block starts as the identity: torchvision's zero_init_residual. Used as a control, a random encoder of this
   * kind is only a few convolutions: its residual branches are zero until trained.
   */
  readonly zeroInitResidual: boolean;
  /** Convolution of a bottleneck that has its stride; left out: torchvision's 3x3. */
  readonly strideIn?: BlockShape['strideIn'];
}

function stemOf(builder: Builder, { channels: inputs, width: outputs, stem }: ResNetShape): Layer {
  const window = stem.kind === 'imagenet' ? { size: 7, stride: 2 } : { ...stem, size: 3 };
  const first = { ...window, inputs, outputs };
  return sequence(convolution(builder.at('conv1'), first, false), batchNorm(builder.at('bn1'), outputs), rectifier);
}

export function resnet(builder: Builder, shape: ResNetShape): Encoder {
  const { create, expansion } = blocks[shape.block];
  const stem = stemOf(builder, shape);
  const lastScale = shape.zeroInitResidual ? 'zeros' : 'ones';
  const { strideIn = '3x3' } = shape;
  let inputs = shape.width;
  const stages = shape.depths.map((depth, index) => {
    const planes = shape.width * 2 ** index;
    const layers = Array.from({ length: depth }, (_, block) => {
      const stride = block === 0 && index > 0 ? 2 : 1;
      const layer = recomputable(
        create(builder.at(`layer${index + 1}/${block}`), { inputs, planes, stride, lastScale, strideIn }),
        'blocks',
      );
      inputs = planes * expansion;
      return layer;
    });
    return sequence(...layers);
  });
  const [layer1, layer2, layer3, layer4] = stages as [Layer, Layer, Layer, Layer];
  const all = sequence(stem, ...stages);

  const isSmall = shape.stem.kind === 'small';
  const pooled = (conv1: Tensor): Tensor => (isSmall ? conv1 : maxPoolAfterRelu(conv1, 3, { stride: 2, padding: 1 }));
  const first = shape.stem.kind === 'small' ? shape.stem.stride : 4;
  const narrowest = shape.width * expansion;

  return {
    weights: all.weights,
    state: all.state,
    outputs: inputs,
    res4Outputs: inputs / 2,
    forward(images, at) {
      const conv1 = stem.apply(images, at);
      const res2 = layer1.apply(pooled(conv1), at);
      const res3 = layer2.apply(res2, at);
      const res4 = layer3.apply(res3, at);
      const res5 = layer4.apply(res4, at);
      return { conv1, res2, res3, res4, res5, pooled: globalAveragePool(res5) };
    },
    stages: {
      strides: [first, 2 * first, 4 * first, 8 * first],
      channels: [narrowest, 2 * narrowest, 4 * narrowest, 8 * narrowest],
      upTo(last, images, at) {
        const outputs: Tensor[] = [];
        let features = pooled(stem.apply(images, at));
        for (const stage of [layer1, layer2, layer3, layer4].slice(0, last - 1)) {
          features = stage.apply(features, at);
          outputs.push(features);
        }
        return outputs;
      },
      last: (features, at) => layer4.apply(features, at),
    },
  };
}
