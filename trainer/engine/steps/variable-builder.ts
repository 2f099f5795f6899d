/** Variables whose initial values depend only on (seed, path), never on the order of construction. */
import * as tf from '@tensorflow/tfjs';
import type { Variable } from '@tensorflow/tfjs';
import { keyed } from '../../random.ts';
import type { Builder, Initial, Shape } from '../../recipe.ts';
import { elementsOf } from '../binding/tensors.ts';

/** Replaces values in place: the weights of a wide expander are half a gigabyte. */
function replaced(values: Float32Array, by: (value: number) => number): Float32Array {
  for (let at = 0; at < values.length; at++) values[at] = by(values[at]!);
  return values;
}

/** Scales each row to length 1, in place. */
function unitRows(values: Float32Array, columns: number): Float32Array {
  for (let from = 0; from < values.length; from += columns) {
    const row = values.subarray(from, from + columns);
    const length = Math.hypot(...row);
    replaced(row, (value) => value / length);
  }
  return values;
}

function initialValues(seed: number, path: string, shape: Shape, initial: Initial): Float32Array {
  const values = new Float32Array(elementsOf(shape));
  if (initial.kind === 'given') {
    values.set(initial.values);
    return values;
  }
  const random = keyed(seed, 'initial', path);
  switch (initial.kind) {
    case 'zeros':
      return values;
    case 'ones':
      return values.fill(1);
    case 'normal':
      random.fillNormal(values);
      return replaced(values, (value) => Math.max(value * initial.std, initial.least ?? -Infinity));
    case 'directions':
      random.fillNormal(values);
      return unitRows(values, shape.at(-1)!);
    case 'uniform':
      random.fillUniform(values);
      return replaced(values, (value) => (2 * value - 1) * initial.bound);
  }
}

/**
 * Removes a variable from tfjs's global list, which rejects duplicate names: two nets in one process share names, and
 * nothing here uses the list.
 */
export function unlisted(variable: Variable): Variable {
  Reflect.deleteProperty(tf.engine().registeredVariables, variable.name);
  return variable;
}

/** Creates a variable of the engine's own kind. */
export type CreateVariable = (name: string, shape: Shape, values: Float32Array, trainable: boolean) => Variable;

/** `origin` is the path that initial values depend on: `path` without the names of twins. */
export function createBuilder(create: CreateVariable, seed: number, path = '', origin = path): Builder {
  const below = (name: string, above = path) => (above === '' ? name : `${above}/${name}`);
  return {
    path,
    at: (name) => createBuilder(create, seed, below(name), below(name, origin)),
    twin: (name) => createBuilder(create, seed, below(name), origin),
    variable: (name, shape, initial, trainable = true) => {
      const full = below(name);
      return create(full, shape, initialValues(seed, below(name, origin), shape, initial), trainable);
    },
  };
}
