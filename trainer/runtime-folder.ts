/** Where set-up leaves what is neither in the repository nor in a package. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** The folder of a build of TensorFlow that was installed from within the program; undefined: the one that came with it is used. */
const installedBuild = (): string | undefined => process.env['REPRISE_TENSORFLOW_FOLDER'] || undefined;

/** The folder of `tensorflow` and, in the build for NVIDIA GPUs, of `nvidia`. */
export const tensorflowFolder = (): string => installedBuild() ?? runtimeFolder();

/** What brings back a library of TensorFlow that is missing or damaged. */
export const howToMend = (): string =>
  installedBuild() === undefined
    ? 'install the program again; in a checkout, run "npm start" once'
    : 'remove TensorFlow for NVIDIA GPUs and install it again';

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
