/**
 * Reads Python's pickles, protocols 2 to 5, as data. A pickle is a program that names functions and calls them. Here
 * nothing is callable: a name becomes a `Named` and stays one; only the few names listed by the caller have a meaning,
 * and a pickle that calls any other is rejected.
 *
 * The operations are those of Python's pickletools. Those a checkpoint does not need (extension registries, frames of
 * out-of-band buffers) are not implemented and cause an error.
 */
import { PickleMachine, type Meanings } from './pickle-machine.ts';
import { Dictionary, PickleError, type Value } from './pickle-values.ts';

/** Effect of each operation on the machine, by opcode. */
const operations: Readonly<Record<string, (machine: PickleMachine) => void>> = {
  '\x80': ({ bytes }) => void bytes.byte(), // PROTO
  '\x95': ({ bytes }) => void bytes.uint64(), // FRAME
  '(': (machine) => machine.pushMark(), // MARK
  '0': (machine) => machine.drop(), // POP
  '1': (machine) => void machine.sinceMark(), // POP_MARK
  '2': (machine) => machine.push(machine.top()), // DUP
  N: (machine) => machine.push(null), // NONE
  '\x88': (machine) => machine.push(true), // NEWTRUE
  '\x89': (machine) => machine.push(false), // NEWFALSE
  K: (machine) => machine.push(machine.bytes.byte()), // BININT1
  M: (machine) => machine.push(machine.bytes.uint16()), // BININT2
  J: (machine) => machine.push(machine.bytes.int32()), // BININT
  '\x8a': (machine) => machine.push(machine.bytes.long(machine.bytes.byte())), // LONG1
  '\x8b': (machine) => machine.push(machine.bytes.long(machine.bytes.uint32())), // LONG4
  G: (machine) => machine.push(machine.bytes.take(8).readDoubleBE()), // BINFLOAT
  U: (machine) => machine.push(machine.bytes.latin1(machine.bytes.byte())), // SHORT_BINSTRING
  T: (machine) => machine.push(machine.bytes.latin1(machine.bytes.uint32())), // BINSTRING
  '\x8c': (machine) => machine.push(machine.bytes.text(machine.bytes.byte())), // SHORT_BINUNICODE
  X: (machine) => machine.push(machine.bytes.text(machine.bytes.uint32())), // BINUNICODE
  '\x8d': (machine) => machine.push(machine.bytes.text(machine.bytes.uint64())), // BINUNICODE8
  C: (machine) => machine.push(machine.bytes.take(machine.bytes.byte())), // SHORT_BINBYTES
  B: (machine) => machine.push(machine.bytes.take(machine.bytes.uint32())), // BINBYTES
  '\x8e': (machine) => machine.push(machine.bytes.take(machine.bytes.uint64())), // BINBYTES8
  ']': (machine) => machine.push([]), // EMPTY_LIST
  ')': (machine) => machine.push([]), // EMPTY_TUPLE
  '}': (machine) => machine.push(new Dictionary()), // EMPTY_DICT
  '\x8f': (machine) => machine.push([]), // EMPTY_SET
  l: (machine) => machine.push(machine.sinceMark()), // LIST
  t: (machine) => machine.push(machine.sinceMark()), // TUPLE
  '\x91': (machine) => machine.push(machine.sinceMark()), // FROZENSET
  '\x85': (machine) => machine.push(machine.popMany(1)), // TUPLE1
  '\x86': (machine) => machine.push(machine.popMany(2)), // TUPLE2
  '\x87': (machine) => machine.push(machine.popMany(3)), // TUPLE3
  // DICT
  d: (machine) => {
    const items = machine.sinceMark();
    machine.push(new Dictionary());
    machine.setItems(items);
  },
  a: (machine) => machine.append([machine.pop()]), // APPEND
  e: (machine) => machine.append(machine.sinceMark()), // APPENDS
  '\x90': (machine) => machine.append(machine.sinceMark()), // ADDITEMS
  s: (machine) => machine.setItems(machine.popMany(2)), // SETITEM
  u: (machine) => machine.setItems(machine.sinceMark()), // SETITEMS
  c: (machine) => machine.name(machine.bytes.line(), machine.bytes.line()), // GLOBAL
  '\x93': (machine) => machine.name(...machine.popPair()), // STACK_GLOBAL
  R: (machine) => machine.call(...machine.popPair()), // REDUCE
  '\x81': (machine) => machine.instance(machine.popPair()[0]), // NEWOBJ
  b: (machine) => machine.build(machine.pop()), // BUILD
  Q: (machine) => machine.persistent(machine.pop()), // BINPERSID
  q: (machine) => machine.remember(machine.bytes.byte()), // BINPUT
  r: (machine) => machine.remember(machine.bytes.uint32()), // LONG_BINPUT
  '\x94': (machine) => machine.memoize(), // MEMOIZE
  h: (machine) => machine.recall(machine.bytes.byte()), // BINGET
  j: (machine) => machine.recall(machine.bytes.uint32()), // LONG_BINGET
};

/** @throws PickleError for anything unknown, and for a call of anything not listed in `meanings` */
export function readPickle(pickle: Buffer, meanings: Meanings): Value {
  const machine = new PickleMachine(pickle, meanings);
  for (;;) {
    const code = String.fromCharCode(machine.bytes.byte());
    if (code === '.') return machine.pop();
    const operation = operations[code];
    if (!operation) throw new PickleError(`operation 0x${code.charCodeAt(0).toString(16)}, which weights do not need`);
    operation(machine);
  }
}
