/** The values of a pickle, as data: nothing here can be called. */

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
  readonly isForeign = true;
}

export type Value =
  null | boolean | number | bigint | string | Uint8Array | Named | Dictionary | Instance | Value[] | Foreign;

/** What is wrong with the pickle. */
export class PickleError extends Error {}
