/** System requirements of the window: Chromium's libraries, a font with Chinese glyphs, a virtual display. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { childEnvironment, hasDisplay, locations } from '../runtime.mjs';
import { installPackages, isDebian, unpackPackages } from './apt.mjs';
import { SetUpError, answer, which } from './command.mjs';

/** Debian's packages for what Electron links to. */
export const libraryPackages = [
  'libnss3',
  'libatk1.0-0',
  'libatk-bridge2.0-0',
  'libgtk-3-0',
  'libgbm1',
  'libasound2',
  'libdrm2',
  'libxshmfence1',
];
const fontPackages = ['fontconfig', 'fonts-noto-cjk'];
const displayPackages = ['xvfb', 'xauth'];

/**
 * @typedef {object} Missing
 * @property {readonly string[]} names what is missing, in words
 * @property {readonly string[]} packages Debian packages that bring it
 */

/**
 * The libraries `ldd` could not find.
 * @param {string} output
 */
export function parseLdd(output) {
  return output.split('\n').flatMap((line) => /^\s*(\S+) => not found/.exec(line)?.[1] ?? []);
}

/** @returns {Missing} */
function findMissing() {
  const environment = childEnvironment();
  const libraries = existsSync(locations.electron)
    ? parseLdd(answer('ldd', [locations.electron], environment) ?? '')
    : [];
  const font = (answer('fc-list', [':lang=zh', 'family'], environment) ?? '').trim() !== '';
  const display = hasDisplay() || which('Xvfb', environment.PATH) !== undefined;
  return {
    names: [...libraries, ...(font ? [] : ['a font with Chinese characters']), ...(display ? [] : ['Xvfb'])],
    packages: [
      ...(libraries.length > 0 ? libraryPackages : []),
      ...(font ? [] : fontPackages),
      ...(display ? [] : displayPackages),
    ],
  };
}

/**
 * Where a user may not install packages, they are unpacked into the runtime folder and found through the environment.
 * @param {readonly string[]} packages
 * @param {import('./progress.mjs').Report} report
 */
async function makeSysroot(packages, report) {
  const part = `${locations.sysroot}.part`;
  rmSync(part, { recursive: true, force: true });
  await unpackPackages(packages, part, report);
  const fonts = join(locations.sysroot, 'usr', 'share', 'fonts');
  writeFileSync(
    join(part, 'fonts.conf'),
    `<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig>\n  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>\n  <include ignore_missing="yes">${join(locations.sysroot, 'etc', 'fonts', 'fonts.conf')}</include>\n  <dir>${fonts}</dir>\n  <cachedir prefix="xdg">fontconfig</cachedir>\n</fontconfig>\n`,
  );
  rmSync(locations.sysroot, { recursive: true, force: true });
  renameSync(part, locations.sysroot);
  writeXvfb();
  const fontList = join(locations.sysroot, 'usr', 'bin', 'fc-list');
  if (existsSync(fontList)) writeProgram('fc-list', `exec '${fontList}' "$@"`);
}

/**
 * @param {string} name
 * @param {string} script
 */
function writeProgram(name, script) {
  mkdirSync(locations.programs, { recursive: true });
  writeFileSync(join(locations.programs, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/**
 * Xvfb runs `xkbcomp` from a folder compiled into it. In our own copy that folder becomes `.`, and the copy is started
 * from the folder of its xkbcomp.
 */
function writeXvfb() {
  const programs = join(locations.sysroot, 'usr', 'bin');
  const original = join(programs, 'Xvfb');
  if (!existsSync(original)) return;
  const compiled = Buffer.from('\0/usr/bin\0', 'latin1');
  const binary = readFileSync(original);
  const at = binary.indexOf(compiled);
  if (at < 0)
    throw new SetUpError(
      'This Xvfb has no folder for xkbcomp compiled into it; install it with: sudo apt-get install xvfb',
    );
  binary.fill(0, at + 1, at + compiled.length);
  binary.write('.', at + 1, 'latin1');
  writeFileSync(join(programs, 'Xvfb-here'), binary, { mode: 0o755 });
  const keyboards = join(locations.sysroot, 'usr', 'share', 'X11', 'xkb');
  const option = existsSync(keyboards) ? ` -xkbdir '${keyboards}'` : '';
  if (!existsSync(join(programs, 'xkbcomp'))) {
    writeProgram('Xvfb', `exec '${original}'${option} "$@"`);
    return;
  }
  writeProgram('Xvfb', `cd '${programs}' && exec ./Xvfb-here${option} "$@"`);
}

export const system = {
  id: 'system',
  title: 'system libraries',
  bytes: 700_000_000,

  /** Versions are the system's own, which it also updates. */
  obtains() {
    return [...libraryPackages, ...fontPackages, ...displayPackages].map((what) => ({ what, pin: 'apt' }));
  },

  isNeeded() {
    // Without Electron, its libraries cannot be checked yet.
    return process.platform === 'linux' && (!existsSync(locations.electron) || findMissing().names.length > 0);
  },

  /** @param {import('./progress.mjs').Report} report */
  async run(report) {
    const { names, packages } = findMissing();
    if (names.length === 0) return;
    const command = `sudo apt-get install ${packages.join(' ')}`;
    const sentence = `The window needs ${names.join(', ')}, which this system lacks`;
    if (!isDebian()) throw new SetUpError(`${sentence}; install it with your distribution's package manager.`);
    try {
      if (process.getuid?.() === 0) await installPackages(packages, report);
      else await makeSysroot(packages, report);
    } catch (error) {
      if (!(error instanceof SetUpError)) throw error;
      throw new SetUpError(`${sentence}; install it with: ${command} (tried here: ${error.message})`);
    }
    const still = findMissing();
    if (still.names.length > 0) {
      throw new SetUpError(`The window still lacks ${still.names.join(', ')}; install it with: ${command}`);
    }
  },
};
