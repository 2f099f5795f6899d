/** Putting a checkpoint back into the state it was taken from. */
import { FaultError } from '../durable/fault-error.ts';
import type { StateEntry } from '../engine/engine.ts';
import type { Loaded } from './read-checkpoint.ts';

/** Puts a checkpoint's tensors into the state; the two must name the same tensors in the same shapes. */
export function restoreState(entries: readonly StateEntry[], loaded: Loaded): void {
  const table = new Map(loaded.manifest.tensors.map((tensor) => [tensor.name, tensor]));
  const missing = entries.filter((entry) => {
    const tensor = table.get(entry.name);
    return !tensor || tensor.dtype !== entry.dtype || tensor.shape.join() !== entry.shape.join();
  });
  if (missing.length > 0 || table.size !== entries.length) {
    const first = missing[0]?.name ?? 'none';
    throw new FaultError(
      'config-mismatch',
      `The checkpoint ${loaded.folder} is of another model: ${table.size} tensors for ${entries.length}, ${missing.length} do not fit (first: ${first}).`,
      { folder: loaded.folder, tensor: first },
    );
  }
  for (const entry of entries) entry.write(loaded.tensors.get(entry.name)!);
}
