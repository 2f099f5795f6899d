/** Disk and memory needed by a run, compared with what is free. */
import type { Fault } from '../../../trainer/protocol/fault.ts';
import type { Estimate } from '../../api/drafts.ts';

/** Space for the kept checkpoints and one being written, plus a tenth. */
export function diskNeeded(checkpointBytes: number, keepLast: number): number {
  return Math.round(checkpointBytes * (keepLast + 1) * 1.1);
}

export function warningsOf(
  estimate: Pick<Estimate, 'diskBytes' | 'diskFreeBytes' | 'memoryBytes' | 'memoryFreeBytes'>,
): readonly Fault[] {
  const { diskBytes, diskFreeBytes, memoryBytes, memoryFreeBytes } = estimate;
  const warnings: Fault[] = [];
  if (diskBytes !== null && diskFreeBytes !== null && diskBytes > diskFreeBytes)
    warnings.push({
      code: 'disk-full',
      message: `The run needs about ${mebibytes(diskBytes)} MiB of disk space, ${mebibytes(diskFreeBytes)} MiB are free.`,
      values: { needed: diskBytes, free: diskFreeBytes },
      retry: 'free-space',
    });
  if (memoryBytes !== null && memoryFreeBytes !== null && memoryBytes > memoryFreeBytes)
    warnings.push({
      code: 'out-of-memory',
      message: `The run needs about ${mebibytes(memoryBytes)} MiB of memory, ${mebibytes(memoryFreeBytes)} MiB are free.`,
      values: { needed: memoryBytes, free: memoryFreeBytes },
      retry: 'smaller-batch',
    });
  return warnings;
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
