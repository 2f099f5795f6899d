/** TensorFlow's two libraries and, for NVIDIA GPUs, those they load, taken from the wheels that PyPI serves. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { readJson, sha256 } from '../files.mjs';
import { root, runtimeFolder } from '../runtime.mjs';
import { unzip } from '../zip.mjs';
import { SetUpError } from './command.mjs';
import { obtain } from './download.mjs';
import { isStamped, writeStamp } from './stamp.mjs';
import { downloadWheel } from './wheel.mjs';

/** @typedef {import('./wheel.mjs').Wheel} Wheel */

/** @typedef {'cpu' | 'gpu'} Build */

/** @type {{ readonly version: string, readonly builds: Readonly<Record<string, Readonly<Record<Build, readonly Wheel[]>>>> }} */
const { version, builds } = readJson(join(root, 'resources', 'tensorflow.json'));

/** Traces of an NVIDIA driver: on Linux, in a container, under WSL2. */
const driverTraces = ['/proc/driver/nvidia/version', '/dev/nvidiactl', '/usr/lib/wsl/lib/libcuda.so.1'];

/**
 * TensorFlow for NVIDIA GPUs if there is a driver; REPRISE_TENSORFLOW overrides it.
 * @param {NodeJS.ProcessEnv} environment
 * @param {(path: string) => boolean} exists
 * @returns {Build}
 */
export function chooseBuild(environment, exists) {
  const asked = environment.REPRISE_TENSORFLOW;
  if (asked === 'cpu' || asked === 'gpu') return asked;
  if (asked) throw new SetUpError(`REPRISE_TENSORFLOW is "${asked}"; it can be "cpu" or "gpu".`);
  return driverTraces.some(exists) ? 'gpu' : 'cpu';
}

const chosenBuild = () => chooseBuild(process.env, existsSync);

/** @returns {readonly Wheel[]} */
export function chooseWheels(platform = `${process.platform}-${process.arch}`, build = chosenBuild()) {
  const found = builds[platform];
  if (found === undefined) {
    throw new SetUpError(
      `There is no TensorFlow ${version} for ${platform} yet; prepared: ${Object.keys(builds).join(', ')}.`,
    );
  }
  return found[build];
}

/** The folder that holds nothing but the wheel's files: "tensorflow", "nvidia/cudnn". @param {Wheel} wheel */
export function folderOf({ files }) {
  const [top = '', second = ''] = Object.keys(files)[0]?.split('/') ?? [];
  return top === 'nvidia' ? `${top}/${second}` : top;
}

/** @param {Wheel} wheel */
const stampOf = (wheel) => folderOf(wheel).replace('/', '-');

/** @param {Wheel} wheel */
const isInstalled = (wheel) => isStamped(stampOf(wheel), { wheel: wheel.sha256 });

const missingWheels = () => chooseWheels().filter((wheel) => !isInstalled(wheel));

/** @param {Wheel} wheel @param {string} base where its paths begin */
async function hasFiles({ files }, base) {
  for (const [name, expected] of Object.entries(files)) {
    const path = join(base, name);
    if (!existsSync(path) || (await sha256(path)) !== expected) return false;
  }
  return true;
}

/**
 * @param {Wheel} wheel
 * @param {import('./progress.mjs').Report} report
 */
async function install(wheel, report) {
  const folder = folderOf(wheel);
  const place = join(runtimeFolder, folder);
  if (existsSync(place)) report.doing(`checking ${folder}`);
  if (!(await hasFiles(wheel, runtimeFolder))) {
    const archive = await obtain({
      file: wheel.file,
      hash: wheel.sha256,
      fetch: (part) => downloadWheel(wheel, part, report, folder),
    });
    const part = join(runtimeFolder, 'unpacking.part');
    rmSync(part, { recursive: true, force: true });
    await unzip(archive, part, {
      rename: (name) => (Object.hasOwn(wheel.files, name) ? name : undefined),
      onProgress: (done, total) => report.progress({ done, total, unit: 'MB', doing: `unpacking ${folder}` }),
    });
    report.doing(`checking ${folder}`);
    if (!(await hasFiles(wheel, part))) {
      throw new SetUpError(`The files in ${wheel.file} do not have the expected SHA-256; nothing was installed.`);
    }
    rmSync(place, { recursive: true, force: true });
    mkdirSync(dirname(place), { recursive: true });
    renameSync(join(part, folder), place);
    rmSync(part, { recursive: true });
    rmSync(archive);
  }
  const files = Object.keys(wheel.files).map((name) => join(runtimeFolder, name));
  writeStamp(stampOf(wheel), { requirement: wheel.requirement, wheel: wheel.sha256 }, files);
}

export const tensorflow = {
  id: 'tensorflow',

  get title() {
    return chosenBuild() === 'gpu' ? `TensorFlow ${version} for NVIDIA GPUs` : `TensorFlow ${version}`;
  },

  obtains() {
    const wheels = Object.values(builds).flatMap((build) => Object.values(build).flat());
    return wheels.flatMap(({ file, sha256: hash, files }) =>
      Object.entries({ [file]: hash, ...files }).map(([what, one]) => ({ what, pin: `sha256:${one}` })),
    );
  },

  /** One wheel at a time exists next to the unpacked files. */
  get bytes() {
    const missing = missingWheels();
    return missing.reduce((sum, wheel) => sum + wheel.unpackedBytes, Math.max(0, ...missing.map(({ bytes }) => bytes)));
  },

  isNeeded() {
    return missingWheels().length > 0;
  },

  /** @param {import('./progress.mjs').Report} report */
  async run(report) {
    for (const wheel of missingWheels()) await install(wheel, report);
  },
};
