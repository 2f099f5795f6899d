/** TensorFlow's ConfigProto (tensorflow/core/protobuf/config.proto) as bytes, with the few fields the engine sets. */

import { integer, message, text } from './protobuf.ts';
import { taskName, type Peers, type Together } from './server-def.ts';

export interface ContextConfig {
  /** Threads inside an operation. Fixed, because it determines how sums are split and therefore their last bits. */
  readonly threads: number;
  /** Number of the GPU to use, null for the CPU. */
  readonly gpu: number | null;
  /** Null: one device computes alone. */
  readonly together: Together | null;
}

export function configProto(config: ContextConfig): Uint8Array {
  // Two operations at a time: the views of a step share nothing until the loss, so one fills the other's idle time. The
  // result of an operation does not depend on when it runs.
  const threads = [...integer(2, config.threads), ...integer(5, Math.min(2, config.threads))];
  const device =
    config.gpu === null
      ? // device_count { key: "GPU" value: 0 }
        message(1, [...text(1, 'GPU'), ...integer(2, 0)])
      : // gpu_options { allow_growth: true visible_device_list: "N,N+1" }
        message(6, [...integer(4, 1), ...text(5, gpus(config.gpu, config.together).join())]);
  // graph_options { rewrite_options { memory_optimization: NO_MEM_OPT } }: with it a step is the same in every process, bit by bit.
  const graph = message(10, message(10, integer(4, 1)));
  return Uint8Array.from([...device, ...threads, ...graph, ...several(config)]);
}

/** Those from this one on that compute together. */
const gpus = (first: number, together: Together | null): readonly number[] =>
  Array.from({ length: together !== null && 'devices' in together ? together.devices : 1 }, (_, at) => first + at);

function several({ gpu, together }: ContextConfig): readonly number[] {
  if (together === null) return [];
  if ('peers' in together) return among(together.peers);
  // device_count { key: "CPU" value: N }: a processor taken for several, which have its threads in common.
  return gpu === null ? message(1, [...text(1, 'CPU'), ...integer(2, together.devices)]) : [];
}

/** What a session of one of several processes needs to know: it uses its own devices alone, and the first process numbers the steps. */
function among({ own }: Peers): readonly number[] {
  return [
    // device_filters
    ...text(4, `/job:${taskName}/task:${own}`),
    // isolate_session_state: variables belong to their session, not to all of the server's.
    ...integer(15, 1),
    // experimental { collective_group_leader }
    ...message(16, text(1, `/job:${taskName}/replica:0/task:0`)),
  ];
}
