/** Finds vision transformers in files of weights and reads them. */
import type { HeadsFrom } from '../protocol/weights.ts';
import type { EncoderRecipe, Shape } from '../recipe.ts';
import type { EncoderInFile, ReadVariable } from './encoder-in-file.ts';
import { unreadable, type StoredTensor, type WeightsFile } from './file.ts';
import { fixedPositionsOf } from './fixed-positions.ts';
import { renamed } from './layouts.ts';
import { toldOf } from './passed-over.ts';
import { chosenOf, kernelFromTorch, nameOf, networkOf, torchShape, variablesOf } from './torchvision-names.ts';
import {
  gridOf,
  headsOf,
  isOfPatches,
  optionsOf,
  pixelsFromOf,
  programOf,
  unknownPartOf,
} from './transformer-architecture.ts';
import { transformerLayouts } from './transformer-layouts.ts';

export interface Network {
  readonly layout: string;
  readonly prefix: string;
  /** Tensors below the prefix by timm's names. */
  readonly below: ReadonlyMap<string, StoredTensor>;
}

/** A file with more is no checkpoint; every network costs a pass over the names. */
const mostNetworks = 50;
const firstOfBlocks = 'blocks.0.norm1.weight';
const ofNetwork = /^(blocks\.|patch_embed\.|norm\.|fc_norm\.|(cls_token|pos_embed|register_tokens)$)/;

/** Vision transformers of a file: blocks with an embedding of patches beside them. */
export function transformersIn({ tensors }: WeightsFile): readonly Network[] {
  const found = new Map<string, Network>();
  for (const layout of transformerLayouts) {
    const named = tensors.map((tensor) => [renamed(layout, tensor.name), tensor] as const);
    const embeddings = new Set(named.flatMap(([name]) => /^(|.*\.)patch_embed\./.exec(name)?.[1] ?? []));
    for (const [name] of named) {
      const prefix = name.slice(0, -firstOfBlocks.length);
      const isOther = name.endsWith(firstOfBlocks) && embeddings.has(prefix) && !found.has(prefix);
      if (!isOther || found.size === mostNetworks) continue;
      const below = new Map<string, StoredTensor>();
      for (const [one, tensor] of named)
        if (one.startsWith(prefix) && !below.has(one.slice(prefix.length))) below.set(one.slice(prefix.length), tensor);
      found.set(prefix, { layout: layout.name, prefix, below });
    }
  }
  return [...found.values()];
}

type Refuse = (why: string) => never;

/** What stands in a variable, in torch's order: tensors of the file, and zeros. */
interface Source {
  readonly shape: Shape;
  readonly parts: readonly (StoredTensor | number)[];
}

const elements = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);

/** Tensors of the file by variable. */
function sourcesOf(
  below: Network['below'],
  variables: ReadonlyMap<string, Shape>,
  hasClass: boolean,
  refuse: Refuse,
): ReadonlyMap<string, Source> {
  const ofPatches = isOfPatches(shapesOf(below));
  const needed = (name: string, shape: Shape): StoredTensor => {
    const tensor = below.get(name);
    const wanted = `${name} [${shape.join(', ')}]`;
    if (tensor === undefined) return refuse(`${wanted} is not there`);
    if (tensor.shape.join() !== shape.join()) return refuse(`${wanted} is [${tensor.shape.join(', ')}]`);
    return tensor;
  };
  /** Queries, keys and values are one tensor, or three; without biases these are zeros. */
  const packed = (name: string, shape: Shape): Source['parts'] => {
    const split = ['q', 'k', 'v'].map((one) => name.replace('.qkv.', `.${one}.`));
    if (below.has(name)) return [needed(name, shape)];
    if (name.endsWith('.bias') && !split.some((one) => below.has(one))) return [elements(shape)];
    if (!below.has(split[0]!)) return [needed(name, shape)];
    return split.map((one) => needed(one, [shape[0]! / 3, ...shape.slice(1)]));
  };
  const sources = new Map<string, Source>();
  for (const [path, own] of variables) {
    const shape = torchShape(own);
    const name = nameOf(path).replace(/^norm\./, ofPatches ? 'fc_norm.' : 'norm.');
    if (name.includes('.qkv.')) sources.set(path, { shape, parts: packed(name, shape) });
    else if (name === 'pos_embed' && !hasClass) {
      const [one, count, width] = shape as readonly [number, number, number];
      sources.set(path, { shape, parts: [width, needed(name, [one, count - 1, width])] });
    } else sources.set(path, { shape, parts: [needed(name, shape)] });
  }
  return sources;
}

