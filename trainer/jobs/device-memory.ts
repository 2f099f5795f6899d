/** Most memory that a job takes where it computes: of this process, or of a GPU. */
import process from 'node:process';
import { graphicsCard } from '../engine/binding/graphics-card.ts';

export interface DeviceMemory {
  /** Takes note of what is held now. */
  look(): void;
  /** The most that was held; null where the driver does not tell. */
  peakBytes(): number | null;
}

/** Begins to watch; on a GPU before TensorFlow is opened. @throws a fault if a GPU's driver cannot be asked */
export function watchMemory(device: string): DeviceMemory {
  if (device === 'cpu') {
    let peak = 0;
    return { look: () => (peak = Math.max(peak, process.memoryUsage.rss())), peakBytes: () => peak };
  }
  const used = () => graphicsCard(Number(device.slice('gpu:'.length))).memoryUsedBytes;
  const before = used();
  return {
    look: () => undefined,
    // TensorFlow keeps what it takes, so the last look is the highest. It takes ever larger pieces: up to twice what is needed.
    peakBytes() {
      const now = used();
      return before === null || now === null ? null : Math.max(0, now - before);
    },
  };
}
