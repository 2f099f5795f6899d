/** The bridge between the preload and the window: the shape of `window.workstation`. */
import type { Fault } from '../../trainer/protocol/fault.ts';
import type { Pushes } from './pushes.ts';
import type { Requests } from './requests.ts';

/** Answer to a request: a value, or a fault; nothing is thrown across the bridge. */
export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: Fault };

/** `window.workstation`: one function a capability. */
export type Workstation = {
  readonly [K in keyof Requests]: (...args: Parameters<Requests[K]>) => Promise<Answer<ReturnType<Requests[K]>>>;
} & {
  readonly on: <K extends keyof Pushes>(push: K, listener: Pushes[K]) => () => void;
  /** Path of a dropped file, known to the preload only. */
  readonly pathOf: (file: unknown) => string;
};
