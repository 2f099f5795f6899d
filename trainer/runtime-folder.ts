/** Where set-up leaves what is neither in the repository nor in a package. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** The folder set-up fills: named by the environment, or `.runtime` beside the nearest package.json. */
export function runtimeFolder(): string {
  const named = process.env['REPRISE_RUNTIME'];
  if (named) return named;
  let folder = fileURLToPath(new URL('.', import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = join(folder, '..');
    if (parent === folder) return '.runtime';
    folder = parent;
  }
  return join(folder, '.runtime');
}
