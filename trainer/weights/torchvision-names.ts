/**
 * Maps files with torchvision's names and layout, or names that `layouts.ts` turns into them, to our encoders: `layer1.0.conv1.weight`, [out, in, k, k], is `layer1/0/conv1/weight`, [k, k, in, out].
 */
import type { Variable } from '@tensorflow/tfjs';
import * as v from 'valibot';
import type { Choice } from '../protocol/options.ts';
import type { FoundNetwork, NetworkReason } from '../protocol/weights.ts';
import type { FaultError } from '../durable/fault-error.ts';
import type { Builder, Encoder, EncoderRecipe, Shape } from '../recipe.ts';
import { describedAs, familyOf } from './architecture.ts';
import { firstKernelOf, matchedByShape } from './by-shape.ts';
import { unreadable, type StoredTensor, type WeightsFile } from './file.ts';
import { layouts, renamed, usedOf, type Layout } from './layouts.ts';
import { toldOf } from './passed-over.ts';

/** An encoder that computes nothing, and its variables by their relative paths. */
export function outlineOf(
  recipe: EncoderRecipe,
  options: object,
  channels: number,
): { readonly built: Encoder; readonly variables: ReadonlyMap<string, Shape> } {
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
  return { built: recipe.build(recorder(''), options, { channels }), variables: found };
}

/** Variables of an encoder by their relative paths, without building it. */
export const variablesOf = (recipe: EncoderRecipe, options: object, channels: number): ReadonlyMap<string, Shape> =>
  outlineOf(recipe, options, channels).variables;

