/**
 * Reads Python's pickles, protocols 2 to 5, as data. A pickle is a program: it names functions and has them called. Here it
 * has nothing to call. A name becomes a `Named` and stays one; only the few that a caller lists are given a meaning, and a
 * pickle that asks for a call of any other is refused.
 *
 * The operations are those of Python's pickletools. What a checkpoint does not need (extension registries, frames of
 * out-of-band buffers) is not here, and meeting it is an error.
 */

/** A function or a class that the pickle names. */
export class Named {
  readonly module: string;
  readonly name: string;
  constructor(module: string, name: string) {
    this.module = module;
    this.name = name;
  }
  get full(): string {
    return `${this.module}.${this.name}`;
  }
}

/** A dict: keys may be of any kind, and Python keeps their order. */
export class Dictionary {
  readonly entries: (readonly [Value, Value])[] = [];
}

/** An instance whose class means nothing here. Its state is kept, for it may hold tensors. */
export class Instance {
  readonly of: Named;
  state: Value = null;
  constructor(of: Named) {
    this.of = of;
  }
}

/** What a caller's functions make. */
export abstract class Foreign {
  /** Tells it from any other object. */
  protected readonly isForeign = true;
}

export type Value =
  null | boolean | number | bigint | string | Uint8Array | Named | Dictionary | Instance | Value[] | Foreign;

export interface Meanings {
  /** What calling the name gives; by its full name. */
  readonly calls: ReadonlyMap<string, (values: readonly Value[]) => Value>;
  /** What a persistent id stands for. */
  persistent(id: Value): Value;
}

/** What is wrong with the pickle. */
export class PickleError extends Error {}

const mostObjects = 10_000_000;
const mark = Symbol('mark');

/** Names that classes and functions may be pickled by: nothing that could be mistaken for a path or a sentence. */
const plainName = /^[\p{L}\p{N}_.<>]{1,200}$/u;

