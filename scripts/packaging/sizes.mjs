/** Where the bytes of a package go. */
import { statSync } from 'node:fs';
import { filesUnder } from '../files.mjs';

/** The first that matches a path counts. */
const parts = /** @type {const} */ ([
  ['TensorFlow', /\/\.runtime\/tensorflow\//],
  ['Fashion-MNIST', /\/\.runtime\/data\//],
  ['fonts', /\/out\/fonts\//],
  ['licences and the bill of materials', /\/(licences|bom\.cdx)\.json$|\/LICENSE/],
  ['libjpeg-turbo', /\/\.runtime\/turbojpeg\//],
  ['Node', /\/node_modules\/node\//],
  ['sharp and libvips', /\/node_modules\/(sharp|@img)\//],
  ['SQLite', /\/node_modules\/better-sqlite3\//],
  ['other packages', /\/program\/node_modules\//],
  ['the trainer and the workstation', /\/resources\/program\//],
  ['the window', /\/resources\/app\.asar/],
  ['Electron', /./],
]);

/**
 * @param {string} folder
 * @returns {readonly { part: string, bytes: number }[]} largest first
 */
export function sizesIn(folder) {
  /** @type {Map<string, number>} */
  const sums = new Map();
  for (const file of filesUnder(folder)) {
    const [part] = parts.find(([, pattern]) => pattern.test(file.slice(folder.length))) ?? ['Electron'];
    sums.set(part, (sums.get(part) ?? 0) + statSync(file).size);
  }
  return [...sums].map(([part, bytes]) => ({ part, bytes })).sort((one, other) => other.bytes - one.bytes);
}
