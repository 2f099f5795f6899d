/** Narrow residual networks in the names of other programs. */
import type { WrittenTensor } from '../safetensors.ts';
import { namings, onlyFor } from './zoo-names.ts';

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

export const layoutNames = Object.keys(namings);

/** Networks that a program writes. */
export const kindsOf = (layout: string): readonly ('resnet-18' | 'resnet-50')[] =>
  layout in onlyFor ? [onlyFor[layout]!] : ['resnet-18', 'resnet-50'];

/** A state in the names of a program. */
export const writtenIn = (layout: string, state: State): State =>
  state.map((tensor) => ({ ...tensor, name: namings[layout]!(tensor.name) }));
