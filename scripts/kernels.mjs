/**
 * Compiles `trainer/kernels` (AssemblyScript) to WebAssembly and keeps it in `trainer/data/pixels/kernels-module.ts`,
 * so that no build, test or bench needs the compiler.
 *
 *   node scripts/kernels.mjs            after a change of the sources
 *   node scripts/kernels.mjs --check    fails if the stored module does not match the sources
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import asc from 'assemblyscript/asc';
import { root } from './runtime.mjs';

const source = 'trainer/kernels/pixels.ts';
const kept = join(root, 'trainer/data/pixels/kernels-module.ts');

/** @type {Uint8Array | null} */
let module = null;
const { error, stderr } = await asc.main(
  [
    ...[source, '--outFile', 'kernels.wasm', '--optimizeLevel', '3', '--runtime', 'stub'],
    ...['--enable', 'simd', '--importMemory', '--noAssert'],
  ],
  {
    readFile: (name) => (name === source ? readFileSync(join(root, name), 'utf8') : null),
    writeFile: (_name, contents) => {
      module = Buffer.from(contents);
    },
    listFiles: () => [],
  },
);
if (error || !module) {
  console.error(stderr.toString());
  process.exit(1);
}
const text = `/** Made by scripts/kernels.mjs from ${source}. */
export const kernelsModule =
  '${Buffer.from(module).toString('base64')}';
`;
if (!process.argv.includes('--check')) writeFileSync(kept, text);
else if (readFileSync(kept, 'utf8') !== text) {
  console.error(
    `trainer/data/pixels/kernels-module.ts is not what ${source} compiles to: run "node scripts/kernels.mjs".`,
  );
  process.exit(1);
}
