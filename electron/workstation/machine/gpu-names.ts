import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { askMs } from './gpu-watch.ts';

/**
 * Names of the GPUs from the driver, queried once; empty without nvidia-smi.
 * @throws a fault with its last output if it fails
 */
export async function gpuNames(): Promise<readonly string[]> {
  try {
    const words = ['--query-gpu=name', '--format=csv,noheader'];
    const { stdout } = await promisify(execFile)('nvidia-smi', words, { timeout: askMs, windowsHide: true });
    return stdout.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
  } catch (error) {
    const { code, stdout, message } = error as NodeJS.ErrnoException & { readonly stdout?: string };
    if (code === 'ENOENT') return [];
    const said = (stdout ?? '').trim().split('\n').at(-1) || message;
    throw new FaultError('device-unavailable', `nvidia-smi names no GPU: ${said}`);
  }
}
