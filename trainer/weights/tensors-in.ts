/**
 * The tensors in the value of a pickle, named by the keys that lead to them, joined with dots. A module that was pickled
 * whole gives the names of its `state_dict()`.
 */
import { sizeOf, type ArchiveEntry, type Contents, type StoredTensor } from './file.ts';
import { NumpyArray } from './numpy-values.ts';
import { PassedOverCounts } from './passed-over.ts';
import { Dictionary, Instance, Named, PickleError, type Value } from './pickle-values.ts';
import { Storage, Tensor } from './torch-values.ts';

/** What lies deeper is passed over: no network nests so deep, objects that refer to each other do. */
const deepest = 64;
const longestName = 1000;
/** A list that holds itself twice, which holds itself twice: endless names in a few bytes. */
export const mostSteps = 20_000_000;
export const mostTensors = 200_000;

/** Where a storage begins; its bytes must be there. @throws PickleError if they are not */
export type PlaceOf = (storage: Storage) => { readonly offset: number; readonly entry?: ArchiveEntry };

function keyText(key: Value, at: number): string {
  if (key instanceof Uint8Array) return Buffer.from(key.subarray(0, longestName + 1)).toString('utf8');
  if (key instanceof Named) return key.full;
  return key === null || typeof key !== 'object' ? String(key) : `(${at})`;
}
const below = (name: string, key: string): string => (name === '' ? key : `${name}.${key}`);

type Entries = readonly (readonly [Value, Value])[];
const entriesOf = (value: Value | undefined): Entries | null =>
  value instanceof Dictionary || value instanceof Instance ? value.entries : null;

/** Names of buffers, of which a module has a few. */
const mostNames = 10_000;

/** Names in a set, however it was pickled. */
function setOf(value: Value | undefined): ReadonlySet<Value> {
  let names = value;
  for (let depth = 0; names instanceof Instance && depth < deepest; depth++) names = names.values[0];
  return new Set(Array.isArray(names) && names.length <= mostNames ? names : []);
}

/** The parts of a module's state that its `state_dict()` holds; null if it is not the state of a module. */
function moduleEntries(state: Value): Entries | null {
  if (!(state instanceof Dictionary)) return null;
  const attributes = new Map(state.entries);
  const [parameters, buffers, modules] = ['_parameters', '_buffers', '_modules'].map((key) =>
    entriesOf(attributes.get(key)),
  );
  if (!parameters || !buffers || !modules) return null;
  const left = setOf(attributes.get('_non_persistent_buffers_set'));
  return [...parameters, ...buffers.filter(([key]) => !left.has(key)), ...modules];
}

/** Functions of PyTorch that make tensors of other kinds: sparse, quantised, on no device. Their parts are no weights. */
const otherTensors = /^torch\.(_utils|_tensor|sparse)\b/;

class Search {
  readonly #place: PlaceOf;
  readonly #tensors = new Map<string, StoredTensor>();
  readonly #passedOver = new PassedOverCounts();
  /** Values that lead to this one: one of them again is a circle. */
  readonly #above = new Set<Value>();
  /** Values that hold no tensor, and the depth from which on that is known. */
  readonly #barren = new Map<Value, number>();
  #steps = 0;
  /** How often something too deep was passed over. */
  #cuts = 0;

  constructor(place: PlaceOf) {
    this.#place = place;
  }

