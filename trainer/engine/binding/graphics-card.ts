/** The GPU that this process computes on, and the versions of what it computes with. They affect a run's last bits. */
import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { FaultError } from '../../durable/fault-error.ts';
import { koffi } from '../../native-calls.ts';
import { cardQuery, cardsOf, type GraphicsCard } from '../../protocol/graphics-card.ts';

const askMs = 20_000;

/** A GPU by its number, as the driver describes it now. @throws a fault if nvidia-smi does not tell */
export function graphicsCard(number: number): GraphicsCard {
  const device = `gpu:${number}`;
  try {
    const printed = execFileSync('nvidia-smi', cardQuery, { encoding: 'utf8', timeout: askMs, windowsHide: true });
    const found = cardsOf(printed, process.env['CUDA_VISIBLE_DEVICES'])[number];
    if (found !== undefined) return found;
  } catch (cause) {
    const { stdout, message } = cause as Error & { readonly stdout?: string };
    const said = (stdout ?? '').trim().split('\n').at(-1) || message;
    throw new FaultError(
      'device-unavailable',
      `nvidia-smi does not tell of GPU ${number}: ${said}`,
      { device },
      { cause },
    );
  }
  throw new FaultError('device-unavailable', `nvidia-smi names no GPU ${number}. Choose the CPU.`, { device });
}

/** 12050 → "12.5". */
const cudaVersion = (number: number): string => `${Math.floor(number / 1000)}.${Math.floor((number % 1000) / 10)}`;
/** 90300 → "9.3.0". */
const cudnnVersion = (number: number): string =>
  [Math.floor(number / 10_000), Math.floor((number % 10_000) / 100), number % 100].join('.');

/** Versions of CUDA's runtime and of cuDNN, asked of the very libraries that TensorFlow has loaded. */
export function cudaVersions(): { readonly cuda: string; readonly cudnn: string } {
  const version = new Int32Array(1);
  const ask = koffi.load('libcudart.so.12').func('int cudaRuntimeGetVersion(void*)') as (to: Int32Array) => number;
  const code = ask(version);
  if (code !== 0) throw new Error(`CUDA's runtime does not tell its version (code ${code}).`);
  const cudnn = koffi.load('libcudnn.so.9').func('size_t cudnnGetVersion()') as () => number;
  return { cuda: cudaVersion(version[0]!), cudnn: cudnnVersion(cudnn()) };
}
