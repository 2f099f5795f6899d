/** TensorFlow's ConfigProto (tensorflow/core/protobuf/config.proto) as bytes, with the few fields the engine sets. */

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return bytes;
}

const integer = (field: number, value: number): number[] => [...varint(field << 3), ...varint(value)];

function message(field: number, body: readonly number[]): number[] {
  return [...varint((field << 3) | 2), ...varint(body.length), ...body];
}

const text = (field: number, value: string): number[] => message(field, [...new TextEncoder().encode(value)]);

export interface ContextConfig {
  /** Threads inside an operation. Fixed, because it determines how sums are split and therefore their last bits. */
  readonly threads: number;
  /** Number of the GPU to use, null for the CPU. */
  readonly gpu: number | null;
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
  return Uint8Array.from([...device, ...threads, ...graph]);
}
