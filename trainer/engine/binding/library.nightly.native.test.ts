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
// Those that were just found.
const { cudaVersions } = await import('./trainer/engine/binding/graphics-card.ts');
console.log(JSON.stringify({ found: Object.fromEntries(answers), versions: cudaVersions() }));
`;

/** The first numbers of the version of one of NVIDIA's packages that set-up installs. */
const pinned = (name: string, parts: number): string | undefined =>
  new RegExp(`"nvidia-${name}-cu12==([\\d.]+)"`)
    .exec(readFileSync('resources/tensorflow.json', 'utf8'))?.[1]
    ?.split('.')
    .slice(0, parts)
    .join('.');

/** Read from the environment by TensorFlow's code for GPUs; a name it no longer knew would change nothing, silently. */
it('knows the settings that a trainer on a GPU makes', () => {
  const folder = join(process.env['REPRISE_GPU_BUILD']!, 'tensorflow');
  const framework = readFileSync(join(folder, 'libtensorflow_framework.so.2'));
  expect(Object.keys(gpuSettings).filter((name) => !framework.includes(name))).toEqual([]);
});

it('finds every CUDA library, whose versions can be asked', () => {
  const build = process.env['REPRISE_GPU_BUILD'];
  expect(build, 'REPRISE_GPU_BUILD names the runtime folder of the GPU build').toBeTruthy();
  const printed = execFileSync(process.execPath, ['--input-type=module-typescript', '--eval', program], {
    encoding: 'utf8',
    env: { ...process.env, REPRISE_RUNTIME: build },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { found, versions } = JSON.parse(printed) as { found: Record<string, boolean>; versions: unknown };
  expect(Object.keys(found)).toHaveLength(8);
  expect(Object.entries(found).filter(([, isFound]) => !isFound)).toEqual([]);
  expect(versions).toEqual({ cuda: pinned('cuda-runtime', 2), cudnn: pinned('cudnn', 3) });
});
