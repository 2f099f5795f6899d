/** What TensorFlow's own definition of an operation says of its inputs (OpDef, tensorflow/core/framework/op_def.proto). */

/** One input. `count` names the attribute that says how many tensors a list has; null: a single tensor. */
export interface InputArgument {
  readonly name: string;
  readonly count: string | null;
}

interface Field {
  readonly number: number;
  /** Bytes of a length-delimited field, empty for any other. */
  readonly bytes: Uint8Array;
}

/** Fields of an encoded protocol buffer message, in order. */
function* fieldsOf(message: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = message[at++];
      if (byte === undefined) throw new Error('A definition of an operation ends in the middle of a number.');
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const key = varint();
    const wire = key & 7;
    let bytes = new Uint8Array(0);
    if (wire === 0) varint();
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else {
      const length = varint();
      bytes = message.slice(at, at + length);
      at += length;
    }
    yield { number: Math.floor(key / 8), bytes };
  }
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
