/**
 * What each operation of a run took: time, and memory of its outputs (RunMetadata.step_stats,
 * tensorflow/core/framework/step_stats.proto).
 */
import { fieldsOf, type Field } from './protobuf.ts';

/** Memory of one output of an operation. Operations that pass an input on give its address. */
export interface OutputMemory {
  readonly slot: number;
  readonly bytes: number;
  readonly address: number;
}

export interface Timing {
  /** Where it ran, as TensorFlow names devices: `/job:localhost/replica:0/task:0/device:GPU:0`. */
  readonly device: string;
  /** Kind of operation, such as Conv2D. */
  readonly kind: string;
  readonly name: string;
  /** Names of the operations that it reads, in order, with their slots (`split:1`) where these are not 0. */
  readonly inputs: readonly string[];
  readonly startMicroseconds: number;
  readonly microseconds: number;
  readonly outputs: readonly OutputMemory[];
  /** Bytes in use of TensorFlow's allocator when the operation had ended; 0 where it does not count. */
  readonly bytesInUse: number;
}

/** RunOptions { trace_level: FULL_TRACE } */
export const fullTrace = Uint8Array.of(0x08, 3);

const within = (message: Uint8Array, number: number): readonly Uint8Array[] =>
  [...fieldsOf(message)].filter((field) => field.number === number).map((field) => field.bytes);

const byNumber = (message: Uint8Array | undefined): ReadonlyMap<number, Field> =>
  new Map([...fieldsOf(message ?? new Uint8Array(0))].map((field) => [field.number, field]));

/** A NodeOutput with its TensorDescription's AllocationDescription. */
function outputMemory(output: Uint8Array): OutputMemory {
  const fields = byNumber(output);
  const allocation = byNumber(byNumber(fields.get(3)?.bytes).get(4)?.bytes);
  const [slot, bytes, address] = [fields.get(1), allocation.get(2) ?? allocation.get(1), allocation.get(6)];
  return { slot: slot?.value ?? 0, bytes: bytes?.value ?? 0, address: address?.value ?? 0 };
}

/** Derives kinds from names: `Conv2D_12` is a Conv2D, and a rewritten node keeps the name of the one it replaces. */
export function timingsOf(runMetadata: Uint8Array): readonly Timing[] {
  const text = new TextDecoder();
  const nodes = within(runMetadata, 1)
    .flatMap((stepStats) => within(stepStats, 1))
    .flatMap((one) => {
      const device = text.decode(within(one, 1)[0]);
      return within(one, 2).map((node) => ({ device, node }));
    });
  return nodes.map(({ device, node }) => {
    const fields = byNumber(node);
    // `name = Kind(input, input:1, ^control)`
    const label = text.decode(fields.get(8)?.bytes ?? new Uint8Array(0));
    const [, labelled, words = ''] = /= (\w+)\((.*)\)/.exec(label) ?? [];
    const name = text.decode(fields.get(1)?.bytes ?? new Uint8Array(0));
    const [start, end] = [fields.get(3)?.value ?? 0, fields.get(4)?.value ?? 0];
    const inUse = within(node, 6).map((allocator) => byNumber(allocator).get(5)?.value ?? 0);
    return {
      device,
      name,
      kind: labelled ?? name.replace(/_\d+$/, ''),
      inputs: words.split(', ').filter((input) => input !== '' && !input.startsWith('^')),
      startMicroseconds: (fields.get(2)?.value ?? 0) + start,
      microseconds: end - start,
      outputs: within(node, 7).map(outputMemory),
      bytesInUse: Math.max(0, ...inUse),
    };
  });
}