class Bytes {
  readonly #buffer: Buffer;
  #at = 0;
  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }
  take(length: number): Buffer {
    if (length > this.#buffer.length - this.#at) throw new PickleError('it ends in the middle of a value');
    return this.#buffer.subarray(this.#at, (this.#at += length));
  }
  byte(): number {
    return this.take(1)[0]!;
  }
  uint16(): number {
    return this.take(2).readUInt16LE();
  }
  int32(): number {
    return this.take(4).readInt32LE();
  }
  uint32(): number {
    return this.take(4).readUInt32LE();
  }
  uint64(): number {
    const value = this.take(8).readBigUInt64LE();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new PickleError(`a length of ${value} bytes`);
    return Number(value);
  }
  text(length: number): string {
    return this.take(length).toString('utf8');
  }
  line(): string {
    const end = this.#buffer.indexOf(0x0a, this.#at);
    if (end < 0) throw new PickleError('it ends in the middle of a line');
    const line = this.#buffer.toString('utf8', this.#at, end);
    this.#at = end + 1;
    return line;
  }
  /** A whole number of so many bytes, two's complement. */
  long(length: number): number | bigint {
    if (length > 1024) throw new PickleError(`a whole number of ${length} bytes`);
    let value = 0n;
    const bytes = this.take(length);
    for (let at = length - 1; at >= 0; at--) value = (value << 8n) | BigInt(bytes[at]!);
    value = BigInt.asIntN(Math.max(8 * length, 1), value);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
}

function named(module: Value, name: Value): Named {
  if (typeof module !== 'string' || typeof name !== 'string' || !plainName.test(module) || !plainName.test(name))
    throw new PickleError('a class with an invalid name');
  return new Named(module, name);
}

/** @throws PickleError, for anything it does not know and for a call of anything that `meanings` does not list */
export function readPickle(pickle: Buffer, meanings: Meanings): Value {
  const bytes = new Bytes(pickle);
  const stack: (Value | typeof mark)[] = [];
  const memo = new Map<number, Value>();
  let objects = 0;

  const push = (value: Value): void => {
    if (++objects > mostObjects) throw new PickleError(`more than ${mostObjects} values`);
    stack.push(value);
  };
  function pop(): Value {
    const value = stack.pop();
    if (value === undefined || value === mark) throw new PickleError('it reads a missing value');
    return value;
  }
  function top(): Value {
    const value = pop();
    stack.push(value);
    return value;
  }
  function sinceMark(): Value[] {
    const at = stack.lastIndexOf(mark);
    if (at < 0) throw new PickleError('it reads missing values');
    const values = stack.splice(at);
    return values.slice(1) as Value[];
  }
  const popMany = (count: number): Value[] => Array.from({ length: count }, pop).reverse();
  function append(values: readonly Value[]): void {
    const target = top();
    if (!Array.isArray(target)) throw new PickleError('it appends to something that is not a list');
    for (const value of values) target.push(value);
  }
  function setItems(items: readonly Value[]): void {
    const target = top();
    // An instance of a dict's subclass.
    if (!(target instanceof Dictionary || target instanceof Instance) || items.length % 2 !== 0)
      throw new PickleError('it sets items of something that is not a dict');
    if (target instanceof Instance) return;
    for (let at = 0; at < items.length; at += 2) target.entries.push([items[at]!, items[at + 1]!]);
  }
  function call(function_: Value, values: Value): Value {
    if (!(function_ instanceof Named) || !Array.isArray(values))
      throw new PickleError('it calls something that is not a function');
    const known = meanings.calls.get(function_.full);
    if (!known) throw new PickleError(`it asks to call ${function_.full}, which is not allowed`);
    return known(values);
  }
  function build(state: Value): void {
    const target = top();
    if (target instanceof Instance) target.state = state;
    // An OrderedDict with attributes (a module's `_metadata`): they are no tensors.
    else if (!(target instanceof Dictionary))
      throw new PickleError('it sets the state of something that is not an instance');
  }

  const operations: Readonly<Record<string, () => void>> = {
    '\x80': () => void bytes.byte(), // PROTO
    '\x95': () => void bytes.uint64(), // FRAME
    '(': () => void stack.push(mark), // MARK
    '0': () => void stack.pop(), // POP
    '1': () => void sinceMark(), // POP_MARK
    '2': () => push(top()), // DUP
    N: () => push(null), // NONE
    '\x88': () => push(true), // NEWTRUE
    '\x89': () => push(false), // NEWFALSE
    K: () => push(bytes.byte()), // BININT1
    M: () => push(bytes.uint16()), // BININT2
    J: () => push(bytes.int32()), // BININT
    '\x8a': () => push(bytes.long(bytes.byte())), // LONG1
    '\x8b': () => push(bytes.long(bytes.uint32())), // LONG4
    G: () => push(bytes.take(8).readDoubleBE()), // BINFLOAT
    U: () => push(bytes.take(bytes.byte()).toString('latin1')), // SHORT_BINSTRING
    T: () => push(bytes.take(bytes.uint32()).toString('latin1')), // BINSTRING
    '\x8c': () => push(bytes.text(bytes.byte())), // SHORT_BINUNICODE
    X: () => push(bytes.text(bytes.uint32())), // BINUNICODE
    '\x8d': () => push(bytes.text(bytes.uint64())), // BINUNICODE8
    C: () => push(bytes.take(bytes.byte())), // SHORT_BINBYTES
    B: () => push(bytes.take(bytes.uint32())), // BINBYTES
    '\x8e': () => push(bytes.take(bytes.uint64())), // BINBYTES8
    ']': () => push([]), // EMPTY_LIST
    ')': () => push([]), // EMPTY_TUPLE
    '}': () => push(new Dictionary()), // EMPTY_DICT
    '\x8f': () => push([]), // EMPTY_SET
    l: () => push(sinceMark()), // LIST
    t: () => push(sinceMark()), // TUPLE
    '\x91': () => push(sinceMark()), // FROZENSET
    '\x85': () => push(popMany(1)), // TUPLE1
    '\x86': () => push(popMany(2)), // TUPLE2
    '\x87': () => push(popMany(3)), // TUPLE3
    // DICT
    d: () => {
      const items = sinceMark();
      push(new Dictionary());
      setItems(items);
    },
    a: () => append([pop()]), // APPEND
    e: () => append(sinceMark()), // APPENDS
    '\x90': () => append(sinceMark()), // ADDITEMS
    // SETITEM
    s: () => setItems(popMany(2)),
    // SETITEMS
    u: () => setItems(sinceMark()),
    c: () => push(named(bytes.line(), bytes.line())), // GLOBAL
    '\x93': () => push(named(...(popMany(2) as [Value, Value]))), // STACK_GLOBAL
    R: () => push(call(...(popMany(2) as [Value, Value]))), // REDUCE
    // NEWOBJ: an empty instance; the arguments of a constructor that is not here are let go.
    '\x81': () => {
      const [of] = popMany(2);
      if (!(of instanceof Named)) throw new PickleError('it creates an instance of something that is not a class');
      push(new Instance(of));
    },
    b: () => build(pop()), // BUILD
    Q: () => push(meanings.persistent(pop())), // BINPERSID
    q: () => void memo.set(bytes.byte(), top()), // BINPUT
    r: () => void memo.set(bytes.uint32(), top()), // LONG_BINPUT
    '\x94': () => void memo.set(memo.size, top()), // MEMOIZE
    h: () => push(remembered(bytes.byte())), // BINGET
    j: () => push(remembered(bytes.uint32())), // LONG_BINGET
  };
  function remembered(key: number): Value {
    const value = memo.get(key);
    if (value === undefined) throw new PickleError('it reads a value that was never stored');
    return value;
  }

  for (;;) {
    const code = String.fromCharCode(bytes.byte());
    if (code === '.') return pop();
    const operation = operations[code];
    if (!operation) throw new PickleError(`operation 0x${code.charCodeAt(0).toString(16)}, which weights do not need`);
    operation();
  }
}
