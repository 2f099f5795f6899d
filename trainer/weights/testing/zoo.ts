/** Narrow residual networks in the names of other programs. */
import type { WrittenTensor } from '../safetensors.ts';

export type State = readonly WrittenTensor[];

const width = 4;
const kinds = {
  'resnet-18': { depths: [2, 2, 2, 2], expansion: 1 },
  'resnet-50': { depths: [3, 4, 6, 3], expansion: 4 },
} as const;

/** A state in torchvision's names and order; every value of it is another one. */
export function stateOf(kind: keyof typeof kinds, seed = 0): State {
  const { depths, expansion } = kinds[kind];
  const state: WrittenTensor[] = [];
  let next = 1 + seed;
  const add = (name: string, shape: readonly number[]) => {
    const elements = shape.reduce((product, size) => product * size, 1);
    state.push({ name, shape, values: Float32Array.from({ length: elements }, () => (next += 3) / 1024) });
  };
  const layer = (convolution: string, norm: string, shape: readonly number[]) => {
    add(`${convolution}.weight`, shape);
    for (const part of ['weight', 'bias', 'running_mean', 'running_var']) add(`${norm}.${part}`, [shape[0]!]);
  };
  layer('conv1', 'bn1', [width, 3, 7, 7]);
  let inputs = width;
  depths.forEach((depth, stage) => {
    const planes = width * 2 ** stage;
    const outputs = planes * expansion;
    for (let block = 0; block < depth; block++) {
      const at = `layer${stage + 1}.${block}`;
      const shapes =
        expansion === 1
          ? [
              [planes, inputs, 3, 3],
              [planes, planes, 3, 3],
            ]
          : [
              [planes, inputs, 1, 1],
              [planes, planes, 3, 3],
              [outputs, planes, 1, 1],
            ];
      shapes.forEach((shape, index) => layer(`${at}.conv${index + 1}`, `${at}.bn${index + 1}`, shape));
      if (inputs !== outputs) layer(`${at}.downsample.0`, `${at}.downsample.1`, [outputs, inputs, 1, 1]);
      inputs = outputs;
    }
  });
  return state;
}

const sequential =
  (firstStage: number) =>
  (name: string): string =>
    `backbone.${name
      .replace(/^layer(\d)/, (_, stage) => String(Number(stage) - 1 + firstStage))
      .replace(/^conv1/, '0')
      .replace(/^bn1/, '1')}`;

const after =
  (prefix: string) =>
  (name: string): string =>
    prefix + name;

/** Names of a tensor of torchvision by program. */
const namings: Readonly<Record<string, (name: string) => string>> = {
  torchvision: after(''),
  'VICReg, Barlow Twins and VICRegL': after('model.module.backbone.'),
  SimSiam: after('state_dict.module.encoder.'),
  SwAV: after('module.'),
  'MoCo v1 and v2': after('state_dict.module.encoder_q.'),
  'MoCo v3': after('state_dict.module.base_encoder.'),
  DINO: after('teacher.backbone.'),
  VISSL: after('classy_state_dict.base_model.model.trunk._feature_blocks.'),
  MMPretrain: after('state_dict.backbone.'),
  'solo-learn': after('state_dict.backbone.'),
  'torch.compile': after('_orig_mod.encoder.'),
  'wrapped blocks': (name) =>
    `model._fsdp_wrapped_module.${name.replace(/^(layer\d\.\d+)\./, '$1._fsdp_wrapped_module.')}`,
  'CIFAR networks': (name) => name.replace('downsample', 'shortcut'),
  'lightly without ReLU and pooling': (name) => sequential(2)(name).replace('downsample', 'shortcut'),
  'Sequential without pooling': sequential(3),
  'Sequential with ReLU and pooling': sequential(4),
  'Hugging Face': (name) =>
    `resnet.${name
      .replace(/^conv1/, 'embedder.embedder.convolution')
      .replace(/^bn1/, 'embedder.embedder.normalization')
      .replace(/^layer(\d)\./, (_, stage) => `encoder.stages.${Number(stage) - 1}.layers.`)
      .replace(/\.conv(\d)/, (_, at) => `.layer.${Number(at) - 1}.convolution`)
      .replace(/\.bn(\d)/, (_, at) => `.layer.${Number(at) - 1}.normalization`)
      .replace('downsample.0', 'shortcut.convolution')
      .replace('downsample.1', 'shortcut.normalization')}`,
  detectron2: (name) =>
    `model.backbone.bottom_up.${name
      .replace(/^conv1/, 'stem.conv1')
      .replace(/^bn1/, 'stem.conv1.norm')
      .replace(/^layer(\d)/, (_, stage) => `res${Number(stage) + 1}`)
      .replace(/\.bn(\d)/, '.conv$1.norm')
      .replace('downsample.0', 'shortcut')
      .replace('downsample.1', 'shortcut.norm')}`,
};

export const layoutNames = Object.keys(namings);

/** A state in the names of a program. */
export const writtenIn = (layout: string, state: State): State =>
  state.map((tensor) => ({ ...tensor, name: namings[layout]!(tensor.name) }));
