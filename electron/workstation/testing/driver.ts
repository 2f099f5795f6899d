/** A driver of NVIDIA's that is a shell script. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';

/** A line of nvidia-smi. */
export const h100 = (index: number, driver = '580.65.06') =>
  `${index}, GPU-${index}, NVIDIA H100, 9.0, ${driver}, 81559, 4`;

/** Runs with a fake nvidia-smi first on PATH, below a folder; its answers `answer` sets as shell code. */
export async function withDriver(
  folder: string,
  test: (answer: (script: string) => void) => Promise<void>,
): Promise<void> {
  const { PATH } = process.env;
  const programs = join(folder, 'bin');
  mkdirSync(programs, { recursive: true });
  process.env.PATH = [programs, PATH].join(delimiter);
  try {
    await test((script) => writeFileSync(join(programs, 'nvidia-smi'), `#!/bin/sh\n${script}\n`, { mode: 0o755 }));
  } finally {
    process.env.PATH = PATH;
  }
}
