/** Reads and writes encoded protocol buffer messages, field by field: TensorFlow describes itself, and is told things, in them. */

export interface Field {
  readonly number: number;
  /** Value of a varint field; 0 for other fields. */
  readonly value: number;
  /** Bytes of a length-delimited field; empty for other fields. */
  readonly bytes: Uint8Array;
}

/** Fields of an encoded protocol buffer message, in order. */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = message[at++];
      if (byte === undefined) throw new Error('A message ends in the middle of a number.');
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const key = varint();
    const wire = key & 7;
    let bytes = new Uint8Array(0);
    let value = 0;
    if (wire === 0) value = varint();
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else {
      const length = varint();
      bytes = message.slice(at, at + length);
      at += length;
    }
    yield { number: Math.floor(key / 8), value, bytes };
  }
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return bytes;
}

/** A field of type int32, int64, bool or of an enumeration; the value is not negative. */
export const integer = (field: number, value: number): number[] => [...varint(field << 3), ...varint(value)];

export function message(field: number, body: Iterable<number>): number[] {
  const bytes = [...body];
  return [...varint((field << 3) | 2), ...varint(bytes.length), ...bytes];
}

export const text = (field: number, value: string): number[] => message(field, new TextEncoder().encode(value));
