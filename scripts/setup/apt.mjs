/** Debian's packages: installed as root, or fetched and unpacked beside the system by anyone else. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { runtimeFolder } from '../runtime.mjs';
import { answer, run, runOrExplain, which } from './command.mjs';

/** @typedef {import('./progress.mjs').Report} Report */

/** English messages, no questions. */
const environment = { ...process.env, LC_ALL: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive' };

/** An unreachable third-party source must not hold up the ones that matter. */
const patience = ['-o', 'Acquire::Retries=1', '-o', 'Acquire::http::Timeout=20', '-o', 'Acquire::https::Timeout=20'];

/** Nothing that Debian's keys have not signed, whatever the system's settings allow. */
const signedOnly = [
  ...['-o', 'APT::Get::AllowUnauthenticated=false', '-o', 'Acquire::AllowInsecureRepositories=false'],
  ...['-o', 'Acquire::AllowWeakRepositories=false', '-o', 'Acquire::AllowDowngradeToInsecureRepositories=false'],
];
const always = [...patience, ...signedOnly];

export const isDebian = () => which('apt-get') !== undefined && which('dpkg-deb') !== undefined;

/** State and cache of our own: neither root nor prepared package lists are needed, and the system's stay as they are. */
function privateFolders() {
  const folder = join(runtimeFolder, 'apt');
  for (const name of ['state/lists/partial', 'cache/archives/partial'])
    mkdirSync(join(folder, name), { recursive: true });
  return [
    ...['-o', `Dir::State=${join(folder, 'state')}`, '-o', `Dir::Cache=${join(folder, 'cache')}`],
    ...['-o', 'Dir::State::status=/var/lib/dpkg/status', '-o', 'Debug::NoLocking=true'],
    // Dropping to the user _apt needs root, and that user may not write here.
    ...['-o', `APT::Sandbox::User=${process.env.USER ?? 'root'}`],
  ];
}

/**
 * The progress apt writes to a file descriptor: `dlstatus:1:20.5:Retrieving file 1 of 8`, `pmstatus:pkg:55.5:…`.
 * @param {string} line
 * @returns {{ doing: string, percent: number } | undefined}
 */
export function parseStatus(line) {
  const match = /^(dlstatus|pmstatus):[^:]*(?::[^:\d][^:]*)?:([\d.]+):/.exec(line);
  if (match === null) return undefined;
  return { doing: match[1] === 'dlstatus' ? 'downloading' : 'installing', percent: Number(match[2]) };
}

/**
 * @param {string} what
 * @param {readonly string[]} words
 * @param {Report} report
 */
function aptGet(what, words, report) {
  return runOrExplain(what, 'apt-get', ['-o', 'APT::Status-Fd=3', ...always, ...words], {
    env: environment,
    onStatus: (line) => {
      const status = parseStatus(line);
      if (status) report.progress({ doing: status.doing, done: status.percent, total: 100, unit: '%' });
    },
  });
}

/**
 * The first of each package's names that this release knows. Debian 13 and Ubuntu 24.04 renamed some with a suffix.
 * @param {readonly string[]} names
 * @param {readonly string[]} options
 * @returns {{ known: string[], unknown: string[] }}
 */
function resolveNames(names, options) {
  const candidates = names.flatMap((name) => [name, `${name}t64`]);
  const installable = parsePolicy(answer('apt-cache', [...options, 'policy', ...candidates], environment) ?? '');
  const known = [];
  const unknown = [];
  for (const name of names) {
    const found = [name, `${name}t64`].find((candidate) => installable.has(candidate));
    if (found === undefined) unknown.push(name);
    else known.push(found);
  }
  return { known, unknown };
}

/**
 * The packages `apt-cache policy` has a candidate for.
 * @param {string} output
 */
export function parsePolicy(output) {
  return new Set(
    [...output.matchAll(/^(\S+):\n {2}Installed: .*\n {2}Candidate: (.*)$/gm)].flatMap(([, name = '', candidate]) =>
      candidate === '(none)' ? [] : [name],
    ),
  );
}

/**
 * Fetches package lists if a name is unknown; a failing source is not an error as long as the names are found.
 * @param {readonly string[]} names
 * @param {readonly string[]} options
 * @param {Report} report
 */
async function findPackages(names, options, report) {
  const first = resolveNames(names, options);
  if (first.unknown.length === 0) return first;
  report.doing('reading the package lists');
  await run('apt-get', [...always, ...options, 'update'], { env: environment });
  return resolveNames(names, options);
}

/**
 * @param {readonly string[]} names
 * @param {Report} report
 */
export async function installPackages(names, report) {
  const install = async () => {
    const { known } = await findPackages(names, [], report);
    const words = ['-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', 'install'];
    await aptGet('The system libraries could not be installed', [...words, ...known], report);
  };
  try {
    await install();
  } catch {
    // Old package lists name files that no longer exist: refresh them and try again.
    report.doing('reading the package lists');
    await run('apt-get', [...always, 'update'], { env: environment });
    await install();
  }
}

/**
 * Downloads packages and their missing dependencies and unpacks them into a folder.
 * @param {readonly string[]} names
 * @param {string} folder
 * @param {Report} report
 */
export async function unpackPackages(names, folder, report) {
  const options = privateFolders();
  const archives = join(runtimeFolder, 'apt', 'cache', 'archives');
  const { known } = await findPackages(names, options, report);
  await aptGet(
    'The system libraries could not be downloaded',
    [...options, '-y', '--no-install-recommends', '--download-only', 'install', ...known],
    report,
  );
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(archives).filter((name) => name.endsWith('.deb'))) {
    await runOrExplain(`${file} could not be unpacked`, 'dpkg-deb', ['-x', join(archives, file), folder]);
  }
}

/**
 * Downloads a single package without its dependencies and unpacks it.
 * @param {string} name
 * @param {string} folder
 * @param {Report} report
 */
export async function unpackPackage(name, folder, report) {
  mkdirSync(folder, { recursive: true });
  // The system's own lists first: they are there on most machines, and reading them again takes a while.
  const system = ['-o', 'APT::Sandbox::User=root'];
  const options = resolveNames([name], system).unknown.length === 0 ? system : privateFolders();
  await findPackages([name], options, report);
  report.doing('downloading');
  await runOrExplain(
    `Debian's package ${name} could not be downloaded`,
    'apt-get',
    [...always, ...options, 'download', name],
    {
      cwd: folder,
      env: environment,
    },
  );
  const file = readdirSync(folder).find((entry) => entry.endsWith('.deb')) ?? '';
  await runOrExplain(`${file} could not be unpacked`, 'dpkg-deb', ['-x', join(folder, file), folder]);
}
