/** For tests: the real trainer, built once a file, with a folder for its runs and tiny data. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { build } from 'vite';
import { afterAll, beforeAll } from 'vitest';
import { writeTinyData } from './killing.ts';

/** Inside node_modules, so that the program finds its packages. */
const programFolder = join(import.meta.dirname, '../../node_modules/.cache', `trainer-${process.pid}`);

async function buildTrainer(): Promise<string> {
  await build({
    configFile: false,
    logLevel: 'error',
    build: {
      ssr: true,
      target: 'node22',
      outDir: programFolder,
      emptyOutDir: true,
      minify: false,
      rolldownOptions: {
        input: {
          trainer: join(import.meta.dirname, '../main.ts'),
          'decode-worker': join(import.meta.dirname, '../decode-worker.ts'),
          'examine-pictures': join(import.meta.dirname, '../examine-pictures.ts'),
        },
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunk-[name]-[hash].js' },
      },
    },
  });
  return join(programFolder, 'trainer.js');
}
const removeTrainer = (): void => rmSync(programFolder, { recursive: true, force: true });

/**
 * A built trainer, a folder for its runs and its tiny data, for the tests of one file. Filled before the first test.
 */
export interface TinyTrainer {
  folder: string;
  data: string;
  program: string;
}

export function useTinyTrainer(name: string): TinyTrainer {
  const tiny = { folder: '', data: '', program: '' };
  beforeAll(async () => {
    tiny.folder = mkdtempSync(join(tmpdir(), `${name}-`));
    tiny.data = join(tiny.folder, 'data');
    await writeTinyData(tiny.data);
    tiny.program = await buildTrainer();
  }, 300_000);
  afterAll(() => {
    rmSync(tiny.folder, { recursive: true, force: true });
    removeTrainer();
  });
  return tiny;
}
