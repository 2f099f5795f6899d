/** What a person is told of a GPU that the build for NVIDIA GPUs does not find; the test command installs that build. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { expect, it } from 'vitest';
import { createSideJobs } from './side-jobs.ts';

it('tells why TensorFlow registers no GPU', async () => {
  const build = process.env['REPRISE_GPU_BUILD'];
  expect(build, 'REPRISE_GPU_BUILD names the runtime folder of the GPU build').toBeTruthy();
  // Hides the GPU of a machine that has one.
  const env = { ...process.env, REPRISE_RUNTIME: build, CUDA_VISIBLE_DEVICES: '' };
  const program = { node: process.execPath, script: join(process.cwd(), 'out', 'node', 'trainer.js'), env };
  const jobs = createSideJobs(program, tmpdir(), () => undefined);
  const asked = jobs.run({ kind: 'probe', device: 'gpu:0', threads: 2 }, 'probe');
  await expect(asked).rejects.toThrow(/sees no GPU 0.* TensorFlow said: .*cuInit/);
});