const shapesOf = (below: Network['below']): ReadonlyMap<string, Shape> =>
  new Map([...below].map(([name, { shape }]) => [name, shape]));

/** Embeddings that a pretraining has beside the network. */
const beside = /^(mask_token|masked_embed|decoder_pos_embed)$/;

/** Refuses a network whose tensors are more than the encoder takes: without them it would be another one. */
function refuseRest({ below }: Network, taken: ReadonlySet<StoredTensor>, width: number, refuse: Refuse): void {
  for (const [name, tensor] of below) {
    if (taken.has(tensor)) continue;
    const isInside = name.startsWith('blocks.') || name.startsWith('patch_embed.');
    const isEmbedding = !name.includes('.') && tensor.shape.length === 3 && tensor.shape[2] === width;
    if (isInside || (isEmbedding && !beside.test(name))) refuse(`it has ${name}, which no encoder here has`);
  }
}

/** Shape of the kernel that makes a token of a patch, and positions; refuses networks without either or a class token. */
function basicsOf({ below }: Network, refuse: Refuse) {
  const unknown = [...below.keys()].find((name) => unknownPartOf(name) !== null);
  if (unknown !== undefined) refuse(`it has ${unknownPartOf(unknown)!}: ${unknown}`);
  const kernel = below.get('patch_embed.proj.weight')?.shape;
  if (kernel?.length !== 4) return refuse('patch_embed.proj.weight is not there');
  if (kernel[2] !== kernel[3]) return refuse(`its patches are not square: ${kernel[2]} x ${kernel[3]}`);
  if (!below.has('cls_token')) return refuse('it has no class token (as I-JEPA’s and SigLIP’s networks)');
  const positions = below.get('pos_embed');
  if (positions?.shape.length !== 3) return refuse('it has no position embeddings');
  const grid = gridOf(positions.shape[1]!);
  if (grid === null)
    return refuse(`its ${positions.shape[1]} position embeddings are not those of a square of patches`);
  return { width: kernel[0]!, channels: kernel[1]!, positions, ...grid };
}

const matrix = (shape: Shape): Shape => (shape.length === 2 ? [...shape, 1, 1] : shape);

/** A variable's values in our layout. */
async function readSource(file: WeightsFile, { shape, parts }: Source): Promise<Float32Array> {
  const values = new Float32Array(elements(shape));
  let at = 0;
  for (const part of parts) {
    if (typeof part === 'number') {
      at += part;
      continue;
    }
    const read = await file.read(part);
    if (!read.every(Number.isFinite)) throw unreadable(file.path, `${part.name} contains values that are not finite`);
    values.set(read, at);
    at += read.length;
  }
  return matrix(shape).length === 4 ? kernelFromTorch(values, matrix(shape)) : values;
}

async function readVariables(
  file: WeightsFile,
  variables: ReadonlyMap<string, Shape>,
  sources: ReadonlyMap<string, Source>,
  progress?: (fraction: number) => Promise<void>,
): Promise<ReadonlyMap<string, ReadVariable>> {
  const read = new Map<string, ReadVariable>();
  for (const [path, source] of sources) {
    await progress?.(read.size / sources.size);
    read.set(path, { shape: variables.get(path)!, values: await readSource(file, source) });
  }
  return read;
}

