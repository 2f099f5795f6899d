/** A detector of ours in the names and the layouts of detectron2: the way back from `detector-layouts.ts`, written for itself. */
import type { Shape } from '../../recipe.ts';
import type { WrittenTensor } from '../safetensors.ts';

export interface OurVariable {
  readonly path: string;
  readonly shape: Shape;
  readonly values: Float32Array;
}

const product = (shape: Shape): number => shape.reduce((all, size) => all * size, 1);

/** Values of a tensor of another shape, each taken from where `from` says that it lies in ours. */
function laidOut(shape: Shape, values: Float32Array, from: (place: readonly number[]) => number): Float32Array {
  const place = new Array<number>(shape.length).fill(0);
  return Float32Array.from({ length: product(shape) }, () => {
    const value = values[from(place)]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place[axis] = (place[axis]! + 1) % shape[axis]!;
      if (place[axis] !== 0) break;
    }
    return value;
  });
}

/** @param side of the pooled features that fc1 takes */
export function inDetectron2({ path, shape, values }: OurVariable, side = 7): Omit<WrittenTensor, 'name'> {
  if (path.endsWith('deconv/weight')) {
    const [inputs, outputs] = [shape[2]!, shape[3]! / 4];
    const theirs = [inputs, outputs, 2, 2];
    const from = ([i, o, row, column]: readonly number[]) => i! * 4 * outputs + (2 * row! + column!) * outputs + o!;
    return { shape: theirs, values: laidOut(theirs, values, from) };
  }
  if (path.endsWith('fc1/weight')) {
    const [inputs = 0, outputs = 0] = shape;
    const channels = inputs / side ** 2;
    const each = [outputs, channels, side, side];
    const from = ([o, channel, row, column]: readonly number[]) =>
      ((row! * side + column!) * channels + channel!) * outputs + o!;
    return { shape: [outputs, inputs], values: laidOut(each, values, from) };
  }
  if (shape.length === 2) {
    const [inputs = 0, outputs = 0] = shape;
    const theirs = [outputs, inputs];
    return { shape: theirs, values: laidOut(theirs, values, ([o, i]) => i! * outputs + o!) };
  }
  if (shape.length !== 4) return { shape, values };
  const [height, width, inputs, outputs] = shape as readonly [number, number, number, number];
  const theirs = [outputs, inputs, height, width];
  const from = ([o, i, row, column]: readonly number[]) => ((row! * width + column!) * inputs + i!) * outputs + o!;
  return { shape: theirs, values: laidOut(theirs, values, from) };
}

/** `layer2/0/bn1/weight` → `res3.0.conv1.norm.weight`. */
export function encoderName(path: string): string {
  return path
    .replaceAll('/', '.')
    .replace(/^(conv1|bn1)\./, 'stem.$1.')
    .replace(/^layer(\d)\./, (_, stage) => `res${Number(stage) + 1}.`)
    .replace(/downsample\.0\./, 'shortcut.')
    .replace(/downsample\.1\./, 'shortcut.norm.')
    .replace(/bn(\d)\./, 'conv$1.norm.');
}
