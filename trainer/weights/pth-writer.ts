/**
 * Writes a state dict as `torch.save` does, for `torch.load(path, weights_only=True)` and `load_state_dict`: the pickle
 * of an OrderedDict of tensors, each rebuilt from a storage of its own.
 */
import yazl from 'yazl';
import { bytesOf, writeAtomically } from '../durable/files.ts';
import { rowMajor } from './file.ts';
import type { WrittenTensor } from './safetensors.ts';

/** An integer of shape [] among the weights: batch norm's counters. */
export interface WrittenCounter {
  readonly name: string;
  readonly value: number;
}

type Written = WrittenTensor | WrittenCounter;
const isCounter = (one: Written): one is WrittenCounter => 'value' in one;

const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');
function int32(value: number): Buffer {
  const bytes = Buffer.alloc(5, 'J');
  bytes.writeInt32LE(value, 1);
  return bytes;
}
/** A number above 2^31 as LONG1. */
function whole(value: number): Buffer {
  if (value <= 0x7fffffff) return int32(value);
  const bytes = Buffer.alloc(10);
  bytes.set([0x8a, 8]);
  bytes.writeBigInt64LE(BigInt(value), 2);
  return bytes;
}
function unicode(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  const head = Buffer.alloc(5, 'X');
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}
const named = (module: string, name: string): Buffer => ascii(`c${module}\n${name}\n`);
const tuple = (...items: readonly Buffer[]): Buffer => Buffer.concat([ascii('('), ...items, ascii('t')]);
const emptyOrdered = Buffer.concat([named('collections', 'OrderedDict'), ascii(')R')]);

function pickled(one: Written, key: string): Buffer {
  const [storage, elements, shape] = isCounter(one)
    ? (['LongStorage', 1, []] as const)
    : (['FloatStorage', one.values.length, one.shape] as const);
  const stored = tuple(unicode('storage'), named('torch', storage), unicode(key), unicode('cpu'), whole(elements));
  return Buffer.concat([
    unicode(one.name),
    named('torch._utils', '_rebuild_tensor_v2'),
    tuple(
      Buffer.concat([stored, ascii('Q')]), // BINPERSID
      int32(0),
      tuple(...shape.map(whole)),
      tuple(...rowMajor(shape).map(whole)),
      Buffer.of(0x89), // NEWFALSE: requires_grad
      emptyOrdered, // backward hooks
    ),
    ascii('R'), // REDUCE
  ]);
}

function bytesOfOne(one: Written): Buffer {
  if (!isCounter(one)) return Buffer.from(bytesOf(one.values));
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(one.value));
  return bytes;
}

export async function writePth(path: string, state: readonly Written[]): Promise<void> {
  const pickle = Buffer.concat([
    Buffer.of(0x80, 2), // PROTO 2
    emptyOrdered,
    ascii('('), // MARK
    ...state.map((one, at) => pickled(one, String(at))),
    ascii('u.'), // SETITEMS, STOP
  ]);
  const zip = new yazl.ZipFile();
  const add = (name: string, bytes: Buffer) =>
    // A fixed time, so that equal contents give equal bytes.
    zip.addBuffer(bytes, `archive/${name}`, { compress: false, mtime: new Date(2000, 0, 1) });
  add('data.pkl', pickle);
  add('byteorder', ascii('little'));
  state.forEach((one, at) => add(`data/${at}`, bytesOfOne(one)));
  add('version', ascii('3\n'));
  zip.end();
  const parts: Buffer[] = [];
  for await (const part of zip.outputStream) parts.push(part as Buffer);
  await writeAtomically(path, parts);
}