  get contents(): Contents {
    return { tensors: [...this.#tensors.values()], passedOver: this.#passedOver.list };
  }

  /** Whether there are tensors in the value. */
  visit(value: Value, name: string, depth = 0): boolean {
    if (isPlain(value) || this.#above.has(value) || depth >= (this.#barren.get(value) ?? Infinity)) return false;
    if (name.length > longestName) return this.#pass('a name that is too long', name.slice(0, 40));
    if (value instanceof Tensor) return this.#add(value, name);
    if (value instanceof NumpyArray) return this.#addArray(value, name);
    if (value instanceof Named) return this.#pass(value.full, name);
    if (value instanceof Storage) return this.#pass(value.of.full, name);
    if (depth > deepest) {
      this.#cuts += 1;
      return this.#pass(`values nested deeper than ${deepest}`, name);
    }
    const cuts = this.#cuts;
    this.#above.add(value);
    const found = this.#inside(value, name, depth + 1);
    this.#above.delete(value);
    if (!found) this.#barren.set(value, cuts === this.#cuts ? 0 : depth);
    return found;
  }

  #inside(value: Value, name: string, depth: number): boolean {
    if (value instanceof Dictionary) return this.#entries(value.entries, name, depth);
    if (Array.isArray(value)) return this.#items(value, name, depth);
    return value instanceof Instance && this.#instance(value, name, depth);
  }

  #instance({ of, values, state, entries, items }: Instance, name: string, depth: number): boolean {
    // They are looked through for the names of a module's parts.
    if (state instanceof Dictionary) this.#count(state.entries.length);
    const module = moduleEntries(state);
    if (module) return this.#entries(module, name, depth);
    this.#pass(of.full, name);
    if (otherTensors.test(of.full)) return false;
    // The state of a class with slots: its attributes, and those in slots.
    const states = Array.isArray(state) && state.length === 2 && state.every((one) => !isData(one)) ? state : [state];
    const found = [
      ...(values.length === 1 ? [this.visit(values[0]!, name, depth)] : [this.#items(values, name, depth)]),
      ...states.map((one) => this.visit(one, name, depth)),
      this.#entries(entries, name, depth),
      this.#items(items, name, depth),
    ];
    return found.includes(true);
  }

  #entries(entries: Entries, name: string, depth: number): boolean {
    return this.#each(entries, name, depth, ([key, value], at) => [keyText(key, at), value]);
  }

  #items(items: readonly Value[], name: string, depth: number): boolean {
    return this.#each(items, name, depth, (value, at) => [String(at), value]);
  }

  #each<T>(all: readonly T[], name: string, depth: number, of: (one: T, at: number) => [string, Value]): boolean {
    this.#count(all.length);
    let found = false;
    all.forEach((one, at) => {
      const [key, value] = of(one, at);
      if (isPlain(value)) return;
      // Cut before it is joined: a long key may lead to any number of values.
      const shown = key.length > longestName ? key.slice(0, longestName + 1) : key;
      found = this.visit(value, below(name, shown), depth) || found;
    });
    return found;
  }

  #count(steps: number): void {
    this.#steps += steps;
    if (this.#steps > mostSteps) throw new PickleError(`more than ${mostSteps} values in dicts and lists`);
  }

  #add({ storage, type, start, shape, strides }: Tensor, name: string): true {
    const { offset, entry } = storage.memory ? { offset: 0 } : this.#place(storage);
    const first = offset + storage.first * storage.elementBytes + start * sizeOf(type);
    const stored: StoredTensor = { name, type, shape, strides, offset: first };
    return this.#keep(storage.memory ? { ...stored, memory: storage.memory } : entry ? { ...stored, entry } : stored);
  }

  #addArray({ type, of, shape, strides, elements }: NumpyArray, name: string): boolean {
    if (type === null) return this.#pass(of, name);
    return this.#keep({ name, type, shape, strides, offset: 0, memory: elements });
  }

  #keep(tensor: StoredTensor): true {
    this.#tensors.set(tensor.name, tensor);
    if (this.#tensors.size > mostTensors) throw new PickleError(`more than ${mostTensors} tensors`);
    return true;
  }

  #pass(what: string, name: string): false {
    this.#passedOver.add(what, name);
    return false;
  }
}

const isPlain = (value: Value): boolean => value === null || typeof value !== 'object' || value instanceof Uint8Array;
const isData = (value: Value): boolean => value !== null && !(value instanceof Dictionary);

/** @throws PickleError if a tensor's bytes are not there, or if there are endlessly many */
export function tensorsIn(value: Value, place: PlaceOf): Contents {
  const search = new Search(place);
  search.visit(value, '');
  return search.contents;
}
