/** libjpeg-turbo's decoder as a shared library, from an npm package of which only that file is used. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { sha256 } from '../files.mjs';
import { locations } from '../runtime.mjs';
import { SetUpError, runOrExplain } from './command.mjs';
import { npm } from './dependencies.mjs';
import { obtain } from './download.mjs';
import { isStamped, writeStamp } from './stamp.mjs';

/** Apache-2.0, around libjpeg-turbo 3 (IJG, BSD). */
export const archive = {
  package: '@julusian/jpeg-turbo@3.0.1',
  file: 'julusian-jpeg-turbo-3.0.1.tgz',
  bytes: 2_974_085,
  sha256: '5dbd64fa34d0caaa651f738ff46fc1797e1b1f23a83d1fc3b6e4a066ea96c1c1',
};

/** Platform → SHA-256 of its library. */
const libraries = /** @type {Readonly<Record<string, string>>} */ ({
  'linux-x64': '6facda09ef3e2308608f2b0214c040791e276305a48a27036362402f95fffcf5',
  'linux-arm64': 'a84dbc892b9e438c72022bc6ad892400d21ffdf5d7184928d59807371b7c86d5',
});
const platform = `${process.platform}-${process.arch}`;
const expected = libraries[platform];
const name = 'libturbojpeg.so.0';

const place = locations.turboJpeg;

/** @param {string} path */
async function isRight(path) {
  return existsSync(path) && (await sha256(path)) === expected;
}

/** @param {import('./progress.mjs').Report} report */
async function fetchLibrary(report) {
  const size = `${Math.round(archive.bytes / 1e6)} MB`;
  const path = await obtain({
    file: archive.file,
    hash: archive.sha256,
    fetch: (folder) =>
      npm(
        `libjpeg-turbo (${size}) could not be downloaded from npm`,
        ['pack', archive.package, '--pack-destination', folder],
        {
          watch: () => report.doing(`downloading ${size}`),
        },
      ),
  });
  const part = join(locations.downloads, 'turbojpeg.part');
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true });
  const member = `package/prebuilds/jpeg-turbo-${platform}/${name}`;
  await runOrExplain('libjpeg-turbo could not be unpacked', 'tar', ['-xzf', path, '-C', part, member]);
  if (!(await isRight(join(part, member))))
    throw new SetUpError(`${name} of ${archive.file} does not have the expected SHA-256; nothing of it was kept.`);
  mkdirSync(join(place, '..'), { recursive: true });
  renameSync(join(part, member), place);
  rmSync(part, { recursive: true });
  rmSync(path);
}

export const turboJpeg = {
  id: 'turbojpeg',
  title: 'libjpeg-turbo',
  bytes: 10_000_000,

  obtains() {
    const unpacked = Object.entries(libraries).map(([on, hash]) => ({ what: `${name} ${on}`, pin: `sha256:${hash}` }));
    return [{ what: archive.package, pin: `sha256:${archive.sha256}` }, ...unpacked];
  },

  /** On other platforms sharp decodes, to the same pixels. */
  isNeeded() {
    return expected !== undefined && !isStamped('turbojpeg', { expected });
  },

  /** @param {import('./progress.mjs').Report} report */
  async run(report) {
    if (!(await isRight(place))) {
      try {
        await fetchLibrary(report);
      } catch (error) {
        if (!(error instanceof SetUpError)) throw error;
        throw new SetUpError(
          `${error.message} JPEG files are decoded by sharp instead, to the same pixels but slower.`,
        );
      }
    }
    writeStamp('turbojpeg', { expected }, [place]);
  },
};
