/** What is shipped and is no package of npm, with the licences in its archive or in `resources/licences`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, sha256 } from '../files.mjs';
import { root } from '../runtime.mjs';
import { archive as jpegTurbo } from '../setup/turbojpeg.mjs';
import { kept } from './packages.mjs';

/** @typedef {import('./packages.mjs').Notice} Notice */

/**
 * What libvips was built with, by the names of its `versions.json`; its README has the table in words.
 * @type {Readonly<Record<string, string>>}
 */
const inVips = {
  aom: 'BSD-2-Clause',
  archive: 'BSD-2-Clause',
  cairo: 'MPL-1.1',
  cgif: 'MIT',
  exif: 'LGPL-3.0-or-later',
  expat: 'MIT',
  ffi: 'MIT',
  fontconfig: 'HPND',
  freetype: 'FTL',
  fribidi: 'LGPL-3.0-or-later',
  glib: 'LGPL-3.0-or-later',
  harfbuzz: 'MIT',
  heif: 'LGPL-3.0-or-later',
  highway: 'BSD-3-Clause',
  imagequant: 'BSD-2-Clause',
  lcms: 'MIT',
  mozjpeg: 'Zlib AND IJG AND BSD-3-Clause',
  pango: 'LGPL-3.0-or-later',
  pixman: 'MIT',
  png: 'libpng-2.0',
  'proxy-libintl': 'LGPL-3.0-or-later',
  rsvg: 'LGPL-3.0-or-later',
  tiff: 'libtiff',
  uhdr: 'MIT',
  vips: 'LGPL-3.0-or-later',
  webp: 'BSD-3-Clause',
  xml2: 'MIT',
  'zlib-ng': 'Zlib',
};

/** @typedef {{ name: string, version: string, licence: string }} Part */

/**
 * @param {string} folder of the package with libvips
 * @returns {readonly Part[]}
 */
export function containedInVips(folder) {
  return Object.entries(readJson(join(folder, 'versions.json'))).map(([name, version]) => {
    const licence = inVips[name];
    if (licence === undefined)
      throw new Error(`libvips contains ${name}, whose licence is not known. Name it in scripts/licences/parts.mjs.`);
    return { name, version, licence };
  });
}

/** mozjpeg is libjpeg-turbo with another encoder, and under its licences. */
const textOf = (/** @type {string} */ name) =>
  kept(name === 'mozjpeg' ? 'libjpeg-turbo.txt' : join('libvips', `${name}.txt`));

/**
 * The licences of what libvips contains, each under its name, but for those under libvips' own.
 * @param {readonly Part[]} contained
 */
export const textsInVips = (contained) =>
  contained
    .filter(({ licence }) => licence !== inVips['vips'])
    .map(({ name, version, licence }) => `${name} ${version} (${licence})\n\n${textOf(name)}`)
    .join(`\n${'-'.repeat(72)}\n\n`);

const fonts = [
  { name: 'Noto Sans', file: 'NotoSans_400Regular.ttf', from: 'noto-sans' },
  { name: 'Noto Sans Mono', file: 'NotoSansMono_400Regular.ttf', from: 'noto-sans-mono' },
  { name: 'Noto Sans SC', file: 'NotoSansSC_400Regular.ttf', from: 'noto-sans-sc' },
];

/** @param {string} folder of the fonts */
const fontNotices = (folder) =>
  Promise.all(
    fonts.map(async ({ name, file, from }) => {
      const source = join(root, 'node_modules', '@expo-google-fonts', from);
      const { version } = readJson(join(source, 'package.json'));
      return {
        name,
        version,
        licence: 'OFL-1.1',
        from: 'https://fonts.google.com/noto',
        purl: `pkg:npm/%40expo-google-fonts/${from}@${version}`,
        sha256: await sha256(join(folder, file)),
        text: readFileSync(join(source, 'LICENSE_FONT'), 'utf8'),
      };
    }),
  );

/**
 * @param {{ program: string, electron: string, electronVersion: string, chromiumFile: string }} shipped the folders as they are
 * shipped, and where the licences of Chromium are, relative to `program`
 * @returns {Promise<readonly Notice[]>}
 */
export async function otherParts({ program, electron, electronVersion, chromiumFile }) {
  const { version: tensorflow } = readJson(join(root, 'resources', 'tensorflow.json'));
  const node = readJson(join(root, 'package-lock.json')).packages['node_modules/node'].version;
  const electronLicence = readdirSync(electron).find((name) => /^LICENSE(\.electron\.txt)?$/.test(name));
  if (electronLicence === undefined) throw new Error(`${electron} has no licence of Electron.`);
  return [
    {
      name: 'Electron',
      version: electronVersion,
      licence: 'MIT',
      from: 'https://www.electronjs.org',
      purl: `pkg:github/electron/electron@v${electronVersion}`,
      text: readFileSync(join(electron, electronLicence), 'utf8'),
    },
    {
      name: 'Chromium',
      version: `of Electron ${electronVersion}`,
      licence: 'BSD-3-Clause',
      from: 'https://www.chromium.org',
      purl: `pkg:generic/chromium?electron=${electronVersion}`,
      sha256: await sha256(join(electron, 'LICENSES.chromium.html')),
      file: chromiumFile,
    },
    {
      name: 'Node.js',
      version: node,
      licence: 'MIT',
      from: 'https://nodejs.org',
      purl: `pkg:generic/node@${node}`,
      sha256: await sha256(join(program, 'node_modules', 'node', 'bin', 'node')),
      text: kept('node.txt'),
    },
    {
      name: 'TensorFlow',
      version: tensorflow,
      licence: 'Apache-2.0',
      from: 'https://www.tensorflow.org',
      purl: `pkg:pypi/tensorflow-cpu@${tensorflow}`,
      sha256: await sha256(join(program, '.runtime', 'tensorflow', 'libtensorflow_cc.so.2')),
      text: kept('tensorflow.txt'),
    },
    {
      name: 'libjpeg-turbo',
      version: jpegTurbo.package.split('@').at(-1) ?? '',
      licence: 'IJG AND BSD-3-Clause AND Zlib',
      from: 'https://libjpeg-turbo.org',
      purl: `pkg:npm/${jpegTurbo.package.replace('@', '%40')}`,
      sha256: await sha256(join(program, '.runtime', 'turbojpeg', 'libturbojpeg.so.0')),
      text: kept('libjpeg-turbo.txt'),
    },
    {
      name: 'Fashion-MNIST',
      version: '2017',
      licence: 'MIT',
      from: 'https://github.com/zalandoresearch/fashion-mnist',
      purl: 'pkg:github/zalandoresearch/fashion-mnist',
      sha256: await sha256(join(program, '.runtime', 'data', 'fashion-mnist', 'train-images-idx3-ubyte.gz')),
      text: kept('fashion-mnist.txt'),
    },
    ...(await fontNotices(join(program, 'out', 'fonts'))),
  ];
}
