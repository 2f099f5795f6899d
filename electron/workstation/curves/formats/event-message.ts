/**
 * TensorBoard's events as protocol buffers, read and written (tensorflow/core/util/event.proto, framework/summary.proto and
 * tensor.proto). Of what an event can hold, scalars are read: `simple_value` of TensorFlow 1, PyTorch and tensorboardX, and the
 * tensors that TensorFlow 2 writes for the plugin `scalars`.
 *
 *     Event           1 double wall_time | 2 int64 step | 3 string file_version | 5 Summary summary
 *     Summary         1 repeated Value
 *     Value           1 string tag | 2 float simple_value | 8 TensorProto tensor | 9 SummaryMetadata metadata
 *     SummaryMetadata 1 PluginData { 1 string plugin_name } | 4 DataClass data_class (1: scalar)
 *     TensorProto     1 DataType dtype | 2 TensorShapeProto | 4 bytes tensor_content | 5 float_val | 6 double_val | 7 int_val
 *                     10 int64_val | 13 half_val
 */

export interface ScalarEvent {
  readonly step: number;
  /** By tag. Null: not finite. */
  readonly values: readonly { readonly tag: string; readonly value: number | null }[];
  /** Summaries of other kinds: pictures, histograms, texts. */
  readonly others: readonly string[];
}

interface Field {
  readonly number: number;
  /** 0 varint, 1 eight bytes, 2 a length and bytes, 5 four bytes. */
  readonly wire: number;
  /** Of a varint, as a signed 64-bit number. */
  readonly integer: bigint;
  /** Of the others. */
  readonly bytes: Buffer;
}

const nothing: Buffer = Buffer.alloc(0);
const widths: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

/** @throws Error on bytes that are no message */
function* fieldsOf(message: Uint8Array): Generator<Field> {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('a number goes on past the end');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw new Error('a number is longer than ten bytes');
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const [number, wire] = [key >>> 3, key & 7];
    if (wire === 0) yield { number, wire, integer: varint(), bytes: nothing };
    else {
      const length = wire === 2 ? Number(varint()) : widths[wire];
      if (length === undefined || length < 0 || at + length > bytes.length)
        throw new Error(`field ${number} goes on past the end`);
      yield { number, wire, integer: 0n, bytes: bytes.subarray(at, at + length) };
      at += length;
    }
  }
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** Reads the events of one file: TensorFlow 2 says the kind of a tag only where it first appears. */
export function createEventReader(): (message: Uint8Array) => ScalarEvent | null {
  const scalars = new Set<string>();
  return (message) => {
    let step = 0n;
    let summary: Buffer | null = null;
    for (const { number, wire, integer, bytes } of fieldsOf(message)) {
      if (number === 2 && wire === 0) step = integer;
      else if (number === 5 && wire === 2) summary = bytes;
    }
    if (summary === null) return null;
    const values: { tag: string; value: number | null }[] = [];
    const others: string[] = [];
    for (const { number, bytes } of fieldsOf(summary)) {
      if (number !== 1) continue;
      const { tag, value } = valueOf(bytes, scalars);
      if (value === undefined) others.push(tag);
      else values.push({ tag, value });
    }
    return { step: Number(step), values, others };
  };
}

function valueOf(
  message: Uint8Array,
  scalars: Set<string>,
): { readonly tag: string; readonly value: number | null | undefined } {
  let tag = '';
  let simple: number | undefined;
  let tensor: Buffer | null = null;
  let isScalar = false;
  for (const { number, wire, bytes } of fieldsOf(message)) {
    if (number === 1 && wire === 2) tag = bytes.toString('utf8');
    else if (number === 2 && wire === 5) simple = bytes.readFloatLE(0);
    else if (number === 8 && wire === 2) tensor = bytes;
    else if (number === 9 && wire === 2) isScalar = isOfScalars(bytes);
  }
  if (isScalar) scalars.add(tag);
  if (simple !== undefined) return { tag, value: finite(simple) };
  const value = tensor === null || !scalars.has(tag) ? undefined : scalarOf(tensor);
  return { tag, value: value === undefined ? undefined : finite(value) };
}

