/** Guarantees of loading TensorFlow's libraries, checked without a GPU. */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { koffi } from '../../native-calls.ts';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { Execution } from '../../protocol/run.ts';
import { preloadedLibraries } from './library.ts';
import { openEngine } from '../steps/open.ts';
import { openRuntime } from './runtime.ts';

it('float32 is not computed in TensorFloat-32', async () => {
  const { tensorflow, isTensorFloat32 } = await openRuntime(v.parse(Execution, { threads: 2 }));
  expect({ isTensorFloat32, enabled: tensorflow.isTensorFloat32Enabled() }).toEqual({
    isTensorFloat32: false,
    enabled: false,
  });
  // The switch that a run in tf32 turns.
  tensorflow.enableTensorFloat32(true);
  expect(tensorflow.isTensorFloat32Enabled()).toBe(true);
  tensorflow.enableTensorFloat32(false);
  expect(tensorflow.isTensorFloat32Enabled()).toBe(false);
});

it.each(['eager', 'traced'] as const)('the processor refuses TensorFloat-32: %s', async (engine) => {
  const wanted = v.parse(Execution, { engine, threads: 2, precision: 'tf32' });
  await expect(openEngine(wanted)).rejects.toThrow(/TensorFloat-32/);
});

it('calls beside the main thread have the stack of a thread of their own', async () => {
  await openRuntime(v.parse(Execution, { threads: 2 }));
  expect(koffi.config()).toMatchObject({ async_stack_size: 8 << 20 });
});

it('every library loaded by path is one that set-up installs for GPUs', () => {
  const { builds } = JSON.parse(readFileSync('resources/tensorflow.json', 'utf8')) as {
    builds: Record<string, { gpu: readonly { files: Record<string, string> }[] }>;
  };
  const laid = (builds[`${process.platform}-${process.arch}`]?.gpu ?? []).flatMap(({ files }) => Object.keys(files));
  expect(laid).toEqual(expect.arrayContaining([...preloadedLibraries]));
});

it.runIf(process.platform === 'linux')(
  'what only loading read is let go of, and what was written is kept',
  async () => {
    await openRuntime(v.parse(Execution, { threads: 2 }));
    const mappings = readFileSync('/proc/self/smaps', 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
    const library = mappings.filter((mapping) => mapping.includes('libtensorflow_cc'));
    const kilobytes = (name: string) =>
      library.reduce((sum, mapping) => sum + Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(mapping)?.[1]), 0);
    // Loaded, more than half of it was in memory.
    expect(kilobytes('Rss')).toBeLessThan(0.25 * kilobytes('Size'));
    // The linker's tables, which it wrote before it protected them.
    expect(kilobytes('Anonymous')).toBeGreaterThan(1000);
  },
);
