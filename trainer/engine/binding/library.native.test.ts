/** Guarantees of loading TensorFlow's libraries, checked without a GPU. */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { Execution } from '../../protocol/run.ts';
import { preloadedLibraries } from './library.ts';
import { openRuntime } from './runtime.ts';

it('float32 is not computed in TensorFloat-32', async () => {
  const { tensorflow } = await openRuntime(v.parse(Execution, { threads: 2 }));
  expect(tensorflow.isTensorFloat32Enabled()).toBe(false);
});

it('every library loaded by path is one that set-up installs for GPUs', () => {
  const { builds } = JSON.parse(readFileSync('scripts/setup/wheels.json', 'utf8')) as {
    builds: Record<string, { gpu: readonly { files: Record<string, string> }[] }>;
  };
  const laid = (builds[`${process.platform}-${process.arch}`]?.gpu ?? []).flatMap(({ files }) => Object.keys(files));
  expect(laid).toEqual(expect.arrayContaining([...preloadedLibraries]));
});
