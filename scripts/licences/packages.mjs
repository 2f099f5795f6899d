/** Packages of npm that a folder holds, or that a bundle was made of, with the licences that they came with. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { filesUnder, readJson } from '../files.mjs';
import { root } from '../runtime.mjs';

/**
 * @typedef {object} Notice a part of what is shipped
 * @property {string} name
 * @property {string} version
 * @property {string} licence an SPDX expression
 * @property {string} from where it is from: an https address
 * @property {string} purl
 * @property {string} [sha512] of the archive it was taken from, in hexadecimal digits
 * @property {string} [sha256] of the file that is shipped
 * @property {string} [text] of its licence
 * @property {string} [file] of its licence, relative to the list: what is too large to be shown with the others
 * @property {readonly { name: string, version: string, licence: string }[]} [contains]
 */

const licenceFile = /^(licen[cs]e|copying|notice)([._-].*)?$/i;
/** A text in `resources/licences`. @param {string} name */
export const kept = (name) => readFileSync(join(root, 'resources', 'licences', name), 'utf8');
const installed = (/** @type {string} */ path) => readFileSync(join(root, 'node_modules', path), 'utf8');

/**
 * Packages that come without the text of their licence, and where it is. Apache's is the same in each; others name their holder.
 * @type {readonly { names: RegExp, text: (name: string) => string }[]}
 */
const elsewhere = [
  { names: /^@tensorflow\/tfjs-layers$/, text: () => kept('tfjs-layers.txt') },
  { names: /^@tensorflow\//, text: () => kept('apache-2.0.txt') },
  { names: /^@koromix\/koffi-/, text: () => installed('koffi/LICENSE.txt') },
  { names: /^@img\/sharp-libvips-/, text: (name) => `${installed(`${name}/README.md`)}\n${kept('lgpl-3.0.txt')}` },
  { names: /^seedrandom$/, text: () => installed('seedrandom/README.md').split(/^(?=LICENSE \(MIT\)$)/m)[1] ?? '' },
  { names: /^tr46$/, text: () => kept('tr46.txt') },
];

/**
 * @param {string} folder of a package
 * @returns {readonly string[]} names of its licences and notices
 */
export const licenceFiles = (folder) =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && licenceFile.test(entry.name))
    .map(({ name }) => name);

/**
 * @param {string} folder of a package
 * @param {string} name
 * @returns {string} all its licences and notices
 */
function licenceText(folder, name) {
  const files = licenceFiles(folder);
  if (files.length > 0) return files.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n');
  const text = elsewhere.find(({ names }) => names.test(name))?.text(name) ?? '';
  if (text === '')
    throw new Error(`${name} in ${folder} has no text of its licence. Name one in scripts/licences/packages.mjs.`);
  return text;
}

/** @param {string} folder */
function readPackage(folder) {
  const { name, version, license, homepage } = readJson(join(folder, 'package.json')) ?? {};
  return { name, version, licence: license, homepage };
}

/**
 * @param {string} folder of a package, in a node_modules that npm filled
 * @param {Readonly<Record<string, { integrity?: string, version?: string }>>} locked packages of the lock file
 * @returns {Notice}
 */
export function noticeOf(folder, locked) {
  const { name, version, licence, homepage } = readPackage(folder);
  if (typeof licence !== 'string' || licence === '')
    throw new Error(`${folder}/package.json does not say under which licence ${name} is.`);
  const entry = Object.entries(locked).find(
    ([path, one]) => path.endsWith(`node_modules/${name}`) && one.version === version,
  )?.[1];
  const sha512 = /^sha512-(.+)$/.exec(entry?.integrity ?? '')?.[1];
  return {
    name,
    version,
    licence,
    from: /^https:/.test(homepage ?? '') ? homepage : `https://www.npmjs.com/package/${name}`,
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    ...(sha512 && { sha512: Buffer.from(sha512, 'base64').toString('hex') }),
    text: licenceText(folder, name),
  };
}

/** Packages that lie in a folder's node_modules, at any depth. @param {string} folder @returns {readonly string[]} */
export function packagesIn(folder) {
  return filesUnder(join(folder, 'node_modules'))
    .filter((path) => /\/node_modules\/(@[^/]+\/)?[^/@]+\/package\.json$/.test(path))
    .map(dirname)
    .filter((path) => readPackage(path).name !== undefined);
}

/**
 * Packages of which there is something in a bundle, by its source maps.
 * @param {string} folder of bundles
 * @returns {readonly string[]}
 */
export function packagesBundledIn(folder) {
  const found = new Set();
  for (const map of filesUnder(folder).filter((path) => path.endsWith('.map')))
    for (const source of readJson(map).sources) {
      const path = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(resolve(dirname(map), source))?.[1];
      if (path !== undefined && existsSync(join(path, 'package.json'))) found.add(path);
    }
  return [...found].sort();
}
