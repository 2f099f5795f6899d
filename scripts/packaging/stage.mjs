/**
 * Lays out what a package holds, from a checkout that is set up and built: `app`, which becomes the archive that Electron opens, and
 * `program`, which is like a checkout without sources: it is read by the shipped Node, for the window as for the terminal.
 */
import { chmodSync, constants, copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { nodeFileTrace } from '@vercel/nft';
import { builtFiles } from '../build.mjs';
import { filesUnder, readJson } from '../files.mjs';
import { licenceFiles } from '../licences/packages.mjs';
import { writeLicences } from '../licences.mjs';
import { locations, root, runtimeFolder } from '../runtime.mjs';

/**
 * @typedef {object} Folders
 * @property {string} app
 * @property {string} program
 * @property {string} electron
 * @property {string} links what a system's package links to
 */

/** @param {string} folder @returns {Folders} */
const foldersIn = (folder) => ({
  app: join(folder, 'app'),
  program: join(folder, 'program'),
  electron: join(folder, 'electron'),
  links: join(folder, 'links'),
});

/** Packages whose native part is found by a name that is put together while they run. */
const nativeOnly = [
  `@koromix/koffi-${process.platform}-${process.arch}`,
  `@img/sharp-${process.platform}-${process.arch}`,
  `@img/sharp-libvips-${process.platform}-${process.arch}`,
];

/** @param {string} path of a file of a package */
const isOfOtherPlatform = (path) =>
  /\/better-sqlite3\/prebuilds\//.test(path) && !path.endsWith(`/${process.platform}-${process.arch}.node`);

/**
 * @param {string} from
 * @param {string} to
 */
function copy(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to, constants.COPYFILE_FICLONE);
}

/**
 * @param {string} from a folder
 * @param {string} to
 * @param {(path: string) => boolean} [isWanted] of a path below `from`
 */
function copyFolder(from, to, isWanted = () => true) {
  for (const file of filesUnder(from)) {
    const path = file.slice(from.length + 1);
    if (isWanted(path)) copy(file, join(to, path));
  }
}

/**
 * The files of the packages that the programs load, relative to the root, and the licences that they came with.
 * @param {readonly string[]} programs
 * @returns {Promise<readonly string[]>}
 */
async function filesOfPackages(programs) {
  const { fileList } = await nodeFileTrace(
    programs.map((path) => join(root, path)),
    { base: root, processCwd: root },
  );
  const traced = [...fileList].filter((path) => path.startsWith('node_modules/') && !isOfOtherPlatform(`/${path}`));
  const native = nativeOnly.flatMap((name) => filesUnder(join(root, 'node_modules', name)));
  const packages = new Set(
    traced.flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  );
  const described = [...packages].flatMap((folder) =>
    ['package.json', ...licenceFiles(join(root, folder))].map((name) => `${folder}/${name}`),
  );
  const all = new Set([...traced, ...native.map((path) => path.slice(root.length + 1)), ...described]);
  return [...all].filter((path) => !path.endsWith('.map')).sort();
}

/** @param {string} edition */
function describe(edition) {
  const { name, productName, version, description, license } = readJson(join(root, 'package.json'));
  return {
    name: `${name}${edition}`,
    productName: `${productName}${edition}`,
    version,
    description,
    license,
    homepage: 'https://reprise.invalid',
  };
}

/**
 * @param {string} folder
 * @param {object} contents
 */
function writePackageFile(folder, contents) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(contents, null, 2)}\n`);
}

/**
 * @param {Folders} folders
 * @param {string} edition
 * @param {string} windowProgram
 */
function stageApp(folders, edition, windowProgram) {
  for (const target of ['main', 'preload', 'renderer'])
    for (const path of builtFiles(target)) if (!path.endsWith('.map')) copy(join(root, path), join(folders.app, path));
  copy(join(root, 'resources/icons/reprise.png'), join(folders.app, 'resources/icons/reprise.png'));
  writePackageFile(folders.app, {
    ...describe(edition),
    type: 'module',
    main: 'out/main/main.js',
    // By this name a desktop knows whose window it is.
    desktopName: `${windowProgram}.desktop`,
  });
}

/**
 * @param {Folders} folders
 * @param {string} edition
 * @param {string} windowProgram
 */
async function stageProgram(folders, edition, windowProgram) {
  const programs = ['trainer', 'workstation'].flatMap(builtFiles).filter((path) => !path.endsWith('.map'));
  for (const path of [...programs, 'out/catalogue.json', ...(await filesOfPackages(programs))])
    copy(join(root, path), join(folders.program, path));
  copyFolder(join(root, 'out', 'fonts'), join(folders.program, 'out', 'fonts'));
  copyFolder(join(root, 'migrations'), join(folders.program, 'migrations'));
  copyFolder(
    join(root, 'resources'),
    join(folders.program, 'resources'),
    (path) => !/^(pictures|licences)\//.test(path),
  );
  const node = join(folders.program, locations.node.slice(root.length + 1));
  copy(locations.node, node);
  chmodSync(node, 0o755);
  for (const name of ['tensorflow', 'turbojpeg', 'data'])
    copyFolder(join(runtimeFolder, name), join(folders.program, '.runtime', name));
  const { version, name, productName } = describe(edition);
  const packaged = { edition, window: `../../${windowProgram}` };
  const { updates } = readJson(join(root, 'package.json'));
  writePackageFile(folders.program, { name, productName, version, type: 'module', packaged, updates });
}

/** Electron as it was unpacked, without what set-up added so that it opens a checkout. @param {Folders} folders */
function stageElectron(folders) {
  copyFolder(locations.electronFolder, folders.electron, (path) => !path.startsWith('resources/app/'));
  for (const name of ['electron', 'chrome-sandbox', 'chrome_crashpad_handler'])
    chmodSync(join(folders.electron, name), 0o755);
}

/**
 * @param {string} folder for the parts
 * @param {{ edition: string, electronVersion: string, windowProgram: string }} wanted the name of Electron's program in the package
 * @returns {Promise<Folders>}
 */
export async function stage(folder, { edition, electronVersion, windowProgram }) {
  const folders = foldersIn(folder);
  rmSync(folder, { recursive: true, force: true });
  stageApp(folders, edition, windowProgram);
  await stageProgram(folders, edition, windowProgram);
  stageElectron(folders);
  const { program, electron } = folders;
  await writeLicences({ program, electron, electronVersion, chromiumFile: '../../LICENSES.chromium.html' });
  return folders;
}
