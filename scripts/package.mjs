/**
 * `npm run package [-- TARGET…] [--release] [--into NEW_FOLDER]`: builds what one installs, into `release/`: dir, tar.gz, deb and rpm,
 * or those named, of which AppImage needs its tools (APPIMAGE_TOOLS_PATH, or a network that reaches electron-builder's). With
 * --release it refuses to build on an Electron that is not the one the program asks for.
 *
 * The same commit gives the same bytes: all times are the commit's, or SOURCE_DATE_EPOCH.
 */
import { setUp } from './setup.mjs';
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { buildOrExplain } from './build.mjs';
import { readJson, sha256 } from './files.mjs';
import { locations, root } from './runtime.mjs';
import { SetUpError, answer, runOrExplain } from './setup/command.mjs';
import { createReporter } from './setup/progress.mjs';

/** What a package may take at most, so that one that grows is noticed. */
const budget = { installed: 1_400e6, file: 480e6 };

const known = ['dir', 'tar.gz', 'deb', 'rpm', 'AppImage'];
const { values: options, positionals: named } = parseArgs({
  allowPositionals: true,
  options: { release: { type: 'boolean' }, into: { type: 'string' } },
});
const unknown = named.filter((target) => !known.includes(target));
if (unknown.length > 0) {
  console.error(
    `There is no ${unknown.join(', ')}. npm run package [-- ${known.join('|')}…] [--release] [--into NEW_FOLDER]`,
  );
  process.exit(2);
}
const targets = named.length > 0 ? named : known.filter((target) => target !== 'AppImage');

// The build for GPUs is offered by the program itself.
process.env.REPRISE_TENSORFLOW = 'cpu';
await setUp({ steps: ['dependencies', 'tensorflow', 'turbojpeg', 'electron', 'data'] });
await buildOrExplain();

const reporter = createReporter(process.stderr);
const output = options.into === undefined ? join(root, 'release') : resolve(process.env.INIT_CWD ?? '', options.into);
const unpacked = join(output, 'linux-unpacked');
try {
  await makePackages();
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  reporter.line(error.message);
  process.exit(1);
}

/** When the sources were committed. */
function timeOfSources() {
  const seconds = process.env.SOURCE_DATE_EPOCH ?? answer('git', ['-C', root, 'log', '-1', '--format=%ct'])?.trim();
  if (seconds === undefined || !/^\d+$/.test(seconds))
    throw new SetUpError(
      'The time of the sources is not known: set SOURCE_DATE_EPOCH, in seconds, outside of a repository.',
    );
  return new Date(Number(seconds) * 1000);
}

/** electron-builder's archives have the files in no fixed order and the time of the build. @param {string} path @param {Date} time */
async function writeArchive(path, time) {
  await runOrExplain('The archive could not be written', 'tar', [
    ...['--create', '--file', path, '--use-compress-program', 'gzip --no-name', '--sort=name', '--format=posix'],
    ...['--pax-option=delete=atime,delete=ctime', `--mtime=@${time.getTime() / 1000}`],
    ...['--owner=0', '--group=0', '--numeric-owner'],
    ...['--directory', output, `--transform=s,^linux-unpacked,${basename(path, '.tar.gz')},`, 'linux-unpacked'],
  ]);
  return path;
}

/** Only the project's own folder is emptied: another may be anybody's. */
function makeRoom() {
  if (options.into === undefined) rmSync(output, { recursive: true, force: true });
  else if (existsSync(output) && readdirSync(output).length > 0)
    throw new SetUpError(`${output} is not empty. Name a new folder for the packages.`);
}

async function makePackages() {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new SetUpError(
      `Packages are made on Linux for x64 so far: no TensorFlow is pinned for ${process.platform}-${process.arch}.`,
    );
  const { version: electronVersion, wanted } = readJson(join(locations.stamps, 'electron.json'));
  const edition = electronVersion === wanted ? '' : '-dev';
  if (options.release && edition !== '')
    throw new SetUpError(`A release needs Electron ${wanted}, and set-up only found ${electronVersion}.`);
  const time = timeOfSources();
  const { version } = readJson(join(root, 'package.json'));
  const windowProgram = `reprise${edition}-desktop`;

  const { stage } = await import('./packaging/stage.mjs');
  const { obtainNfpm } = await import('./packaging/obtain-nfpm.mjs');
  const { buildByElectronBuilder } = await import('./packaging/electron-builder.mjs');
  const { sizesIn } = await import('./packaging/sizes.mjs');

  makeRoom();
  const count = targets.includes('tar.gz') ? 3 : 2;
  const laying = reporter.step(1, count, 'what goes into it');
  laying.doing('copying');
  const folders = await stage(join(output, 'stage'), { edition, electronVersion, windowProgram });
  const nfpm = await obtainNfpm(laying);
  laying.end('ready');

  const byBuilder = ['dir', ...targets.filter((target) => target !== 'dir' && target !== 'tar.gz')];
  const building = reporter.step(2, count, byBuilder.join(', '));
  building.doing('packing');
  const made = await buildByElectronBuilder({
    edition,
    electronVersion,
    windowProgram,
    time,
    output,
    folders,
    targets: byBuilder,
    nfpm,
  });
  building.end('ready');
  const files = made.filter((path) => statSync(path).isFile());
  if (targets.includes('tar.gz')) {
    const archiving = reporter.step(3, count, 'tar.gz');
    archiving.doing('packing');
    files.push(await writeArchive(join(output, `reprise${edition}-${version}-linux-x64.tar.gz`), time));
    archiving.end('ready');
  }

  const sums = [];
  for (const file of files) sums.push(`${await sha256(file)}  ${basename(file)}\n`);
  writeFileSync(join(output, 'SHA256SUMS'), sums.join(''));
  rmSync(join(output, 'stage'), { recursive: true });
  printSizes(sizesIn(unpacked), files);
}

/**
 * @param {readonly { part: string, bytes: number }[]} parts
 * @param {readonly string[]} files
 */
function printSizes(parts, files) {
  const installed = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  const rows = [
    ...parts.map(({ part, bytes }) => ({ name: part, bytes, most: Infinity })),
    { name: `installed, at most ${budget.installed / 1e6}`, bytes: installed, most: budget.installed },
    ...files.map((path) => ({ name: basename(path), bytes: statSync(path).size, most: budget.file })),
  ];
  for (const { name, bytes } of rows) console.log(`${(bytes / 1e6).toFixed(1).padStart(8)} MB  ${name}`);
  const large = rows.filter(({ bytes, most }) => bytes > most).map(({ name }) => name);
  if (large.length > 0) throw new SetUpError(`Larger than the budget: ${large.join(', ')}.`);
}
