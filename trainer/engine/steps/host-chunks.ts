/** Batches cut into chunks on the host. */
import type { HostBatch, HostInput } from '../../host-batch.ts';

/** Rows `from` to `to` of a tensor or of pictures, sharing its memory. */
function rowsOf<Input extends HostInput>(input: Input, from: number, to: number): Input {
  const { shape, values } = input;
  const size = values.length / shape[0]!;
  return { ...input, shape: [to - from, ...shape.slice(1)], values: values.subarray(from * size, to * size) };
}

/** The batch cut into parts of `rows` samples, sharing its memory. */
export function chunksOf(batch: HostBatch, rows: number): readonly HostBatch[] {
  return Array.from({ length: batch.index.length / rows }, (_, part) => {
    const [from, to] = [part * rows, (part + 1) * rows];
    return {
      views: batch.views.map((view) => rowsOf(view, from, to)),
      index: batch.index.subarray(from, to),
      targets: Object.fromEntries(
        Object.entries(batch.targets).map(([name, target]) => [name, rowsOf(target, from, to)]),
      ),
    };
  });
}
