/** The stored list of kernels for GPUs against TensorFlow's build for them, which the test command installs (REPRISE_GPU_BUILD). */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { expect, it } from 'vitest';

it('the list of kernels for GPUs is that of the build', () => {
  const build = process.env['REPRISE_GPU_BUILD'];
  expect(build, 'REPRISE_GPU_BUILD names the runtime folder of the GPU build').toBeTruthy();
  const words = [join('scripts', 'gpu-kernels.mjs'), join(build!, 'tensorflow'), '--check'];
  const printed = execFileSync(process.execPath, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  expect(printed).toMatch(/kernels of \d+ operations for a GPU/);
});
