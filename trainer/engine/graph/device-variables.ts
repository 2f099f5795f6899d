/**
 * Variables that live inside the session, on the device that computes. To tfjs each is a `Variable` whose tensor is the
 * operation that reads it, so a net finds it where it expects a weight.
 */
import type { StateEntry } from '../engine.ts';
import { boolAttribute } from '../binding/attributes.ts';
import type { Handle } from '../binding/tensorflow.ts';
import { elementsOf } from '../binding/tensors.ts';
import { addResource, type DeviceVariable, type Resource } from './device-resource.ts';
import type { Graph } from './graph.ts';

/** Values being copied to the device are in memory twice, so at most this many bytes are written at a time. */
const flushedBytes = 64 * 1024 ** 2;

type Values = Float32Array | Int32Array;

/** A value from the host and the variable it is for. */
interface StagedValue {
  readonly variable: DeviceVariable;
  readonly values: Values;
}

export class DeviceVariables {
  readonly #graph: Graph;
  readonly #resources = new Map<DeviceVariable, Resource>();
  /** Values from the host that the device does not have yet. */
  readonly #staged = new Map<DeviceVariable, Values>();
  /** Tensors fetched since the last run. They share memory with the variables until those are assigned anew. */
  readonly #fetched = new Map<DeviceVariable, Handle>();
  readonly #prefix: string;
  #count = 0;

  /** @param prefix of the names of the variables inside the session; no other of its graph's may have it */
  constructor(graph: Graph, prefix = 'variable') {
    this.#graph = graph;
    this.#prefix = prefix;
  }

  /** Adds a variable. Takes over `values`: their memory is released once the device has them. */
  create(name: string, shape: readonly number[], values: Values): DeviceVariable {
    const dtype = values instanceof Float32Array ? 'float32' : 'int32';
    const { variable, resource } = addResource(this.#graph, name, shape, dtype, `${this.#prefix}_${this.#count++}`);
    this.#resources.set(variable, resource);
    this.#staged.set(variable, values);
    return variable;
  }

  /** Writes to the device all values set by the host since the last run. Must be called before every run. */
  flush(): void {
    this.#forgetFetched();
    while (this.#staged.size > 0) {
      const some = this.#nextStaged();
      const resourceOf = ({ variable }: StagedValue): Resource => this.#resources.get(variable)!;
      this.#graph.runNow({
        feeds: some.map((staged) => this.#graph.feed(resourceOf(staged).input, staged.values)),
        fetches: [],
        targets: some.map((staged) => resourceOf(staged).set),
      });
      // Released now rather than when the garbage collector runs: the first step needs this memory.
      for (const { variable, values } of some) {
        this.#staged.delete(variable);
        (values.buffer as ArrayBuffer).transfer(0);
      }
    }
  }

  /** State entries of the variables, for checkpoints; reading the first one fetches all. */
  entries(named: readonly { readonly name: string; readonly variable: DeviceVariable }[]): readonly StateEntry[] {
    const all = named.map(({ variable }) => variable);
    return named.map(({ name, variable }) => ({
      name,
      shape: variable.shape,
      dtype: variable.dtype,
      read: () => this.#read(variable, all),
      write: (values) => this.#write(variable, values),
    }));
  }

  /** Frees the variables' memory on the device. */
  destroy(variables: readonly DeviceVariable[]): void {
    this.#forgetFetched();
    const operations = variables.map((variable) => {
      const { handle } = this.#resources.get(variable)!;
      this.#resources.delete(variable);
      this.#staged.delete(variable);
      // A variable that was never written has nothing to destroy.
      const attributes = [boolAttribute('ignore_lookup_error', true)];
      return this.#graph.add('DestroyResourceOp', [handle], 0, { attributes }).operation;
    });
    if (operations.length > 0) this.#graph.runNow({ feeds: [], fetches: [], targets: operations });
  }

  /** The first staged values, `flushedBytes` of them or slightly more. */
  #nextStaged(): readonly StagedValue[] {
    const some: StagedValue[] = [];
    let bytes = 0;
    for (const [variable, values] of this.#staged) {
      some.push({ variable, values });
      bytes += values.byteLength;
      if (bytes >= flushedBytes) break;
    }
    return some;
  }

  #read(variable: DeviceVariable, all: readonly DeviceVariable[]): Values {
    const waiting = this.#staged.get(variable);
    if (waiting) return waiting.slice();
    if (!this.#fetched.has(variable)) {
      this.flush();
      const tensors = this.#graph.runNow({ feeds: [], fetches: all.map((one) => one.read), targets: [] });
      all.forEach((one, index) => this.#fetched.set(one, tensors[index]!));
    }
    return this.#graph.values(this.#fetched.get(variable)!, variable.read.dtype) as Values;
  }

  #write(variable: DeviceVariable, values: Values): void {
    const size = elementsOf(variable.shape);
    if (values.length !== size)
      throw new Error(`State ${variable.name} has ${size} values, but ${values.length} were given.`);
    this.#staged.set(variable, values.slice());
  }

  #forgetFetched(): void {
    for (const tensor of this.#fetched.values()) this.#graph.free(tensor);
    this.#fetched.clear();
  }
}
