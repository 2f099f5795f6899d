/** The operations behind one variable on the device: its handle, its read and its assignments. */
import { shapeAttribute, stringAttribute, typeAttribute } from '../binding/attributes.ts';
import type { Handle, Output } from '../binding/tensorflow.ts';
import { dtypes } from '../binding/tensors.ts';
import type { Graph } from './graph.ts';
import type { Node } from './node.ts';

export interface DeviceVariable {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
  readonly read: Node;
  /** Adds an assignment that runs after `after` and after the read; returns the operation. */
  assign(value: Output, after: readonly Handle[]): Handle;
}

/** Entry point for host values into a variable. */
export interface Resource {
  readonly handle: Output;
  /** Placeholder for a value from the host. */
  readonly input: Node;
  /** Operation that assigns `input` to the variable. */
  readonly set: Handle;
}

/** @param sharedName name of the variable inside the session; must be unique */
export function addResource(
  graph: Graph,
  name: string,
  shape: readonly number[],
  dtype: DeviceVariable['dtype'],
  sharedName: string,
): { readonly variable: DeviceVariable; readonly resource: Resource } {
  const number = dtype === 'float32' ? dtypes.float : dtypes.int32;
  const attributes = [
    typeAttribute('dtype', number),
    shapeAttribute('shape', shape),
    stringAttribute('container', ''),
    stringAttribute('shared_name', sharedName),
  ];
  const handle = graph.add('VarHandleOp', [], 1, { attributes }).outputs[0]!;
  const typed = [typeAttribute('dtype', number)];
  const reading = graph.add('ReadVariableOp', [handle], 1, { attributes: typed });
  // The handle knows the shape; a read without it would make every later shape unknown.
  const read: Node = { ...reading.outputs[0]!, shape };
  const input = graph.placeholder(number, shape);
  const set = graph.add('AssignVariableOp', [handle, input], 0, { attributes: typed }).operation;
  const assign: DeviceVariable['assign'] = (value, after) => {
    const options = { attributes: typed, after: [reading.operation, ...after] };
    return graph.add('AssignVariableOp', [handle, value], 0, options).operation;
  };
  return { variable: { name, shape, dtype, read, assign }, resource: { handle, input, set } };
}
