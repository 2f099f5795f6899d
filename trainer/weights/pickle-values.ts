/** The values of a pickle, as data: nothing here can be called. */

/** A function or class named by the pickle. */
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

/** An instance of an unknown class. Its state is kept because it may hold tensors. */
export class Instance {
  readonly of: Named;
  state: Value = null;
  constructor(of: Named) {
    this.of = of;
  }
}

/** Base class of the values created by a caller's functions. */
export abstract class Foreign {
  /** Distinguishes it from any other object. */
  readonly isForeign = true;
}

export type Value =
  null | boolean | number | bigint | string | Uint8Array | Named | Dictionary | Instance | Value[] | Foreign;

/** An error in the pickle. */
export class PickleError extends Error {}
