/**
 * Maps files with torchvision's names and layout (VICReg's own `resnet50.pth`, its full checkpoints, solo-learn,
 * torchvision) to our encoders: `layer1.0.conv1.weight`, [out, in, k, k], is `layer1/0/conv1/weight`, [k, k, in, out].
 */
import type { Variable } from '@tensorflow/tfjs';
import * as v from 'valibot';
import type { Choice } from '../protocol/options.ts';
import type { Builder, EncoderRecipe, Shape } from '../recipe.ts';
import { unreadable, type StoredTensor, type WeightsFile } from './file.ts';
import { toldOf } from './passed-over.ts';

/** Variables of an encoder by their relative paths, without building it. */
function variablesOf(recipe: EncoderRecipe, options: object, channels: number): ReadonlyMap<string, Shape> {
  const found = new Map<string, Shape>();
  const recorder = (path: string): Builder => ({
    path,
    twin: () => recorder(path),
    at: (name) => recorder(path === '' ? name : `${path}/${name}`),
    variable(name, shape) {
      found.set(path === '' ? name : `${path}/${name}`, shape);
      // Until it is applied, a net only passes its variables on.
      return { shape } as unknown as Variable;
    },
  });
  recipe.build(recorder(''), options, { channels });
  return found;
}

export interface Match {
  /** Prefix of the encoder's names in the file, such as `module.backbone.`. */
  readonly prefix: string;
  readonly encoder: Choice;
  readonly channels: number;
  /** Tensor of the file by path in the encoder. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Tensors of the file without a matching variable: a projector, a classifier, an optimizer. */
  readonly unmatched: readonly string[];
}

/** Batch norm's counters, which are not needed. */
const isCounter = (name: string): boolean => name.endsWith('num_batches_tracked');
export const nameOf = (path: string): string => path.replaceAll('/', '.');
const isKernel = (shape: Shape): boolean => shape.length === 4;
const isMatrix = (shape: Shape): boolean => shape.length === 2;
/** [k, k, in, out] and [in, out] in torch's layout. */
export function torchShape(shape: Shape): Shape {
  if (isMatrix(shape)) return [shape[1]!, shape[0]!];
  return isKernel(shape) ? [shape[3]!, shape[2]!, shape[0]!, shape[1]!] : shape;
}

/** [out, in, k, k] in our layout. */
export const ourShape = (shape: Shape): readonly number[] =>
  isKernel(shape) ? [shape[2]!, shape[3]!, shape[1]!, shape[0]!] : shape;

/** Prefixes of the encoders in a file, the preferred one first. A momentum copy is not the trained encoder. */
function prefixesOf(names: readonly string[]): readonly string[] {
  const last = 'conv1.weight';
  const known = new Set(names);
  const found = names
    .filter((name) => name.endsWith(last))
    .map((name) => name.slice(0, -last.length))
    .filter((prefix) => known.has(`${prefix}bn1.weight`) && known.has(`${prefix}layer1.0.conv1.weight`));
  const isCopy = (prefix: string): number => Number(/momentum|teacher|ema|target|key/.test(prefix));
  return found.sort((one, other) => isCopy(one) - isCopy(other) || one.length - other.length);
}

/** Identifies the encoder from the names and shapes below a prefix. */
function inferred(
  { path, passedOver }: WeightsFile,
  encoders: readonly EncoderRecipe[],
  shapes: ReadonlyMap<string, Shape>,
) {
  const [width = 0, channels = 0, window = 0] = shapes.get('conv1.weight') ?? [];
  const options = { stem: window === 7 ? 'imagenet' : 'small', width };
  const reasons: string[] = [];
  for (const recipe of encoders) {
    const parsed = v.safeParse(recipe.options, options);
    // An encoder without a stem is not a residual network and uses other names.
    if (!parsed.success || !('stem' in parsed.output)) continue;
    const variables = variablesOf(recipe, parsed.output, channels);
    const missing = [...variables].find(([at, shape]) => shapes.get(nameOf(at))?.join() !== torchShape(shape).join());
    if (!missing) {
      const wanted = new Set([...variables.keys()].map(nameOf));
      // A deeper network contains a shallower one: leftover tensors of a residual stage distinguish them.
      const left = [...shapes.keys()].find(
        (name) => /^(layer\d|conv1|bn1)\b/.test(name) && !wanted.has(name) && !isCounter(name),
      );
      if (left === undefined) return { recipe, options: parsed.output, channels, variables };
      reasons.push(`${recipe.title} has no ${left}`);
    } else {
      const shape = shapes.get(nameOf(missing[0]));
      const has = shape === undefined ? 'is not there' : `is [${shape.join(', ')}]`;
      reasons.push(`of ${recipe.title}, ${nameOf(missing[0])} [${torchShape(missing[1]).join(', ')}] ${has}`);
    }
  }
  throw unreadable(path, `its network matches none of the known encoders: ${reasons.join('; ')}${toldOf(passedOver)}`);
}