export interface Match {
  /** Prefix of the encoder's names in the file, such as `module.backbone.`. */
  readonly prefix: string;
  /** Whose names the file has; null where it was matched by the order of its shapes. */
  readonly layout: string | null;
  /** Name of the network taken: its prefix without the last dot. */
  readonly network: string;
  /** Networks of the file; the one that its method evaluates says why. */
  readonly networks: readonly FoundNetwork[];
  /** Reason why this network was taken. */
  readonly why: NetworkReason;
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

interface Candidate {
  readonly layout: Layout;
  readonly prefix: string;
  /** Tensors below the prefix by torchvision's names. */
  readonly below: ReadonlyMap<string, StoredTensor>;
}

/** A file with more is no checkpoint; every network costs a pass over the names. */
const mostNetworks = 50;
const firstOfBlocks = 'layer1.0.conv1.weight';
const ofNetwork = /^(layer\d|conv1|bn1)\b/;

/** Residual networks in a file by prefix, each in the layouts that it may be in. */
function candidatesOf({ tensors }: WeightsFile): ReadonlyMap<string, readonly Candidate[]> {
  const found = new Map<string, Candidate[]>();
  for (const layout of layouts) {
    const named = new Map(tensors.map((tensor) => [renamed(layout, tensor.name), tensor] as const).reverse());
    const names = [...named.keys()].reverse();
    for (const name of names) {
      const prefix = name.slice(0, -firstOfBlocks.length);
      if (!name.endsWith(firstOfBlocks) || !(prefix === '' || prefix.endsWith('.'))) continue;
      if (!found.has(prefix) && found.size === mostNetworks) continue;
      const below = new Map<string, StoredTensor>();
      for (const one of names) if (one.startsWith(prefix)) below.set(one.slice(prefix.length), named.get(one)!);
      found.set(prefix, [...(found.get(prefix) ?? []), { layout, prefix, below }]);
    }
  }
  return found;
}

interface Fit {
  readonly recipe: EncoderRecipe;
  readonly options: Choice['options'];
  readonly channels: number;
  readonly variables: ReadonlyMap<string, Shape>;
}

/** Residual encoders whose first convolution is like a file's, with their variables. */
function likely(encoders: readonly EncoderRecipe[], [width = 0, channels = 0, window = 0]: Shape): readonly Fit[] {
  const given = { stem: window === 7 ? 'imagenet' : 'small', width };
  return encoders.flatMap((recipe) => {
    const parsed = v.safeParse(recipe.options, given);
    // An encoder without a stem is not a residual network and uses other names.
    if (!parsed.success || !('stem' in parsed.output)) return [];
    const options = parsed.output;
    return [{ recipe, options, channels, variables: variablesOf(recipe, options, channels) }];
  });
}

/** Identifies the encoder from the names and shapes below a prefix, or says what does not fit. */
function inferred({ below }: Candidate, encoders: readonly EncoderRecipe[]): Fit | readonly string[] {
  const reasons: string[] = [];
  for (const fit of likely(encoders, below.get('conv1.weight')?.shape ?? [])) {
    const { recipe, variables } = fit;
    const missing = [...variables].find(
      ([at, shape]) => below.get(nameOf(at))?.shape.join() !== torchShape(shape).join(),
    );
    if (!missing) {
      const wanted = new Set([...variables.keys()].map(nameOf));
      // A deeper network contains a shallower one: leftover tensors of a residual stage distinguish them.
      const left = [...below.keys()].find((name) => ofNetwork.test(name) && !wanted.has(name) && !isCounter(name));
      if (left === undefined) return fit;
      reasons.push(`${recipe.title} has no ${left}`);
    } else {
      const shape = below.get(nameOf(missing[0]))?.shape;
      const has = shape === undefined ? 'is not there' : `is [${shape.join(', ')}]`;
      reasons.push(`of ${recipe.title}, ${nameOf(missing[0])} [${torchShape(missing[1]).join(', ')}] ${has}`);
    }
  }
  return reasons;
}

const isFit = (found: Fit | readonly string[]): found is Fit => 'recipe' in found;
/** A network's name: what stands before its tensors. */
export const networkOf = (prefix: string): string => prefix.replace(/\.$/, '');

function refusal({ path, passedOver }: WeightsFile, candidate: Candidate, reasons: readonly string[]): FaultError {
  const shapes = new Map([...candidate.below].map(([name, { shape }]) => [name, shape]));
  const what = `its network is a ${describedAs(shapes)}`;
  const detail = [`${what}; it matches none of the known encoders`, reasons.join('; ')].filter((part) => part !== '');
  return unreadable(path, detail.join(': ') + toldOf(passedOver));
}

/** The network to take: the one asked for, or the one that its method evaluates. */
export function chosenOf(path: string, networks: readonly string[], wanted: string | null) {
  const usual = usedOf(networks);
  if (wanted === null || wanted === usual.name) return { ...usual, usual };
  if (networks.includes(wanted)) return { name: wanted, why: 'asked' as const, usual };
  const has = networks.map((name) => `"${name}"`).join(', ');
  throw unreadable(path, `it has no network "${wanted}"; its networks are ${has}`);
}

/** An encoder by the order of the file's shapes, without names; null unless exactly one fits. */
function inOrder(file: WeightsFile, encoders: readonly EncoderRecipe[]): Match | null {
  const first = firstKernelOf(file);
  if (first === null) return null;
  const fits = likely(encoders, first).flatMap(({ recipe, options, channels, variables }) => {
    const shapes = new Map([...variables].map(([at, shape]) => [at, torchShape(shape)]));
    const tensors = matchedByShape(file, shapes);
    return tensors === null ? [] : [{ encoder: { id: recipe.id, options }, channels, tensors }];
  });
  if (fits.length !== 1) return null;
  const { tensors } = fits[0]!;
  return {
    ...fits[0]!,
    prefix: '',
    layout: null,
    network: '',
    networks: [{ name: '', tensors: tensors.size, why: 'order' }],
    why: 'order',
    unmatched: leftOf(file, tensors),
  };
}

/** Names of a file's tensors that were not taken. */
function leftOf(file: WeightsFile, tensors: ReadonlyMap<string, StoredTensor>): readonly string[] {
  const taken = new Set([...tensors.values()].map(({ name }) => name));
  return file.tensors.map(({ name }) => name).filter((name) => !taken.has(name) && !isCounter(name));
}

/**
 * Finds an encoder in a file of weights, by names and shapes.
 * @param network which of several networks; null for the one that its method evaluates
 * @throws 'unreadable-file' if there is none, with the mismatch for each encoder
 */
export function matchEncoder(
  file: WeightsFile,
  encoders: readonly EncoderRecipe[],
  network: string | null = null,
): Match {
  const { path, tensors, passedOver } = file;
  const candidates = candidatesOf(file);
  if (candidates.size === 0) {
    const byShape = inOrder(file, encoders);
    if (byShape !== null) return byShape;
    const names = tensors.map(({ name }) => name);
    const family = familyOf(names);
    const has = `it has no residual network with torchvision's names (${names.slice(0, 5).join(', ') || 'it has no tensors'})`;
    throw unreadable(path, (family === null ? has : `${has}; it is ${family}`) + toldOf(passedOver));
  }
  const { name, why, usual } = chosenOf(path, [...candidates.keys()].map(networkOf), network);
  const ofName = [...candidates].find(([prefix]) => networkOf(prefix) === name)![1];
  const fits = ofName.map((candidate) => ({ candidate, found: inferred(candidate, encoders) }));
  const { candidate, found } = fits.find((one) => isFit(one.found)) ?? fits[0]!;
  if (!isFit(found)) throw refusal(file, candidate, found);
  const matched = new Map([...found.variables.keys()].map((at) => [at, candidate.below.get(nameOf(at))!]));
  return {
    prefix: candidate.prefix,
    layout: candidate.layout.name,
    network: name,
    networks: [...candidates].map(([prefix, [first]]) => ({
      name: networkOf(prefix),
      tensors: [...first!.below.keys()].filter((one) => ofNetwork.test(one) && !isCounter(one)).length,
      why: networkOf(prefix) === usual.name ? usual.why : null,
    })),
    why,
    encoder: { id: found.recipe.id, options: found.options },
    channels: found.channels,
    tensors: matched,
    unmatched: leftOf(file, matched),
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

/** A tensor's values as they lie in the file. @throws 'unreadable-file' for values that no network has */
export async function readValues(file: WeightsFile, path: string, tensor: StoredTensor): Promise<Float32Array> {
  const read = await file.read(tensor);
  if (!read.every(Number.isFinite)) throw unreadable(file.path, `${tensor.name} contains values that are not finite`);
  if (path.endsWith('running_var') && read.some((value) => value < 0))
    throw unreadable(file.path, `${tensor.name} contains a negative variance, ${read.find((value) => value < 0)}`);
  return read;
}

/** Reads what a match found: values by path, in our layout. */
export async function readEncoder(
  file: WeightsFile,
  { tensors }: Match,
  progress?: (fraction: number) => Promise<void>,
): Promise<ReadonlyMap<string, Float32Array>> {
  const values = new Map<string, Float32Array>();
  for (const [path, tensor] of tensors) {
    const read = await readValues(file, path, tensor);
    await progress?.(values.size / tensors.size);
    values.set(path, isKernel(tensor.shape) ? kernelFromTorch(read, tensor.shape) : read);
  }
  return values;
}

const mostWarned = 5;

/** Doubts about an encoder that was read, as sentences. */
export function warningsOf({ tensors }: Match, values: ReadonlyMap<string, Float32Array>): readonly string[] {
  const zero = [...tensors].filter(
    ([path, { shape }]) => isKernel(shape) && values.get(path)!.every((one) => one === 0),
  );
  if (zero.length === 0) return [];
  const names = zero.slice(0, mostWarned).map(([, { name }]) => name);
  const more = zero.length > names.length ? ` and ${zero.length - names.length} more` : '';
  return [`Convolutions with only zeros: ${names.join(', ')}${more}. Such a file was not trained, or not saved whole.`];
}
