import type { Pushes } from '../api/pushes.ts';
import type { Requests } from '../api/requests.ts';

/** A function that answers a request, synchronously or not. */
export type RequestHandler<K extends keyof Requests> = (
  ...args: Parameters<Requests[K]>
) => ReturnType<Requests[K]> | Promise<ReturnType<Requests[K]>>;

/** Sends every window a small message that it may miss. */
export type Push = <K extends keyof Pushes>(name: K, ...values: Parameters<Pushes[K]>) => void;