/**
 * Finds an encoder in a file of weights, by names and shapes.
 * @throws 'unreadable-file' if there is none, with the mismatch for each encoder
 */
export function matchEncoder(file: WeightsFile, encoders: readonly EncoderRecipe[]): Match {
  const { path, tensors, passedOver } = file;
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const [prefix] = prefixesOf([...byName.keys()]);
  if (prefix === undefined) {
    const some = [...byName.keys()].slice(0, 5).join(', ');
    const has = `it has no residual network with torchvision's names (${some || 'it has no tensors'})`;
    throw unreadable(path, has + toldOf(passedOver));
  }
  const below = new Map<string, Shape>();
  for (const { name, shape } of tensors) if (name.startsWith(prefix)) below.set(name.slice(prefix.length), shape);
  const { recipe, options, channels, variables } = inferred(file, encoders, below);
  const matched = new Map([...variables.keys()].map((at) => [at, byName.get(prefix + nameOf(at))!]));
  const taken = new Set([...matched.values()].map(({ name }) => name));
  return {
    prefix,
    encoder: { id: recipe.id, options },
    channels,
    tensors: matched,
    unmatched: [...byName.keys()].filter((name) => !taken.has(name) && !isCounter(name)),
  };
}

/** Values in one order of dimensions, [a, b, c, d], as [c, d, b, a]: from torch's kernel to ours. */
export function kernelFromTorch(values: Float32Array, shape: Shape): Float32Array {
  const [outputs, inputs, height, width] = shape as readonly [number, number, number, number];
  const moved = new Float32Array(values.length);
  for (let o = 0, at = 0; o < outputs; o++)
    for (let i = 0; i < inputs; i++)
      for (let place = 0; place < height * width; place++) moved[(place * inputs + i) * outputs + o] = values[at++]!;
  return moved;
}

/** A variable's values in torch's layout. */
export function toTorch(values: Float32Array, shape: Shape): Float32Array {
  // A matrix is a kernel of one pixel.
  if (isMatrix(shape)) return kernelToTorch(values, [1, 1, ...shape]);
  return isKernel(shape) ? kernelToTorch(values, shape) : values;
}

/** From our kernel, [k, k, in, out], to torch's. */
export function kernelToTorch(values: Float32Array, shape: Shape): Float32Array {
  const [height, width, inputs, outputs] = shape as readonly [number, number, number, number];
  const moved = new Float32Array(values.length);
  for (let place = 0, at = 0; place < height * width; place++)
    for (let i = 0; i < inputs; i++)
      for (let o = 0; o < outputs; o++) moved[(o * inputs + i) * height * width + place] = values[at++]!;
  return moved;
}

/** Reads what a match found: values by path, in our layout. */
export async function readEncoder(
  file: WeightsFile,
  { tensors }: Match,
  progress?: (fraction: number) => Promise<void>,
): Promise<ReadonlyMap<string, Float32Array>> {
  const values = new Map<string, Float32Array>();
  for (const [path, tensor] of tensors) {
    const read = await file.read(tensor);
    if (!read.every(Number.isFinite)) throw unreadable(file.path, `${tensor.name} contains values that are not finite`);
    await progress?.(values.size / tensors.size);
    values.set(path, isKernel(tensor.shape) ? kernelFromTorch(read, tensor.shape) : read);
  }
  return values;
}
