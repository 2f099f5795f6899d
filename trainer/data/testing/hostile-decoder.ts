/** For tests: makes this program's decoder treat PNG files badly that end with a word of what to do. */
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';
import koffi from 'koffi';
import sharp from 'sharp';

/** What the decoder does with a picture whose file ends with the name. */
const treatments: Readonly<Record<string, () => unknown>> = {
  '#loop': () => {
    for (;;);
  },
  // In native code, which cannot be interrupted.
  '#sleep': () => void koffi.load('libc.so.6').func('int sleep(int)')(600),
  '#silence': () => new Promise(() => undefined),
  '#exit': () => process.exit(7),
  // At pictures that another program decodes.
  '#thread': () => isMainThread || process.exit(7),
  '#crash': () => process.kill(process.pid, 'SIGSEGV'),
};

interface Pipeline {
  readonly options: { readonly input: { readonly buffer?: Buffer } };
}

export function makeHostile(): void {
  const pipelines = sharp.prototype as { toBuffer: (this: Pipeline, ...given: unknown[]) => Promise<unknown> };
  const decode = pipelines.toBuffer;
  pipelines.toBuffer = async function (...given) {
    const { buffer } = this.options.input;
    const end = buffer?.toString('latin1', buffer.length - 10) ?? '';
    for (const [word, treat] of Object.entries(treatments)) if (end.endsWith(word)) await treat();
    return decode.apply(this, given);
  };
}
