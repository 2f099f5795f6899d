/** Duration of each operation of a run (RunMetadata.step_stats, tensorflow/core/framework/step_stats.proto). */
import { fieldsOf } from './protobuf.ts';

export interface Timing {
  /** Kind of operation, such as Conv2D. */
  readonly kind: string;
  readonly name: string;
  readonly startMicroseconds: number;
  readonly microseconds: number;
}

/** RunOptions { trace_level: FULL_TRACE } */
export const fullTrace = Uint8Array.of(0x08, 3);

const within = (message: Uint8Array, number: number): readonly Uint8Array[] =>
  [...fieldsOf(message)].filter((field) => field.number === number).map((field) => field.bytes);

/** Derives kinds from names: `Conv2D_12` is a Conv2D, and a rewritten node keeps the name of the one it replaces. */
export function timingsOf(runMetadata: Uint8Array): readonly Timing[] {
  const text = new TextDecoder();
  const nodes = within(runMetadata, 1)
    .flatMap((stepStats) => within(stepStats, 1))
    .flatMap((device) => within(device, 2));
  return nodes.map((node) => {
    const fields = new Map([...fieldsOf(node)].map((field) => [field.number, field]));
    const label = text.decode(fields.get(8)?.bytes ?? new Uint8Array(0));
    const name = text.decode(fields.get(1)?.bytes ?? new Uint8Array(0));
    const [start, end] = [fields.get(3)?.value ?? 0, fields.get(4)?.value ?? 0];
    return {
      name,
      kind: /= (\w+)\(/.exec(label)?.[1] ?? name.replace(/_\d+$/, ''),
      startMicroseconds: (fields.get(2)?.value ?? 0) + start,
      microseconds: end - start,
    };
  });
}
