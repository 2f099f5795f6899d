/** TensorFlow's ConfigProto (tensorflow/core/protobuf/config.proto) as bytes, with the few fields the engine sets. */

import { integer, message, text } from './protobuf.ts';
import { taskName, type Peers } from './server-def.ts';

export interface ContextConfig {
  /** Threads inside an operation. Fixed, because it determines how sums are split and therefore their last bits. */
  readonly threads: number;
  /** Number of the GPU to use, null for the CPU. */
  readonly gpu: number | null;
  /** The processes that compute together; null: this one alone. */
  readonly peers: Peers | null;
}

export function configProto(config: ContextConfig): Uint8Array {
  // Two operations at a time: the views of a step share nothing until the loss, so one fills the other's idle time. The
  // result of an operation does not depend on when it runs.
  const threads = [...integer(2, config.threads), ...integer(5, Math.min(2, config.threads))];
  const device =
    config.gpu === null
      ? // device_count { key: "GPU" value: 0 }
        message(1, [...text(1, 'GPU'), ...integer(2, 0)])
      : // gpu_options { allow_growth: true visible_device_list: "N" }
        message(6, [...integer(4, 1), ...text(5, String(config.gpu))]);
  // graph_options { rewrite_options { memory_optimization: NO_MEM_OPT } }: with it a step is the same in every process, bit by bit.
  const graph = message(10, message(10, integer(4, 1)));
  return Uint8Array.from([...device, ...threads, ...graph, ...(config.peers === null ? [] : among(config.peers))]);
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
