/** TensorFlow's two libraries, taken from the wheel that PyPI serves. */
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { sha256 } from '../files.mjs';
import { locations } from '../runtime.mjs';
import { unzip } from '../zip.mjs';
import { SetUpError, answer, bytesUnder, runOrExplain } from './command.mjs';
import { obtain } from './download.mjs';
import { isStamped, writeStamp } from './stamp.mjs';

/**
 * One wheel a platform, with the hashes of it and of the libraries in it. They were taken from the wheel itself.
 * @typedef {object} Wheel
 * @property {string} requirement
 * @property {string} file
 * @property {string} platform the wheel's tag, so that any Python can ask for it
 * @property {number} bytes
 * @property {string} sha256
 * @property {Readonly<Record<string, string>>} libraries name → SHA-256
 */

const version = '2.21.0';

/** @type {Readonly<Record<string, Wheel>>} */
const wheels = {
  'linux-x64': {
    requirement: `tensorflow-cpu==${version}`,
    file: `tensorflow_cpu-${version}-cp311-cp311-manylinux_2_27_x86_64.whl`,
    platform: 'manylinux_2_27_x86_64',
    bytes: 273_829_956,
    sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
    libraries: {
      'libtensorflow_framework.so.2': 'f060b323b26ef80add21b9df9428de3aeaf2843d772c5bb098745f7abff3709b',
      'libtensorflow_cc.so.2': '6505a4b9657e62100c6bdacb683957a395cb047725042945aaa50e40a71e429e',
    },
  },
};

function chooseWheel() {
  const platform = `${process.platform}-${process.arch}`;
  const wheel = wheels[platform];
  if (wheel === undefined) {
    throw new SetUpError(
      `There is no TensorFlow ${version} for ${platform} yet; prepared: ${Object.keys(wheels).join(', ')}.`,
    );
  }
  return wheel;
}

/**
 * @param {Wheel} wheel
 * @param {string} folder
 */
async function hasLibraries(wheel, folder) {
  for (const [name, expected] of Object.entries(wheel.libraries)) {
    const path = join(folder, name);
    if (!existsSync(path) || (await sha256(path)) !== expected) return false;
  }
  return true;
}

/** @returns {readonly [string, ...string[]]} how to call pip */
function findPip() {
  /** @type {readonly (readonly [string, ...string[]])[]} */
  const candidates = [['python3', '-m', 'pip'], ['python', '-m', 'pip'], ['pip3'], ['pip']];
  const found = candidates.find(([command, ...words]) => answer(command, [...words, '--version']) !== undefined);
  if (found === undefined) {
    throw new SetUpError(
      'TensorFlow comes from PyPI and needs Python 3 with pip; install it with: sudo apt-get install python3-pip',
    );
  }
  return found;
}

/**
 * @param {Wheel} wheel
 * @param {string} folder where to leave it
 * @param {import('./progress.mjs').Report} report
 */
async function download(wheel, folder, report) {
  const [command, ...words] = findPip();
  const requirements = join(folder, 'requirements.txt');
  writeFileSync(requirements, `${wheel.requirement} --hash=sha256:${wheel.sha256}\n`);
  await runOrExplain(
    `TensorFlow ${version} (${Math.round(wheel.bytes / 1e6)} MB) could not be downloaded from PyPI`,
    command,
    [
      ...words,
      ...['download', '--require-hashes', '--requirement', requirements, '--dest', folder, '--no-deps'],
      // Named in full: pip would else look for a wheel of the Python it runs on, which has another hash.
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
      watch: () => report.progress({ done: bytesUnder(folder), total: wheel.bytes, unit: 'MB', doing: 'downloading' }),
    },
  );
}

export const tensorflow = {
  id: 'tensorflow',
  title: `TensorFlow ${version}`,
  bytes: 1_150_000_000,

  isNeeded() {
    return !isStamped('tensorflow', { wheel: chooseWheel().sha256 });
  },

  /** @param {import('./progress.mjs').Report} report */
  async run(report) {
    const wheel = chooseWheel();
    if (existsSync(locations.tensorflow)) report.doing('checking the libraries');
    if (!(await hasLibraries(wheel, locations.tensorflow))) {
      const archive = await obtain({
        file: wheel.file,
        hash: wheel.sha256,
        fetch: (folder) => download(wheel, folder, report),
      });
      const part = `${locations.tensorflow}.part`;
      rmSync(part, { recursive: true, force: true });
      await unzip(archive, part, {
        rename: (name) => Object.keys(wheel.libraries).find((library) => name === `tensorflow/${library}`),
        onProgress: (done, total) => report.progress({ done, total, unit: 'MB', doing: 'unpacking' }),
      });
      report.doing('checking the libraries');
      if (!(await hasLibraries(wheel, part))) {
        throw new SetUpError(`The libraries in ${wheel.file} do not have the expected SHA-256; nothing was installed.`);
      }
      rmSync(locations.tensorflow, { recursive: true, force: true });
      renameSync(part, locations.tensorflow);
      rmSync(archive);
    }
    const files = Object.keys(wheel.libraries).map((name) => join(locations.tensorflow, name));
    writeStamp('tensorflow', { version, wheel: wheel.sha256 }, files);
  },
};
