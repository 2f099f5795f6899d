/** Writes a file as detectron2's model zoo has them: a pickle of arrays of NumPy by name, in protocol 3. */
import { writeFileSync } from 'node:fs';
import type { WrittenTensor } from '../safetensors.ts';

const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');
function int32(value: number): Buffer {
  const bytes = Buffer.alloc(5, 'J');
  bytes.writeInt32LE(value, 1);
  return bytes;
}
function sized(opcode: string, content: Buffer): Buffer {
  const head = Buffer.alloc(5, opcode);
  head.writeUInt32LE(content.length, 1);
  return Buffer.concat([head, content]);
}
const text = (value: string): Buffer => sized('X', Buffer.from(value, 'utf8'));
const tuple = (...items: readonly Buffer[]): Buffer => Buffer.concat([ascii('('), ...items, ascii('t')]);
const named = (module: string, name: string): Buffer => ascii(`c${module}\n${name}\n`);
const dictionary = (entries: readonly (readonly [string, Buffer])[]): Buffer =>
  Buffer.concat([ascii('}('), ...entries.flatMap(([key, value]) => [text(key), value]), ascii('u')]);

const nothing = ascii('N');
/** float32, little-endian. */
const float32 = Buffer.concat([
  named('numpy', 'dtype'),
  tuple(text('f4'), int32(0), int32(1)),
  ascii('R'),
  tuple(int32(3), text('<'), nothing, nothing, nothing, int32(-1), int32(-1), int32(0)),
  ascii('b'),
]);

function array({ shape, values }: WrittenTensor): Buffer {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return Buffer.concat([
    named('numpy.core.multiarray', '_reconstruct'),
    tuple(named('numpy', 'ndarray'), tuple(int32(0)), sized('B', ascii('b'))),
    ascii('R'),
    tuple(int32(1), tuple(...shape.map(int32)), float32, Buffer.of(0x89), sized('B', bytes)),
    ascii('b'),
  ]);
}

/** @param beside a piece of a pickle that leaves a value on the stack, as the entry "extra" beside the model */
export function zooPickle(tensors: readonly WrittenTensor[], author: string, beside?: Buffer): Buffer {
  const model = dictionary(tensors.map((tensor) => [tensor.name, array(tensor)] as const));
  const entries = [['model', model] as const, ['__author__', text(author)] as const];
  const all = dictionary(beside === undefined ? entries : [...entries, ['extra', beside] as const]);
  return Buffer.concat([Buffer.of(0x80, 3), all, ascii('.')]);
}

export const writeZooPickle = (path: string, tensors: readonly WrittenTensor[], author = 'Detectron2 Model Zoo') =>
  writeFileSync(path, zooPickle(tensors, author));
