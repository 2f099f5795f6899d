/** The values of a pickle, as data: nothing here can be called. */

/** Whatever is no part of a name of Python: nothing that could be mistaken for a path or a sentence reaches a message. */
const unusual = /[^\p{L}\p{N}_.<>-]/gu;
const longestName = 200;
/** Almost all names; to look a letter up in Unicode's tables takes a hundred times as long. */
const usual = /^[\w.<>-]*$/;

function plain(text: string): string {
  const start = text.slice(0, longestName);
  return usual.test(start) ? start : start.replaceAll(unusual, '?');
}

/** A function or class named by the pickle. */
export class Named {
  readonly module: string;
  readonly name: string;
  constructor(module: string, name: string) {
    this.module = plain(module);
    this.name = plain(name);
  }
  get full(): string {
    return `${this.module}.${this.name}`;
  }
}

/** A dict: keys may be of any kind, and Python keeps their order. */
export class Dictionary {
  readonly entries: (readonly [Value, Value])[] = [];
}

/**
 * What a class or function without a meaning here would have made. Nothing is made: only the parts are kept, because
 * tensors may be among them.
 */
export class Instance {
  readonly of: Named;
  /** What it was called with. */
  readonly values: readonly Value[];
  state: Value = null;
  /** Items set on it, as on a dict. */
  readonly entries: (readonly [Value, Value])[] = [];
  /** Items appended to it, as to a list. */
  readonly items: Value[] = [];
  constructor(of: Named, values: readonly Value[] = []) {
    this.of = of;
    this.values = values;
  }
}

/** Base class of the values created by a caller's functions. */
export abstract class Foreign {
  /** Distinguishes it from any other object. */
  readonly isForeign = true;
  /** Takes the state that the pickle sets on it; without it, that state is ignored. */
  setState?(state: Value): void;
}

export type Value =
  null | boolean | number | bigint | string | Uint8Array | Named | Dictionary | Instance | Value[] | Foreign;

/** The key of a storage or tensor as text. Lists never become text here: nested ones can be endless. */
export const keyOf = (value: Value | undefined): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' ? String(value) : '';

/** An error in the pickle. */
export class PickleError extends Error {}
/** The pickle goes on beyond the bytes given. */
export class PickleEnd extends PickleError {}
