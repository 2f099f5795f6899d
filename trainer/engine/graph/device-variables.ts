/**
 * Variables that live inside the session, on the device that computes. To tfjs each is a `Variable` whose tensor is the
 * operation that reads it, so a net finds it where it expects a weight.
 */
import type { TFEOpAttr } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js';
import { attributeKinds } from '../binding/attributes.ts';
import type { StateEntry } from '../engine.ts';
import { shapeAttribute, type, type Graph, type Node } from './graph.ts';
import type { Handle, Output } from '../binding/tensorflow.ts';
import { dtypes, elementsOf } from '../binding/tensors.ts';

export interface DeviceVariable {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
  readonly read: Node;
  /** Adds an assignment that runs after `after`, and after the reading, and gives the operation. */
  assign(value: Output, after: readonly Handle[]): Handle;
}

export interface DeviceVariables {
  /** `values` are taken over: they are gone once the device has them. */
  create(name: string, shape: readonly number[], values: Float32Array | Int32Array): DeviceVariable;
  /** Writes what has been given since the last run. Before every run. */
  flush(): void;
  /** The same variables for checkpoints; the first one read fetches all. */
  entries(variables: readonly { readonly name: string; readonly variable: DeviceVariable }[]): readonly StateEntry[];
  destroy(variables: readonly DeviceVariable[]): void;
}

interface Resource {
  readonly handle: Output;
  /** Where a value from the host comes in, and what assigns it. */
  readonly input: Node;
  readonly set: Handle;
}

/** Values on their way to the device are in memory twice. */
const flushedBytes = 64 * 1024 ** 2;

const text = (name: string, value: string): TFEOpAttr => ({ name, type: attributeKinds.string, value });

export function createDeviceVariables(graph: Graph): DeviceVariables {
  const resources = new Map<DeviceVariable, Resource>();
  /** Values from the host that the device does not have yet. */
  const staged = new Map<DeviceVariable, Float32Array | Int32Array>();
  /** Fetched since the last run. They share memory with the variables until those are assigned anew. */
  const fetched = new Map<DeviceVariable, Handle>();
  let count = 0;

  function forget(): void {
    for (const tensor of fetched.values()) graph.free(tensor);
    fetched.clear();
  }

  function flush(): void {
    forget();
    while (staged.size > 0) {
      const some: (Resource & { readonly variable: DeviceVariable; readonly values: Float32Array | Int32Array })[] = [];
      let bytes = 0;
      for (const [variable, values] of staged) {
        some.push({ variable, values, ...resources.get(variable)! });
        if ((bytes += values.byteLength) >= flushedBytes) break;
      }
      graph.runNow({
        feeds: some.map(({ input, values }) => graph.feed(input, values)),
        fetches: [],
        targets: some.map(({ set }) => set),
      });
      // Now, not when the collector next looks: what lies around before the first step is memory that the step lacks.
      for (const { variable, values } of some) {
        staged.delete(variable);
        (values.buffer as ArrayBuffer).transfer(0);
      }
    }
  }

  function read(variable: DeviceVariable, all: readonly DeviceVariable[]): Float32Array | Int32Array {
    const waiting = staged.get(variable);
    if (waiting) return waiting.slice();
    if (!fetched.has(variable)) {
      flush();
      const tensors = graph.runNow({ feeds: [], fetches: all.map((one) => one.read), targets: [] });
      all.forEach((one, index) => fetched.set(one, tensors[index]!));
    }
    return graph.values(fetched.get(variable)!, variable.read.dtype) as Float32Array | Int32Array;
  }

  function write(variable: DeviceVariable, values: Float32Array | Int32Array): void {
    const size = elementsOf(variable.shape);
    if (values.length !== size)
      throw new Error(`State ${variable.name} has ${size} values, but ${values.length} were given.`);
    staged.set(variable, values.slice());
  }

  return {
    create(name, shape, values) {
      const dtype = values instanceof Float32Array ? 'float32' : 'int32';
      const number = dtype === 'float32' ? dtypes.float : dtypes.int32;
      const attributes = [
        type('dtype', number),
        shapeAttribute(shape),
        ...[text('container', ''), text('shared_name', `variable_${count++}`)],
      ];
      const [handle] = graph.add('VarHandleOp', [], 1, { attributes }).outputs as [Node];
      const typed = [type('dtype', number)];
      const reading = graph.add('ReadVariableOp', [handle], 1, { attributes: typed });
      // The shape is known from the handle; a reading that lost it would make every later shape unknown.
      const read: Node = { ...reading.outputs[0]!, shape };
      const input = graph.placeholder(number, shape);
      const set = graph.add('AssignVariableOp', [handle, input], 0, { attributes: typed }).operation;
      const variable: DeviceVariable = {
        name,
        shape,
        dtype,
        read,
        assign: (value, after) =>
          graph.add('AssignVariableOp', [handle, value], 0, {
            attributes: typed,
            after: [reading.operation, ...after],
          }).operation,
      };
      resources.set(variable, { handle, input, set });
      staged.set(variable, values);
      return variable;
    },
    flush,
    entries(given) {
      const all = given.map(({ variable }) => variable);
      return given.map(({ name, variable }) => ({
        name,
        shape: variable.shape,
        dtype: variable.dtype,
        read: () => read(variable, all),
        write: (values) => write(variable, values),
      }));
    },
    destroy(variables) {
      forget();
      const operations = variables.map((variable) => {
        const { handle } = resources.get(variable)!;
        resources.delete(variable);
        staged.delete(variable);
        // One that was never written has nothing to destroy.
        const attributes = [{ name: 'ignore_lookup_error', type: attributeKinds.bool, value: true }];
        return graph.add('DestroyResourceOp', [handle], 0, { attributes }).operation;
      });
      if (operations.length > 0) graph.runNow({ feeds: [], fetches: [], targets: operations });
    },
  };
}
