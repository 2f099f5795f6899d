/**
 * Matches an encoder by the shapes of its tensors in order, where no known names are in the file. Only whole
 * convolutions and batch norms count; every convolution of the file has to be one of the encoder's.
 */
import type { Shape } from '../recipe.ts';
import type { StoredTensor, WeightsFile } from './file.ts';

/** A convolution, or the batch norm that follows it. */
interface Module {
  readonly path: string;
  readonly parts: ReadonlyMap<string, StoredTensor>;
}

const normParts = ['weight', 'bias', 'running_mean', 'running_var'] as const;
/** Other programs' words for a batch norm's parts. */
const partNames: Readonly<Record<string, (typeof normParts)[number]>> = {
  weight: 'weight',
  gamma: 'weight',
  bias: 'bias',
  beta: 'bias',
  running_mean: 'running_mean',
  moving_mean: 'running_mean',
  running_var: 'running_var',
  moving_variance: 'running_var',
};
const isConvolution = ({ parts }: Module): boolean => parts.get('weight')?.shape.length === 4;
const isNorm = ({ parts }: Module): boolean => normParts.every((part) => parts.get(part)?.shape.length === 1);
const numbered = new Intl.Collator('en', { numeric: true });

/** Convolutions and batch norms of a file, in its order; safetensors are sorted by name, so 10 comes after 9 again. */
function modulesOf({ tensors, format }: WeightsFile): readonly Module[] {
  const ordered =
    format === 'safetensors' ? [...tensors].sort((one, other) => numbered.compare(one.name, other.name)) : tensors;
  const found = new Map<string, Map<string, StoredTensor>>();
  for (const tensor of ordered) {
    const dot = tensor.name.lastIndexOf('.');
    const [path, part] = [tensor.name.slice(0, Math.max(0, dot)), partNames[tensor.name.slice(dot + 1)]];
    if (part === undefined) continue;
    if (!found.has(path)) found.set(path, new Map());
    found.get(path)!.set(part, tensor);
  }
  return [...found]
    .map(([path, parts]) => ({ path, parts }))
    .filter((module) => isConvolution(module) || isNorm(module));
}

const moduleOf = (variable: string): string => variable.slice(0, variable.lastIndexOf('/'));
const blockOf = (module: string): string => /^layer\d\/\d+/.exec(module)?.[0] ?? '';
const isShortcut = (module: string): boolean => module.includes('downsample');

/** Modules of an encoder in the two orders of the programs: a block's shortcut after its convolutions, or before. */
function ordersOf(variables: ReadonlyMap<string, Shape>): readonly (readonly string[])[] {
  const last = [...new Set([...variables.keys()].map(moduleOf))];
  const first = last
    .map((module, at) => ({ module, at }))
    .sort((one, other) => {
      const same = blockOf(one.module) === blockOf(other.module) && blockOf(one.module) !== '';
      const moved = Number(isShortcut(other.module)) - Number(isShortcut(one.module));
      return same && moved !== 0 ? moved : one.at - other.at;
    })
    .map(({ module }) => module);
  return [last, first];
}

/**
 * Tensors of a file by an encoder's variables, whose shapes are torch's.
 * @returns null if one of them does not fit, if a convolution is left, or if both orders fit
 */
export function matchedByShape(
  file: WeightsFile,
  variables: ReadonlyMap<string, Shape>,
): ReadonlyMap<string, StoredTensor> | null {
  const modules = modulesOf(file);
  const fits = ordersOf(variables).flatMap((order) => {
    // A projector's batch norms may follow.
    if (modules.length < order.length || modules.slice(order.length).some(isConvolution)) return [];
    const tensors = new Map<string, StoredTensor>();
    for (const [variable, shape] of variables) {
      const module = modules[order.indexOf(moduleOf(variable))]!;
      const tensor = module.parts.get(variable.slice(moduleOf(variable).length + 1));
      if (tensor?.shape.join() !== shape.join()) return [];
      // A convolution with a bias is another network.
      if (shape.length === 4 && module.parts.size > 1) return [];
      tensors.set(variable, tensor);
    }
    return [tensors];
  });
  return fits.length === 1 ? fits[0]! : null;
}

/** Shape of the first convolution. */
export const firstKernelOf = (file: WeightsFile): Shape | null =>
  modulesOf(file)[0]?.parts.get('weight')?.shape ?? null;
