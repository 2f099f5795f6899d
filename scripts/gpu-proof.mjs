/**
 * `npm run gpu-proof [-- --device cpu]`: proves on a machine with an NVIDIA GPU what none without one can show, and
 * measures it (`bench/gpu/proof.ts`). With `--device cpu` a dry run of every stage, on any machine.
 */
import { setUp } from './setup.mjs';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { buildTarget, nodeProgram } from './build.mjs';
import { handOver } from './child.mjs';
import { childEnvironment, locations, root } from './runtime.mjs';

await setUp({ steps: ['dependencies', 'tensorflow', 'turbojpeg'], optional: ['turbojpeg'] });
// Inside node_modules, so that the program finds its packages; a folder of its own, so that two may run at once.
const folder = `node_modules/.cache/gpu-proof-${process.pid}`;
const entries = {
  proof: 'bench/gpu/proof.ts',
  trainer: 'trainer/main.ts',
  'decode-worker': 'trainer/decode-worker.ts',
  'examine-pictures': 'trainer/examine-pictures.ts',
};
try {
  await buildTarget({ entries, folder, config: nodeProgram(folder, 'node22') });
  process.exitCode = await handOver(locations.node, [join(root, folder, 'proof.js'), ...process.argv.slice(2)], {
    cwd: root,
    env: childEnvironment(),
  });
} finally {
  rmSync(join(root, folder), { recursive: true, force: true });
}
