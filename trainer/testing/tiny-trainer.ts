/** For tests: the real trainer, built once a file, with a folder for its runs and tiny data. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll } from 'vitest';
import { buildPrograms, programFolder } from '../data/testing/build-programs.ts';
import { writeTinyData } from './killing.ts';

const trainerFolder = programFolder(`trainer-${process.pid}`);

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
    await buildPrograms(trainerFolder, { trainer: join(import.meta.dirname, '../main.ts') });
    tiny.program = join(trainerFolder, 'trainer.js');
  }, 300_000);
  afterAll(() => {
    rmSync(tiny.folder, { recursive: true, force: true });
    rmSync(trainerFolder, { recursive: true, force: true });
  });
  return tiny;
}
