/**
 * Locations of everything set-up installs, and the environment for child processes to find it.
 * Every script asks here, so that no path is written twice.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { readJson } from './files.mjs';

/** The project's root folder. */
export const root = join(import.meta.dirname, '..');

/** The runtime folder: downloaded binaries and data, never committed. */
export const runtimeFolder = process.env.REPRISE_RUNTIME ?? join(root, '.runtime');

const executable = process.platform === 'win32' ? '.exe' : '';

/** @param {string} folder the unpacked Electron */
export function electronIn(folder) {
  return process.platform === 'darwin'
    ? join(folder, 'Electron.app', 'Contents', 'MacOS', 'Electron')
    : join(folder, `electron${executable}`);
}

export const locations = {
  /** The Node that runs the trainer, the store and the tools. */
  node: join(root, 'node_modules', 'node', 'bin', `node${executable}`),
  electronFolder: join(runtimeFolder, 'electron'),
  electron: electronIn(join(runtimeFolder, 'electron')),
  fashionMnist: join(runtimeFolder, 'data', 'fashion-mnist'),
  turboJpeg: join(runtimeFolder, 'turbojpeg', 'libturbojpeg.so.0'),
  /** Debian packages unpacked locally, for users who may not install them. */
  sysroot: join(runtimeFolder, 'sysroot'),
  /** Programs written by set-up itself; first on a child's PATH. */
  programs: join(runtimeFolder, 'bin'),
  /** Stamps that set-up steps leave behind on success. */
  stamps: join(runtimeFolder, 'stamps'),
  downloads: join(runtimeFolder, 'downloads'),
  main: join(root, 'out', 'main', 'main.js'),
  headless: join(root, 'out', 'node', 'headless.js'),
};

/** The Debian multiarch folder of this processor. */
export const multiarch = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';

/**
 * The environment of a child: the runtime folder, the shipped Node first on PATH, and, where Debian packages were
 * unpacked into the sysroot, their libraries and fonts.
 * @param {NodeJS.ProcessEnv} [extra]
 * @returns {NodeJS.ProcessEnv}
 */
export function childEnvironment(extra = {}) {
  /** @type {NodeJS.ProcessEnv} */
  const environment = {
    ...process.env,
    REPRISE_RUNTIME: runtimeFolder,
    REPRISE_NODE: locations.node,
    REPRISE_ELECTRON: locations.electron,
    REPRISE_ELECTRON_FLAGS: electronFlags().join(' '),
  };
  // Shown in About: this is not the Electron the project asks for.
  const electron = readJson(join(locations.stamps, 'electron.json'));
  if (electron !== undefined && electron.version !== electron.wanted) environment.REPRISE_FALLBACK_ELECTRON = '1';
  // If set, Electron would start as plain Node.
  delete environment.ELECTRON_RUN_AS_NODE;
  environment.PATH = [locations.programs, join(root, 'node_modules', 'node', 'bin'), environment.PATH ?? ''].join(
    delimiter,
  );
  if (existsSync(locations.sysroot)) Object.assign(environment, sysrootEnvironment(locations.sysroot, process.env));
  return { ...environment, ...extra };
}

/**
 * Environment variables for using the libraries and fonts of a sysroot.
 * @param {string} sysroot
 * @param {NodeJS.ProcessEnv} inherited
 * @returns {NodeJS.ProcessEnv}
 */
export function sysrootEnvironment(sysroot, inherited) {
  const libraries = [join(sysroot, 'usr', 'lib', multiarch), join(sysroot, 'lib', multiarch)];
  if (inherited.LD_LIBRARY_PATH !== undefined) libraries.push(inherited.LD_LIBRARY_PATH);
  return { LD_LIBRARY_PATH: libraries.join(delimiter), FONTCONFIG_FILE: join(sysroot, 'fonts.conf') };
}

/**
 * True if Chromium's sandbox can start: not as root, and not if users may not create namespaces, as in most containers.
 */
function canSandbox() {
  if (process.platform !== 'linux') return true;
  return process.getuid?.() !== 0 && spawnSync('unshare', ['--user', '--map-root-user', 'true']).status === 0;
}

/** The command-line flags Electron needs on this machine. */
export function electronFlags() {
  return [
    ...(canSandbox() ? [] : ['--no-sandbox']),
    // X11 is Electron's default, even if there is only Wayland.
    ...(!process.env.DISPLAY && process.env.WAYLAND_DISPLAY ? ['--ozone-platform=wayland'] : []),
  ];
}

/** True if a window can be shown. */
export function hasDisplay() {
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY) || Boolean(process.env.WAYLAND_DISPLAY);
}
