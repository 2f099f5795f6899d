/**
 * Lists what a package ships: `licences.json`, which About shows, and `bom.cdx.json`, a CycloneDX bill of materials. A part without
 * the text of its licence is an error.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJson } from './files.mjs';
import { billOfMaterials, faultsOf } from './licences/bom.mjs';
import { noticeOf, packagesBundledIn, packagesIn } from './licences/packages.mjs';
import { containedInVips, otherParts, textsInVips } from './licences/parts.mjs';
import { root } from './runtime.mjs';

/** @typedef {import('./licences/packages.mjs').Notice} Notice */

/** @param {string} one @param {string} other */
const byCode = (one, other) => (one < other ? -1 : one > other ? 1 : 0);

/**
 * @param {string} program as it is shipped
 * @returns {readonly Notice[]} a notice for each package and version
 */
export function packageNotices(program) {
  const { packages: locked } = readJson(join(root, 'package-lock.json'));
  const folders = [...packagesIn(program), ...packagesBundledIn(join(root, 'out'))];
  const notices = folders.map((folder) => {
    const notice = noticeOf(folder, locked);
    if (!notice.name.startsWith('@img/sharp-libvips-')) return notice;
    const contains = containedInVips(folder);
    return { ...notice, contains, text: `${notice.text}\n${textsInVips(contains)}` };
  });
  // `node` is npm's package around Node.js, which is a part of its own.
  return [...new Map(notices.map((notice) => [notice.purl, notice])).values()].filter(({ name }) => name !== 'node');
}

/**
 * @param {{ program: string, electron: string, electronVersion: string, chromiumFile: string }} shipped the folder `program` as it is
 * shipped, into which both files are written; the unpacked Electron; and LICENSES.chromium.html relative to `program`, as installed
 */
export async function writeLicences({ program, ...others }) {
  const { productName, version } = readJson(join(root, 'package.json'));
  const notices = [...(await otherParts({ program, ...others })), ...packageNotices(program)].sort(
    (one, other) => byCode(one.name.toLowerCase(), other.name.toLowerCase()) || byCode(one.version, other.version),
  );
  const shown = notices.map(({ name, version: of, licence, from, text, file, contains }) => ({
    name,
    version: of,
    licence,
    from,
    ...(contains && { contains }),
    ...(file === undefined ? { text } : { file }),
  }));
  const bill = billOfMaterials({ name: productName, version }, notices);
  const faults = await faultsOf(bill);
  if (faults.length > 0) throw new Error(`The bill of materials is not CycloneDX:\n${faults.join('\n')}`);
  writeFileSync(join(program, 'licences.json'), `${JSON.stringify(shown)}\n`);
  writeFileSync(join(program, 'bom.cdx.json'), bill);
}
