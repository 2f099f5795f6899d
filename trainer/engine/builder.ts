/** Variables with initial values that depend on (seed, path) alone: order of construction never matters. */
import * as tf from '@tensorflow/tfjs';
import type { Variable } from '@tensorflow/tfjs';
import { keyed } from '../random.ts';
import type { Builder, Initial, Shape } from '../recipe.ts';
import { elementsOf } from './tensors.ts';

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
      return values.map((value) => value * initial.std);
    case 'uniform':
      random.fillUniform(values);
      return values.map((value) => (2 * value - 1) * initial.bound);
  }
}

/**
 * tfjs keeps a list of all variables and refuses a second one of a name, as two nets in one process have.
 * Nothing here uses the list, so variables leave it at once.
 */
export function unlisted(variable: Variable): Variable {
  Reflect.deleteProperty(tf.engine().registeredVariables, variable.name);
  return variable;
}

/** Makes a variable of an engine's own kind. */
export type CreateVariable = (name: string, shape: Shape, values: Float32Array, trainable: boolean) => Variable;

export function createBuilder(create: CreateVariable, seed: number, path = ''): Builder {
  const below = (name: string) => (path === '' ? name : `${path}/${name}`);
  return {
    path,
    at: (name) => createBuilder(create, seed, below(name)),
    variable: (name, shape, initial, trainable = true) => {
      const full = below(name);
      return create(full, shape, initialValues(seed, full, shape, initial), trainable);
    },
  };
}
