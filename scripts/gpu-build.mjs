/** Installs TensorFlow's build for NVIDIA GPUs, for tests of its loading on machines without a GPU. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { handOver } from './child.mjs';
import { root, runtimeFolder } from './runtime.mjs';

/**
 * The runtime folder with the GPU build: the normal one if set-up chose that build, otherwise one inside it (4.1 GB).
 */
export async function prepareGpuBuild() {
  if (existsSync(join(runtimeFolder, 'nvidia'))) return runtimeFolder;
  const folder = join(runtimeFolder, 'gpu-build');
  const setUp = `import('./scripts/setup.mjs').then(({ setUp }) => setUp({ steps: ['tensorflow'] }))`;
  const code = await handOver(process.execPath, ['--eval', setUp], {
    cwd: root,
    env: { ...process.env, REPRISE_RUNTIME: folder, REPRISE_TENSORFLOW: 'gpu' },
  });
  if (code !== 0) throw new Error(`The set-up of TensorFlow for GPUs ended with code ${code}.`);
  return folder;
}
