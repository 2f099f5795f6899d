import type { Requests } from '../api.ts';

/** A function that answers a request, at once or later. */
export type Answering<K extends keyof Requests> = (
  ...args: Parameters<Requests[K]>
) => ReturnType<Requests[K]> | Promise<ReturnType<Requests[K]>>;
