/** TensorFlow's ServerDef (tensorflow/core/protobuf/tensorflow_server.proto) as bytes: who computes together, and who of them this is. */
import { integer, message, text } from './protobuf.ts';

/** Processes that compute one step together. */
export interface Peers {
  /** Where each of them listens, `host:port`, in an order that is the same for all. */
  readonly addresses: readonly string[];
  /** Place of this one among them, from 0. */
  readonly own: number;
}

/** Who computes each step together: this process with others, or several devices of this one. */
export type Together = { readonly peers: Peers } | { readonly devices: number };

/** TensorFlow's name for the kind of process that all of them are. */
export const taskName = 'worker';

/** @param config the ConfigProto of sessions that bring none of their own */
export function serverDef({ addresses, own }: Peers, config: Uint8Array): Uint8Array {
  const tasks = addresses.flatMap((address, task) => message(2, [...integer(1, task), ...text(2, address)]));
  // cluster { job { name, tasks } }
  const cluster = message(1, message(1, [...text(1, taskName), ...tasks]));
  return Uint8Array.from([
    ...cluster,
    ...text(2, taskName),
    ...integer(3, own),
    ...message(4, config),
    ...text(5, 'grpc'),
  ]);
}
