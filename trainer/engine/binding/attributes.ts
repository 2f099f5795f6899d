/**
 * Passes an operation's attributes from tfjs-node's backend to TensorFlow. The eager and the graph API have the same
 * functions under two names, so the difference is a table (`attribute-setters.ts`).
 */
import type { TFEOpAttr } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js';
import type { CString, Handle } from './tensorflow.ts';

/** Attribute kinds: numbers of TF_AttrType, and those that tfjs-node adds. */
export const attributeKinds = { string: 0, int: 1, float: 2, bool: 3, type: 4, shape: 5, resource: 6 } as const;

export const typeAttribute = (name: string, value: number): TFEOpAttr => ({ name, type: attributeKinds.type, value });

export const boolAttribute = (name: string, value: boolean): TFEOpAttr => ({ name, type: attributeKinds.bool, value });

export const intAttribute = (name: string, value: number): TFEOpAttr => ({ name, type: attributeKinds.int, value });

export const floatAttribute = (name: string, value: number): TFEOpAttr => ({ name, type: attributeKinds.float, value });

export const stringAttribute = (name: string, value: string): TFEOpAttr => ({
  name,
  type: attributeKinds.string,
  value,
});

export const shapeAttribute = (name: string, value: readonly number[]): TFEOpAttr => ({
  name,
  type: attributeKinds.shape,
  value: [...value],
});

/** Functions that set one attribute of an operation that is being described. */
export interface AttributeSetters {
  string(operation: Handle, name: CString, value: Uint8Array, length: number): void;
  strings(operation: Handle, name: CString, values: readonly CString[], lengths: BigInt64Array, count: number): void;
  int(operation: Handle, name: CString, value: number): void;
  ints(operation: Handle, name: CString, values: BigInt64Array, count: number): void;
  float(operation: Handle, name: CString, value: number): void;
  floats(operation: Handle, name: CString, values: Float32Array, count: number): void;
  bool(operation: Handle, name: CString, value: number): void;
  bools(operation: Handle, name: CString, values: Uint8Array, count: number): void;
  type(operation: Handle, name: CString, value: number): void;
  types(operation: Handle, name: CString, values: Int32Array, count: number): void;
  shape(operation: Handle, name: CString, shape: BigInt64Array, rank: number): void;
  shapes(operation: Handle, name: CString, shapes: readonly BigInt64Array[], ranks: Int32Array, count: number): void;
}

const names = new Map<string, CString>();

/** Bytes of a name that live as long as the process: TensorFlow keeps the pointer. */
export function permanent(text: string): CString {
  const known = names.get(text);
  if (known) return known;
  const bytes = new TextEncoder().encode(`${text}\0`);
  names.set(text, bytes);
  return bytes;
}

export function bigints(values: readonly number[]): BigInt64Array {
  const result = new BigInt64Array(values.length);
  for (let index = 0; index < values.length; index++) result[index] = BigInt(values[index]!);
  return result;
}

/** Looks up the value of an attribute by its name; undefined where it is not given. */
export const saidBy =
  (attributes: readonly TFEOpAttr[]) =>
  (name: string): unknown =>
    attributes.find((attribute) => attribute.name === name)?.value;

export function setAttribute(set: AttributeSetters, operation: Handle, attribute: TFEOpAttr): void {
  const name = permanent(attribute.name);
  const value = attribute.value;
  const list = Array.isArray(value) ? (value as readonly (number | boolean | string | readonly number[])[]) : null;
  switch (attribute.type) {
    case attributeKinds.string:
      if (list) {
        const bytes = (list as readonly string[]).map(permanent);
        set.strings(operation, name, bytes, bigints(bytes.map((text) => text.length - 1)), bytes.length);
      } else {
        const bytes = permanent(value as string);
        set.string(operation, name, bytes, bytes.length - 1);
      }
      return;
    case attributeKinds.int:
      if (list) set.ints(operation, name, bigints(list as readonly number[]), list.length);
      else set.int(operation, name, value as number);
      return;
    case attributeKinds.float:
      if (list) set.floats(operation, name, Float32Array.from(list as readonly number[]), list.length);
      else set.float(operation, name, value as number);
      return;
    case attributeKinds.bool:
      if (list) set.bools(operation, name, Uint8Array.from(list, Number), list.length);
      else set.bool(operation, name, value ? 1 : 0);
      return;
    case attributeKinds.type:
      if (list) set.types(operation, name, Int32Array.from(list, Number), list.length);
      else set.type(operation, name, value as number);
      return;
    case attributeKinds.shape:
      if (list && Array.isArray(list[0])) {
        const shapes = list as readonly (readonly number[])[];
        const ranks = Int32Array.from(shapes, (shape) => shape.length);
        set.shapes(operation, name, shapes.map(bigints), ranks, shapes.length);
      } else {
        const shape = value as readonly number[];
        set.shape(operation, name, bigints(shape), shape.length);
      }
      return;
    default:
      throw new Error(`Attribute ${attribute.name} has kind ${attribute.type}, which no operation here uses.`);
  }
}