function isOfScalars(metadata: Uint8Array): boolean {
  for (const { number, bytes, integer } of fieldsOf(metadata)) {
    if (number === 4 && integer === 1n) return true;
    if (number !== 1) continue;
    for (const { number: inner, bytes: name } of fieldsOf(bytes))
      if (inner === 1 && name.toString('utf8') === 'scalars') return true;
  }
  return false;
}

/** Numbers of tensorflow/core/framework/types.proto. */
const types = { float: 1, double: 2, int32: 3, int64: 9, bfloat16: 14, half: 19 } as const;

/** The first element of a tensor; undefined for types that no scalar has. */
function scalarOf(tensor: Uint8Array): number | undefined {
  let type = 0;
  let content: Buffer = nothing;
  /** By the field's number, its bytes or its integer: packed or not. */
  const first = new Map<number, Field>();
  for (const field of fieldsOf(tensor)) {
    if (field.number === 1) type = Number(field.integer);
    else if (field.number === 4) content = field.bytes;
    else if (!first.has(field.number)) first.set(field.number, field);
  }
  const integer = (number: number): number | undefined => {
    const field = first.get(number);
    if (field?.wire !== 2) return field === undefined ? undefined : Number(field.integer);
    // A packed list is read as if each of its numbers stood in a field.
    const [packed] = fieldsOf(Buffer.concat([Buffer.of(8), field.bytes]));
    return packed === undefined ? undefined : Number(packed.integer);
  };
  switch (type) {
    case types.float:
      return read(content, 4) ?? read(first.get(5)?.bytes, 4);
    case types.double:
      return read(content, 8) ?? read(first.get(6)?.bytes, 8);
    case types.int32:
      return content.length >= 4 ? content.readInt32LE(0) : integer(7);
    case types.int64:
      return content.length >= 8 ? Number(content.readBigInt64LE(0)) : integer(10);
    case types.half:
      return halfOf(content.length >= 2 ? content.readUInt16LE(0) : integer(13));
    case types.bfloat16:
      return bfloatOf(content.length >= 2 ? content.readUInt16LE(0) : integer(13));
    default:
      return undefined;
  }
}

function read(bytes: Buffer | undefined, width: 4 | 8): number | undefined {
  if (bytes === undefined || bytes.length < width) return undefined;
  return width === 4 ? bytes.readFloatLE(0) : bytes.readDoubleLE(0);
}

function halfOf(bits: number | undefined): number | undefined {
  if (bits === undefined) return undefined;
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 0x1f, bits & 0x3ff];
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

function bfloatOf(bits: number | undefined): number | undefined {
  if (bits === undefined) return undefined;
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16LE(bits & 0xffff, 2);
  return bytes.readFloatLE(0);
}

function varintBytes(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}

const key = (number: number, wire: number): Buffer => varintBytes(BigInt(number * 8 + wire));
const integerField = (number: number, value: number): Buffer =>
  Buffer.concat([key(number, 0), varintBytes(BigInt(value))]);
const bytesField = (number: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([key(number, 2), varintBytes(BigInt(bytes.length)), bytes]);

function floatField(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([key(number, 5), bytes]);
}

function doubleField(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([key(number, 1), bytes]);
}

/** The first event of a file, by which readers know it. @param seconds since 1970 */
export function fileVersionMessage(seconds: number): Buffer {
  return Buffer.concat([doubleField(1, seconds), bytesField(3, Buffer.from('brain.Event:2'))]);
}

/** Scalars of one step. A value that is not finite is written as NaN, which TensorBoard shows as such. */
export function scalarsMessage(
  seconds: number,
  step: number,
  values: readonly { readonly tag: string; readonly value: number | null }[],
): Buffer {
  const summary = values.map(({ tag, value }) =>
    bytesField(1, Buffer.concat([bytesField(1, Buffer.from(tag)), floatField(2, value ?? Number.NaN)])),
  );
  return Buffer.concat([doubleField(1, seconds), integerField(2, step), bytesField(5, Buffer.concat(summary))]);
}
