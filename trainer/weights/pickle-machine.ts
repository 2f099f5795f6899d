/** The machine that a pickle is a program for: a stack, and a memory of values to come back to. */
import { PickleBytes } from './pickle-bytes.ts';
import { Dictionary, Instance, Named, PickleError, type Value } from './pickle-values.ts';

export interface Meanings {
  /** What calling the name gives; by its full name. */
  readonly calls: ReadonlyMap<string, (values: readonly Value[]) => Value>;
  /** What a persistent id stands for. */
  persistent(id: Value): Value;
}

const mostObjects = 10_000_000;
const mark = Symbol('mark');

/** Names that classes and functions may be pickled by: nothing that could be mistaken for a path or a sentence. */
const plainName = /^[\p{L}\p{N}_.<>]{1,200}$/u;

function named(module: Value, name: Value): Named {
  if (typeof module !== 'string' || typeof name !== 'string' || !plainName.test(module) || !plainName.test(name))
    throw new PickleError('a class with an invalid name');
  return new Named(module, name);
}

/** Every method throws a `PickleError` where the stack does not hold what it takes. */
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

  /** Lets go of the top, whatever it is. */
  drop(): void {
    this.#stack.pop();
  }

  pop(): Value {
    const value = this.#stack.pop();
    if (value === undefined || value === mark) throw new PickleError('it reads a missing value');
    return value;
  }

  /** The top, which stays. */
  top(): Value {
    const value = this.pop();
    this.#stack.push(value);
    return value;
  }

  /** Takes the values above the last mark, and the mark. */
  sinceMark(): Value[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) throw new PickleError('it reads missing values');
    const values = this.#stack.splice(at);
    return values.slice(1) as Value[];
  }

  /** Takes `count` values, in the order in which they were pushed. */
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
    // An OrderedDict with attributes (a module's `_metadata`): they are no tensors.
    else if (!(target instanceof Dictionary))
      throw new PickleError('it sets the state of something that is not an instance');
  }

  /** Pushes a name, which stays one. */
  name(module: Value, name: Value): void {
    this.push(named(module, name));
  }

  /** Pushes what a call means, where the name is on the list; no other is called. */
  call(function_: Value, values: Value): void {
    if (!(function_ instanceof Named) || !Array.isArray(values))
      throw new PickleError('it calls something that is not a function');
    const known = this.#meanings.calls.get(function_.full);
    if (!known) throw new PickleError(`it asks to call ${function_.full}, which is not allowed`);
    this.push(known(values));
  }

  /** Pushes an empty instance; the arguments of a constructor that is not here are let go. */
  instance(of: Value): void {
    if (!(of instanceof Named)) throw new PickleError('it creates an instance of something that is not a class');
    this.push(new Instance(of));
  }

  /** Pushes what a persistent id stands for. */
  persistent(id: Value): void {
    this.push(this.#meanings.persistent(id));
  }

  /** Keeps the top under a key. */
  remember(key: number): void {
    this.#memo.set(key, this.top());
  }

  /** Keeps the top under the next free number. */
  memoize(): void {
    this.remember(this.#memo.size);
  }

  /** Pushes the value kept under a key. */
  recall(key: number): void {
    const value = this.#memo.get(key);
    if (value === undefined) throw new PickleError('it reads a value that was never stored');
    this.push(value);
  }
}
