import { execFile } from 'node:child_process';
import process from 'node:process';
import { promisify } from 'node:util';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { cardQuery, cardsOf, type GraphicsCard } from '../../../trainer/protocol/graphics-card.ts';
import { askMs } from './gpu-watch.ts';

/**
 * The GPUs as the driver describes them now, `gpu:0` first; empty without nvidia-smi.
 * @throws a fault with its last output if it fails
 */
export async function gpuCards(): Promise<readonly GraphicsCard[]> {
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', [...cardQuery], { timeout: askMs, windowsHide: true });
    return cardsOf(stdout, process.env['CUDA_VISIBLE_DEVICES']);
  } catch (error) {
    const { code, stdout, message } = error as NodeJS.ErrnoException & { readonly stdout?: string };
    if (code === 'ENOENT') return [];
    const said = (stdout ?? '').trim().split('\n').at(-1) || message;
    throw new FaultError('device-unavailable', `nvidia-smi names no GPU: ${said}`);
  }
}

/** Memory of a card that nothing uses; null where the driver does not tell. */
export function freeMemoryOf({ memoryTotalBytes, memoryUsedBytes }: GraphicsCard): number | null {
  return memoryTotalBytes === null || memoryUsedBytes === null ? null : memoryTotalBytes - memoryUsedBytes;
}
