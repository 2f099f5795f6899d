/** Fashion-MNIST in its original IDX files, from Debian's package: unpacked, not installed. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../files.mjs';
import { locations } from '../runtime.mjs';
import { isDebian, unpackPackage } from './apt.mjs';
import { SetUpError } from './command.mjs';
import { isStamped, writeStamp } from './stamp.mjs';

/** The four files of https://github.com/zalandoresearch/fashion-mnist, as the package carries them. */
const files = {
  't10k-images-idx3-ubyte.gz': 'cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa',
  't10k-labels-idx1-ubyte.gz': '8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05',
  'train-images-idx3-ubyte.gz': 'b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7',
  'train-labels-idx1-ubyte.gz': '0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056',
};

/** @param {string} folder */
async function isComplete(folder) {
  for (const [name, expected] of Object.entries(files)) {
    const path = join(folder, name);
    if (!existsSync(path) || (await sha256(path)) !== expected) return false;
  }
  return true;
}

export const fashionMnist = {
  id: 'data',
  title: 'Fashion-MNIST',
  bytes: 100_000_000,

  obtains() {
    return Object.entries(files).map(([what, hash]) => ({ what, pin: `sha256:${hash}` }));
  },

  isNeeded() {
    return !isStamped('data', files);
  },

  /** @param {import('./progress.mjs').Report} report */
  async run(report) {
    if (!(await isComplete(locations.fashionMnist))) {
      if (!isDebian()) {
        throw new SetUpError(
          "Fashion-MNIST comes from Debian's package dataset-fashion-mnist, and this system has no apt-get; the app offers its built-in sample set instead.",
        );
      }
      const part = join(locations.downloads, 'fashion-mnist.part');
      rmSync(part, { recursive: true, force: true });
      try {
        await unpackPackage('dataset-fashion-mnist', part, report);
      } catch (error) {
        if (!(error instanceof SetUpError)) throw error;
        throw new SetUpError(`${error.message} The app offers its built-in sample set instead.`);
      }
      const unpacked = join(part, 'usr', 'share', 'datasets', 'fashion-mnist');
      if (!(await isComplete(unpacked))) {
        throw new SetUpError(
          "The files in Debian's package dataset-fashion-mnist do not have the expected SHA-256; the app offers its built-in sample set instead.",
        );
      }
      rmSync(locations.fashionMnist, { recursive: true, force: true });
      mkdirSync(join(locations.fashionMnist, '..'), { recursive: true });
      renameSync(unpacked, locations.fashionMnist);
      rmSync(part, { recursive: true });
    }
    writeStamp(
      'data',
      files,
      Object.keys(files).map((name) => join(locations.fashionMnist, name)),
    );
  },
};