/** Doubts about what was read, as sentences. */
function warningsOf(read: ReadonlyMap<string, ReadVariable>, heads: number, from: HeadsFrom): readonly string[] {
  const warnings: string[] = [];
  const zero = [...read].filter(([, { shape, values }]) => shape.length === 2 && values.every((one) => one === 0));
  if (zero.length > 0)
    warnings.push(
      `${zero.length} matrices have only zeros, such as ${nameOf(zero[0]![0])}. Such a file was not trained, or not saved whole.`,
    );
  if (from === 'width')
    warnings.push(
      `The number of attention heads is not in the file, and no published network has this width: ${heads} was taken, one for each 64 channels. If it is another, the features are wrong: import it in the terminal with "--heads N".`,
    );
  return warnings;
}

const headsUnknown = (width: number): string =>
  `the number of its attention heads is not in the file, and no published network is ${width} wide: import it in the terminal and say it, "--heads N"`;

interface Wanted {
  /** Which of several networks; null for the one that its method evaluates. */
  readonly network: string | null;
  /** Number of attention heads; null for the one that programs have at this width. */
  readonly heads: number | null;
}

/**
 * A vision transformer of a file, by names and shapes.
 *
 * @throws 'unreadable-file' if no encoder is like it, with the reason
 */
export async function findTransformer(
  file: WeightsFile,
  networks: readonly Network[],
  recipe: EncoderRecipe,
  wanted: Wanted,
): Promise<EncoderInFile> {
  const { name, why, usual } = chosenOf(
    file.path,
    networks.map(({ prefix }) => networkOf(prefix)),
    wanted.network,
  );
  const network = networks.find(({ prefix }) => networkOf(prefix) === name)!;
  const refuse: Refuse = (reason) => {
    throw unreadable(file.path, `its network is a vision transformer, but ${reason}${toldOf(file.passedOver)}`);
  };
  const { width, channels, positions, side, hasClass } = basicsOf(network, refuse);
  const shapes = shapesOf(network.below);
  const read = await file.read(positions);
  const fixed = hasClass ? fixedPositionsOf(read.subarray(width), side, width) : null;
  const signs = { ...network, shapes, names: file.tensors.map((tensor) => tensor.name) };
  const program = programOf({ ...signs, fixed });
  const pixelsFrom = pixelsFromOf(signs);
  const known = { layout: network.layout, program, side };
  // Heads change no shape, so what else is wrong is told first.
  const shaped = optionsOf(recipe, shapes, { ...known, heads: 1 });
  if (shaped === null) return refuse('its size is out of the range of the encoder here');
  const variables = variablesOf(recipe, shaped, channels);
  const sources = sourcesOf(network.below, variables, hasClass, refuse);
  const taken = new Set([...sources.values()].flatMap(({ parts }) => parts.filter((part) => typeof part !== 'number')));
  refuseRest(network, taken, width, refuse);
  const found = headsOf(width, program.name, wanted.heads) ?? refuse(headsUnknown(width));
  if (width % found.heads !== 0) return refuse(`its width of ${width} is not divisible by ${found.heads} heads`);
  const options = { ...shaped, heads: found.heads };
  return {
    prefix: network.prefix,
    layout: program.name,
    network: name,
    networks: networks.map(({ prefix, below }) => ({
      name: networkOf(prefix),
      tensors: [...below.keys()].filter((one) => ofNetwork.test(one)).length,
      why: networkOf(prefix) === usual.name ? usual.why : null,
    })),
    why,
    encoder: { id: recipe.id, options },
    channels,
    headsFrom: found.from,
    ...(pixelsFrom === null ? {} : { pixelsFrom }),
    tensors: taken.size,
    unmatched: file.tensors.filter((tensor) => !taken.has(tensor)).map((tensor) => tensor.name),
    read: (progress) => readVariables(file, variables, sources, progress),
    warnings: (values) => warningsOf(values, found.heads, found.from),
  };
}
