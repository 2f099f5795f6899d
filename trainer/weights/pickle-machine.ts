/** The stack machine that executes a pickle: a stack, and a memo of values. */
import { PickleBytes } from './pickle-bytes.ts';
import { Dictionary, Instance, Named, PickleError, type Value } from './pickle-values.ts';

export interface Meanings {
  /** Result of calling a name, by its full name. */
  readonly calls: ReadonlyMap<string, (values: readonly Value[]) => Value>;
  /** Resolves a persistent id. */
  persistent(id: Value): Value;
}

const mostObjects = 10_000_000;
const mark = Symbol('mark');

/** Allowed names of classes and functions: nothing that could be mistaken for a path or a sentence. */
const plainName = /^[\p{L}\p{N}_.<>]{1,200}$/u;

function named(module: Value, name: Value): Named {
  if (typeof module !== 'string' || typeof name !== 'string' || !plainName.test(module) || !plainName.test(name))
    throw new PickleError('a class with an invalid name');
  return new Named(module, name);
}

/** Every method throws a `PickleError` if the stack does not hold the values it needs. */
export class PickleMachine {
  readonly bytes: PickleBytes;
  readonly #meanings: Meanings;
  readonly #stack: (Value | typeof mark)[] = [];
  readonly #memo = new Map<number, Value>();
  #objects = 0;

  constructor(pickle: Buffer, meanings: Meanings) {
    this.bytes = new PickleBytes(pickle);
    this.#meanings = meanings;
  }

  push(value: Value): void {
    if (++this.#objects > mostObjects) throw new PickleError(`more than ${mostObjects} values`);
    this.#stack.push(value);
  }

  pushMark(): void {
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
    const value = this.pop();
    this.#stack.push(value);
    return value;
  }

  /** Pops the values above the last mark, and the mark. */
  sinceMark(): Value[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) throw new PickleError('it reads missing values');
    const values = this.#stack.splice(at);
    return values.slice(1) as Value[];
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
    if (!Array.isArray(target)) throw new PickleError('it appends to something that is not a list');
    for (const value of values) target.push(value);
  }

  /** Sets items of the dict at the top: keys and values in turn. */
  setItems(items: readonly Value[]): void {
    const target = this.top();
    // An instance of a dict's subclass.
    if (!(target instanceof Dictionary || target instanceof Instance) || items.length % 2 !== 0)
      throw new PickleError('it sets items of something that is not a dict');
    if (target instanceof Instance) return;
    for (let at = 0; at < items.length; at += 2) target.entries.push([items[at]!, items[at + 1]!]);
  }

  /** Sets the state of the instance at the top. */
  build(state: Value): void {
    const target = this.top();
    if (target instanceof Instance) target.state = state;
    // An OrderedDict with attributes (a module's `_metadata`), which are not tensors.
    else if (!(target instanceof Dictionary))
      throw new PickleError('it sets the state of something that is not an instance');
  }

  /** Pushes a name, which is never resolved. */
  name(module: Value, name: Value): void {
    this.push(named(module, name));
  }

  /** Pushes the result of a call if the name is on the list; other names are never called. */
  call(function_: Value, values: Value): void {
    if (!(function_ instanceof Named) || !Array.isArray(values))
      throw new PickleError('it calls something that is not a function');
    const known = this.#meanings.calls.get(function_.full);
    if (!known) throw new PickleError(`it asks to call ${function_.full}, which is not allowed`);
    this.push(known(values));
  }

  /** Pushes an empty instance; the constructor's arguments are discarded. */
  instance(of: Value): void {
    if (!(of instanceof Named)) throw new PickleError('it creates an instance of something that is not a class');
    this.push(new Instance(of));
  }

  /** Pushes the value of a persistent id. */
  persistent(id: Value): void {
    this.push(this.#meanings.persistent(id));
  }

  /** Stores the top under a key. */
  remember(key: number): void {
    this.#memo.set(key, this.top());
  }

  /** Stores the top under the next free number. */
  memoize(): void {
    this.remember(this.#memo.size);
  }

  /** Pushes the value stored under a key. */
  recall(key: number): void {
    const value = this.#memo.get(key);
    if (value === undefined) throw new PickleError('it reads a value that was never stored');
    this.push(value);
  }
}
