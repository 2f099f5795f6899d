/** Inputs of an operation, read from TensorFlow's own definition (OpDef, tensorflow/core/framework/op_def.proto). */

import { fieldsOf } from '../binding/protobuf.ts';

/** One input. `count` names the attribute with the length of a list of tensors; null for a single tensor. */
export interface InputArgument {
  readonly name: string;
  readonly count: string | null;
}

const opDefInput = 2;
const argumentName = 1;
const argumentCounts = new Set([5 /* number_attr */, 6 /* type_list_attr */]);

export function inputArguments(definition: Uint8Array): readonly InputArgument[] {
  const text = new TextDecoder();
  const found: InputArgument[] = [];
  for (const field of fieldsOf(definition)) {
    if (field.number !== opDefInput) continue;
    let name = '';
    let count: string | null = null;
    for (const part of fieldsOf(field.bytes)) {
      if (part.number === argumentName) name = text.decode(part.bytes);
      if (argumentCounts.has(part.number)) count = text.decode(part.bytes);
    }
    found.push({ name, count });
  }
  return found;
}
