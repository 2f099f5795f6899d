/**
 * Checks that TensorFlow's own loader finds every CUDA library of the build for NVIDIA GPUs. This needs no GPU, and if
 * a library is missing, no GPU is ever registered. The test command installs the build (REPRISE_GPU_BUILD).
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { expect, it } from 'vitest';
import { gpuSettings } from './runtime.ts';

/** Runs in its own process: one that has already loaded TensorFlow cannot load another build. */
const program = `
import { loadLibraries } from './trainer/engine/binding/library.ts';
const { framework } = loadLibraries();
const names = [
  '26MaybeTryDlopenGPULibrariesEv', '18GetCublasDsoHandleEv', '20GetCublasLtDsoHandleEv', '17GetCudnnDsoHandleEv',
  '17GetCufftDsoHandleEv', '20GetCusolverDsoHandleEv', '20GetCusparseDsoHandleEv', '23GetCudaRuntimeDsoHandleEv',
];
const answers = names.map((name) => {
  const ask = framework.func('void _ZN3tsl8internal9DsoLoader' + name + '(void*)');
  // absl::Status, or StatusOr, by a hidden pointer: its first word is 0 or 1 where it is OK.
  const status = new BigUint64Array(8);
  ask(status);
  return [name, status[0] <= 1n];
});
console.log(JSON.stringify(Object.fromEntries(answers)));
`;

/** Read from the environment by TensorFlow's code for GPUs; a name it no longer knew would change nothing, silently. */
it('knows the settings that a trainer on a GPU makes', () => {
  const folder = join(process.env['REPRISE_GPU_BUILD']!, 'tensorflow');
  const framework = readFileSync(join(folder, 'libtensorflow_framework.so.2'));
  expect(Object.keys(gpuSettings).filter((name) => !framework.includes(name))).toEqual([]);
});

it('finds every CUDA library', () => {
  const build = process.env['REPRISE_GPU_BUILD'];
  expect(build, 'REPRISE_GPU_BUILD names the runtime folder of the GPU build').toBeTruthy();
  const printed = execFileSync(process.execPath, ['--input-type=module-typescript', '--eval', program], {
    encoding: 'utf8',
    env: { ...process.env, REPRISE_RUNTIME: build },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const answers = JSON.parse(printed) as Record<string, boolean>;
  expect(Object.keys(answers)).toHaveLength(8);
  expect(Object.entries(answers).filter(([, isFound]) => !isFound)).toEqual([]);
});
