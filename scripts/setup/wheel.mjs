/** Wheels that PyPI serves, fetched by pip. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { SetUpError, answer, bytesUnder, runOrExplain } from './command.mjs';

/**
 * A wheel with the hashes of it and of the files taken from it, which were read from the wheel itself.
 * @typedef {object} Wheel
 * @property {string} requirement
 * @property {string} file
 * @property {string} platform the wheel's tag, so that any Python can ask for it
 * @property {number} bytes
 * @property {string} sha256
 * @property {number} unpackedBytes of what is taken
 * @property {Readonly<Record<string, string>>} files path, in the wheel as in the runtime folder → SHA-256
 */

/** @returns {readonly [string, ...string[]]} how to call pip */
function findPip() {
  /** @type {readonly (readonly [string, ...string[]])[]} */
  const candidates = [['python3', '-m', 'pip'], ['python', '-m', 'pip'], ['pip3'], ['pip']];
  const found = candidates.find(([command, ...words]) => answer(command, [...words, '--version']) !== undefined);
  if (found === undefined)
    throw new SetUpError(
      'What comes from PyPI needs Python 3 with pip; install it with: sudo apt-get install python3-pip',
    );
  return found;
}

/**
 * @param {Pick<Wheel, 'requirement' | 'platform' | 'bytes' | 'sha256'>} wheel
 * @param {string} folder where to leave it
 * @param {import('./progress.mjs').Report} report
 * @param {string} [what] its name for people
 */
export async function downloadWheel(wheel, folder, report, what = wheel.requirement) {
  const [command, ...words] = findPip();
  const requirements = join(folder, 'requirements.txt');
  writeFileSync(requirements, `${wheel.requirement} --hash=sha256:${wheel.sha256}\n`);
  await runOrExplain(
    `${wheel.requirement} (${Math.round(wheel.bytes / 1e6)} MB) could not be downloaded from PyPI`,
    command,
    [
      ...words,
      ...['download', '--require-hashes', '--requirement', requirements, '--dest', folder, '--no-deps'],
      // Named in full: otherwise pip would look for a wheel for its own Python, which has another hash.
      ...['--only-binary=:all:', '--implementation', 'cp', '--python-version', '3.11', '--abi', 'cp311'],
      ...['--platform', wheel.platform, '--retries', '2', '--timeout', '20', '--progress-bar', 'off'],
    ],
    {
      // pip downloads to the temporary folder first: putting it here shows how far it is and leaves nothing elsewhere.
      env: {
        ...process.env,
        TMPDIR: folder,
        PIP_NO_INPUT: '1',
        PIP_REQUIRE_VIRTUALENV: '0',
        PIP_DISABLE_PIP_VERSION_CHECK: '1',
        PIP_ROOT_USER_ACTION: 'ignore',
      },
      watch: () =>
        report.progress({
          done: bytesUnder(folder),
          total: wheel.bytes,
          unit: 'MB',
          doing: `downloading ${what}`,
        }),
    },
  );
}
