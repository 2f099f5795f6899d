/** The stack machine that executes a pickle: a stack, and a memo of values. */
import type { PickleBytes } from './pickle-bytes.ts';
import { Dictionary, Foreign, Instance, Named, PickleError, type Value } from './pickle-values.ts';

export interface Meanings {
  /** Result of calling a name, by its full name. Any other call gives an `Instance`, and runs nothing. */
  readonly calls: ReadonlyMap<string, (values: readonly Value[]) => Value>;
  /** Resolves a persistent id. */
  persistent(id: Value): Value;
}

/** What the values of a pickle may take in memory, beside its own bytes and texts. */
export const mostPickleBytes = 256 * 1024 ** 2;
/** About what each takes, in bytes; a list and a dict make room for several items with the first. */
const sizes = {
  place: 16,
  mark: 48,
  list: 160,
  dictionary: 240,
  entry: 40,
  instance: 320,
  memo: 64,
  text: 32,
  /** Of a name, which is looked through letter by letter. */
  letter: 16,
} as const;

const mark = Symbol('mark');
/** What has no name: the result of a call of something that is not a name. */
const nameless = new Named('builtins', 'object');
/** Functions by which Python's pickler asks for an instance of a class without calling its constructor. */
const constructors = /^copy_?reg\.(_reconstructor|__newobj__|__newobj_ex__)$/;

/** Every method throws a `PickleError` if the stack does not hold the values it needs. */
export class PickleMachine {
  readonly bytes: PickleBytes;
  readonly #meanings: Meanings;
  readonly #stack: (Value | typeof mark)[] = [];
  readonly #memo = new Map<number | bigint, Value>();
  #spent = 0;

  constructor(bytes: PickleBytes, meanings: Meanings) {
    this.bytes = bytes;
    this.#meanings = meanings;
  }

  #spend(bytes: number): void {
    this.#spent += bytes;
    if (this.#spent > mostPickleBytes)
      throw new PickleError(`its values take more than ${mostPickleBytes / 1024 ** 2} MiB`);
  }

  push(value: Value): void {
    this.#spend(typeof value === 'string' || typeof value === 'bigint' ? sizes.place + sizes.text : sizes.place);
    this.#stack.push(value);
  }

  pushBytes(bytes: Uint8Array): void {
    this.#spend(sizes.list);
    this.push(bytes);
  }

  pushList(values: Value[]): void {
    this.#spend(sizes.list + sizes.place * values.length);
    this.push(values);
  }

  pushDictionary(): void {
    this.#spend(sizes.dictionary);
    this.push(new Dictionary());
  }

  pushMark(): void {
    this.#spend(sizes.mark);
    this.#stack.push(mark);
  }

  /** Discards the top of the stack. */
  drop(): void {
    this.#stack.pop();
  }

  pop(): Value {
    const value = this.#stack.pop();
    if (value === undefined || value === mark) throw new PickleError('it reads a missing value');
    return value;
  }

  /** The top of the stack, without removing it. */
  top(): Value {
    const value = this.#stack.at(-1);
    if (value === undefined || value === mark) throw new PickleError('it reads a missing value');
    return value;
  }

  /** Pops the values above the last mark, and the mark. */
  sinceMark(): Value[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) throw new PickleError('it reads missing values');
    const values = this.#stack.splice(at + 1) as Value[];
    this.#stack.pop();
    return values;
  }

  /** Pops `count` values, in the order in which they were pushed. */
  popMany(count: number): Value[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  popPair(): [Value, Value] {
    return this.popMany(2) as [Value, Value];
  }

  /** Appends to the list at the top. */
  append(values: readonly Value[]): void {
    const target = this.top();
    const list = target instanceof Instance ? target.items : target;
    if (!Array.isArray(list)) return this.#ignored(target, 'it appends to something that is not a list');
    this.#spend(sizes.place * values.length);
    for (const value of values) list.push(value);
  }

  /** Sets items of the dict at the top: keys and values in turn. */
  setItems(items: readonly Value[]): void {
    const target = this.top();
    if (items.length % 2 !== 0) throw new PickleError('it sets a key without a value');
    if (!(target instanceof Dictionary || target instanceof Instance))
      return this.#ignored(target, 'it sets items of something that is not a dict');
    this.#spend(sizes.entry * items.length);
    for (let at = 0; at < items.length; at += 2) target.entries.push([items[at]!, items[at + 1]!]);
  }

  /** Sets the state of the instance at the top. */
  build(state: Value): void {
    const target = this.top();
    if (target instanceof Instance) target.state = state;
    else if (target instanceof Foreign) target.setState?.(state);
    // An OrderedDict with attributes (a module's `_metadata`), which are not tensors.
    else if (!(target instanceof Dictionary))
      this.#ignored(target, 'it sets the state of something that is not an instance');
  }

  /** Passes over what is done to a value that a caller's function made; nothing can be done to other values. */
  #ignored(target: Value, otherwise: string): void {
    if (target !== null && !(target instanceof Foreign) && !(target instanceof Named)) throw new PickleError(otherwise);
  }

  /** Pushes a name, which is never resolved. */
  name(module: Value, name: Value): void {
    const [one, other] = [module, name].map((part) => (typeof part === 'string' ? part : '?'));
    const named = new Named(one!, other!);
    this.#spend(sizes.instance + sizes.letter * (named.module.length + named.name.length));
    this.push(named);
  }

  /** Pushes the result of a call if the name is on the list, and an inert instance otherwise. */
  call(function_: Value, arguments_: Value): void {
    const values = Array.isArray(arguments_) ? arguments_ : [arguments_];
    const known = function_ instanceof Named ? this.#meanings.calls.get(function_.full) : undefined;
    this.#spend(sizes.instance);
    const made = known ? known(values) : this.#instance(function_, values);
    // What a function makes of a value that is stored once can be asked for any number of times.
    if (made instanceof Uint8Array) this.#spend(made.length);
    if (made instanceof Dictionary) this.#spend(sizes.entry * made.entries.length);
    this.push(made);
  }

  #instance(function_: Value, values: readonly Value[]): Instance {
    if (function_ instanceof Instance) return new Instance(function_.of, [function_, ...values]);
    if (!(function_ instanceof Named)) return new Instance(nameless, values);
    const [of, ...rest] = values;
    if (!constructors.test(function_.full) || !(of instanceof Named)) return new Instance(function_, values);
    // `_reconstructor` also names the built-in class below it.
    return new Instance(
      of,
      rest.filter((value) => !(value instanceof Named)),
    );
  }

  /** Pushes the value of a persistent id. */
  persistent(id: Value): void {
    this.#spend(sizes.instance);
    this.push(this.#meanings.persistent(id));
  }

  /** Stores the top under a key. */
  remember(key: number | bigint): void {
    this.#spend(sizes.memo);
    this.#memo.set(key, this.top());
  }

  /** Stores the top under the next free number. */
  memoize(): void {
    this.remember(this.#memo.size);
  }

  /** Pushes the value stored under a key. */
  recall(key: number | bigint): void {
    const value = this.#memo.get(key);
    if (value === undefined) throw new PickleError('it reads a value that was never stored');
    this.push(value);
  }
}
