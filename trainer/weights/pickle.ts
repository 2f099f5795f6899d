/**
 * Reads Python's pickles, protocols 0 to 5, as data. A pickle is a program that names functions and calls them. Here
 * nothing is callable: a name becomes a `Named` and stays one; only the few names listed by the caller have a meaning,
 * and a call of any other becomes an inert `Instance`.
 *
 * The operations are those of Python's pickletools. What lies outside the pickle (the registry of extensions, buffers
 * sent beside it) becomes an inert value too.
 */
import { PickleBytes } from './pickle-bytes.ts';
import { PickleMachine, type Meanings } from './pickle-machine.ts';
import { Named, PickleError, type Value } from './pickle-values.ts';

const newestProtocol = 5;

function protocol({ bytes }: PickleMachine): void {
  const version = bytes.byte();
  if (version > newestProtocol)
    throw new PickleError(`protocol ${version}; the newest known is protocol ${newestProtocol}`);
}
const extension = (machine: PickleMachine, code: number): void => machine.name('copyreg', `extension-${code}`);

/** Effect of each operation on the machine, by opcode. */
const operations: Readonly<Record<string, (machine: PickleMachine) => void>> = {
  '\x80': protocol, // PROTO
  '\x95': ({ bytes }) => void bytes.uint64(), // FRAME
  '(': (machine) => machine.pushMark(), // MARK
  '0': (machine) => machine.drop(), // POP
  '1': (machine) => void machine.sinceMark(), // POP_MARK
  '2': (machine) => machine.push(machine.top()), // DUP
  N: (machine) => machine.push(null), // NONE
  '\x88': (machine) => machine.push(true), // NEWTRUE
  '\x89': (machine) => machine.push(false), // NEWFALSE
  I: (machine) => machine.push(machine.bytes.decimalOrBoolean()), // INT
  L: (machine) => machine.push(machine.bytes.decimal()), // LONG
  F: (machine) => machine.push(machine.bytes.fraction()), // FLOAT
  K: (machine) => machine.push(machine.bytes.byte()), // BININT1
  M: (machine) => machine.push(machine.bytes.uint16()), // BININT2
  J: (machine) => machine.push(machine.bytes.int32()), // BININT
  '\x8a': (machine) => machine.push(machine.bytes.long(machine.bytes.byte())), // LONG1
  '\x8b': (machine) => machine.push(machine.bytes.long(machine.bytes.uint32())), // LONG4
  G: (machine) => machine.push(machine.bytes.take(8).readDoubleBE()), // BINFLOAT
  S: (machine) => machine.push(machine.bytes.quoted()), // STRING
  U: (machine) => machine.push(machine.bytes.latin1(machine.bytes.byte())), // SHORT_BINSTRING
  T: (machine) => machine.push(machine.bytes.latin1(machine.bytes.uint32())), // BINSTRING
  V: (machine) => machine.push(machine.bytes.escaped()), // UNICODE
  '\x8c': (machine) => machine.push(machine.bytes.text(machine.bytes.byte())), // SHORT_BINUNICODE
  X: (machine) => machine.push(machine.bytes.text(machine.bytes.uint32())), // BINUNICODE
  '\x8d': (machine) => machine.push(machine.bytes.text(machine.bytes.uint64())), // BINUNICODE8
  C: (machine) => machine.pushBytes(machine.bytes.take(machine.bytes.byte())), // SHORT_BINBYTES
  B: (machine) => machine.pushBytes(machine.bytes.take(machine.bytes.uint32())), // BINBYTES
  '\x8e': (machine) => machine.pushBytes(machine.bytes.take(machine.bytes.uint64())), // BINBYTES8
  '\x96': (machine) => machine.pushBytes(machine.bytes.take(machine.bytes.uint64())), // BYTEARRAY8
  '\x97': (machine) => machine.call(new Named('pickle', 'PickleBuffer'), []), // NEXT_BUFFER
  '\x98': (machine) => void machine.top(), // READONLY_BUFFER
  ']': (machine) => machine.pushList([]), // EMPTY_LIST
  ')': (machine) => machine.pushList([]), // EMPTY_TUPLE
  '}': (machine) => machine.pushDictionary(), // EMPTY_DICT
  '\x8f': (machine) => machine.pushList([]), // EMPTY_SET
  l: (machine) => machine.pushList(machine.sinceMark()), // LIST
  t: (machine) => machine.pushList(machine.sinceMark()), // TUPLE
  '\x91': (machine) => machine.pushList(machine.sinceMark()), // FROZENSET
  '\x85': (machine) => machine.pushList(machine.popMany(1)), // TUPLE1
  '\x86': (machine) => machine.pushList(machine.popMany(2)), // TUPLE2
  '\x87': (machine) => machine.pushList(machine.popMany(3)), // TUPLE3
  // DICT
  d: (machine) => {
    const items = machine.sinceMark();
    machine.pushDictionary();
    machine.setItems(items);
  },
  a: (machine) => machine.append([machine.pop()]), // APPEND
  e: (machine) => machine.append(machine.sinceMark()), // APPENDS
  '\x90': (machine) => machine.append(machine.sinceMark()), // ADDITEMS
  s: (machine) => machine.setItems(machine.popMany(2)), // SETITEM
  u: (machine) => machine.setItems(machine.sinceMark()), // SETITEMS
  c: (machine) => machine.name(machine.bytes.line(), machine.bytes.line()), // GLOBAL
  '\x93': (machine) => machine.name(...machine.popPair()), // STACK_GLOBAL
  '\x82': (machine) => extension(machine, machine.bytes.byte()), // EXT1
  '\x83': (machine) => extension(machine, machine.bytes.uint16()), // EXT2
  '\x84': (machine) => extension(machine, machine.bytes.int32()), // EXT4
  R: (machine) => machine.call(...machine.popPair()), // REDUCE
  '\x81': (machine) => machine.call(...machine.popPair()), // NEWOBJ
  // NEWOBJ_EX
  '\x92': (machine) => {
    const [of, values, keywords] = machine.popMany(3);
    machine.call(of!, [values!, keywords!]);
  },
  // INST
  i: (machine) => {
    const of = new Named(machine.bytes.line(), machine.bytes.line());
    machine.call(of, machine.sinceMark());
  },
  // OBJ
  o: (machine) => {
    const [of = null, ...values] = machine.sinceMark();
    machine.call(of, values);
  },
  b: (machine) => machine.build(machine.pop()), // BUILD
  P: (machine) => machine.persistent(machine.bytes.line()), // PERSID
  Q: (machine) => machine.persistent(machine.pop()), // BINPERSID
  p: (machine) => machine.remember(machine.bytes.decimal()), // PUT
  q: (machine) => machine.remember(machine.bytes.byte()), // BINPUT
  r: (machine) => machine.remember(machine.bytes.uint32()), // LONG_BINPUT
  '\x94': (machine) => machine.memoize(), // MEMOIZE
  g: (machine) => machine.recall(machine.bytes.decimal()), // GET
  h: (machine) => machine.recall(machine.bytes.byte()), // BINGET
  j: (machine) => machine.recall(machine.bytes.uint32()), // LONG_BINGET
};
const byCode = Array.from({ length: 256 }, (_, code) => operations[String.fromCharCode(code)]);
const stop = '.'.charCodeAt(0);

/** Reads the pickle that begins at the next byte, and consumes it. @throws PickleError if it is none */
export function readPickleAt(bytes: PickleBytes, meanings: Meanings): Value {
  const machine = new PickleMachine(bytes, meanings);
  for (;;) {
    const code = bytes.byte();
    if (code === stop) return machine.pop();
    const operation = byCode[code];
    if (!operation) throw new PickleError(`operation 0x${code.toString(16)}, which Python does not have`);
    operation(machine);
  }
}

/** @throws PickleError for anything that is not a pickle */
export const readPickle = (pickle: Buffer, meanings: Meanings): Value =>
  readPickleAt(new PickleBytes(pickle), meanings);
