/**
 * The table of what the promises of reliability were tested by: composed from what the tests counted (`recordCases` in
 * `trainer/durable/testing/record-cases.ts`), never written by hand. It stands in `bench/results/reliability.md` and, the
 * same, in SECURITY.md between two markers.
 *
 *   npm run test:nightly -- reliability      the tests that count, then this
 *   node scripts/reliability.mjs FOLDER      this alone, from the files that the tests wrote into a folder
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import process from 'node:process';
import { filesUnder } from './files.mjs';
import { root } from './runtime.mjs';

/**
 * @typedef {{ promise: string, how: string, cases: number, lost: number }} Cases
 * @typedef {{ promise: string, how: string, untested: string }} Untested
 */

/** @type {Readonly<Record<string, string>>} */
const promises = {
  R1: 'A resumed run ends in the same bits as one that was never stopped',
  R2: 'A write is all or nothing',
  R3: 'Each sample once an epoch, also across resumes',
  R4: 'Lost work is bounded, and shown',
  R5: 'Damage is found and named, never believed',
  R6: 'The last good checkpoint is never deleted',
  R7: 'A disk that refuses pauses a run; the old checkpoint stays, and the run goes on when the disk does',
  R8: 'Values that are not finite are noticed at once',
  R9: 'A stop, a logout and a suspend save first',
  R10: 'The death of one process takes no other with it',
  R11: 'Acknowledged rows survive a kill',
  R12: 'The database can be rebuilt from the files',
  R13: 'Nothing leaks',
  R14: 'The window never stalls',
  R15: 'Old workspaces open; newer ones are refused',
};

/** What is tested, but not by counted cases. @type {Readonly<Record<string, string>>} */
const elsewhere = {
  R3: 'part of R1: the points of every step are compared, and a sample too many would change them',
  R4: '`trainer/training/loop.test.ts` and `npm run bench -- overhead`',
  R8: '`trainer/training/loop.test.ts`, `trainer/jobs/when-not-finite.native.test.ts`, `trainer/jobs/kill.native.test.ts`',
  R9: '`trainer/training/loop.test.ts`, `electron/shell/power.test.ts`, `electron/workstation/trainer/trainer-host.test.ts`',
  R10: '`e2e/reproduce.spec.ts`, `electron/workstation/trainer/orphan.test.ts`',
  R13: 'alarms of the loop (`trainer/training/loop.test.ts`) and `npm run bench -- overhead`',
  R14: '`npm run bench -- store`, `npm run bench -- screens`',
};

/** What no test can hold, or none has tried. */
const limits = [
  'Power cuts are simulated: what was not flushed is taken away from files and folders. No machine was unplugged, and a disk that reports a flush it has not made can lose what it reported.',
  'A power cut is tried for what Node writes. For what SQLite writes (WAL, `synchronous=FULL`) kills are tried, and its own tests are relied on.',
  'A bit that flips in the run database is found by the checksum of a clean close. After a crash there is none: then only what `quick_check` finds is found. A database above 512 MiB has none either.',
  'A database that is made anew has lost the order of the queue (runs are queued oldest first), and measured speeds, which are measured again when they are needed.',
  'What a cut takes off the end of `left-out.ndjson` is not missed, nor is an emptied list of copies or of damaged images told from the empty one of an older version.',
  'Files of older versions without a checksum are believed where they can be read. `settings.json` is for people to edit: what was changed in it is used, with a note.',
  'A lock that is damaged while its owner lives does not keep a second program out.',
  'Bitwise resumption is tried on one processor with one thread. Another processor, thread count or version of TensorFlow asks first.',
  'Kills and refusals are tried on Linux. Windows and macOS flush in other ways, and were not tried.',
];

const target = join(root, 'bench', 'results', 'reliability.md');
const security = join(root, 'SECURITY.md');
const [begin, end] = ['<!-- reliability: composed by scripts/reliability.mjs -->', '<!-- reliability: end -->'];

/** What a test counts by: its own call, or one of the tests that every scene goes through. */
const counting = /durable\/testing\/(?:record-cases|scene-tests)\.ts'/;

/** Test files that count cases, relative to the root. */
export function countingTests() {
  return ['trainer', 'electron', 'renderer', 'scripts', 'e2e']
    .flatMap((folder) => filesUnder(join(root, folder)))
    .filter((path) => /\.(test|spec)\.ts$/.test(path) && counting.test(readFileSync(path, 'utf8')))
    .map((path) => relative(root, path));
}

/** @param {string} folder @returns {readonly (Cases | Untested)[]} */
function recordsIn(folder) {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
}

const numberOf = (/** @type {string} */ promise) => Number(promise.slice(1));
const grouped = (/** @type {number} */ count) => count.toLocaleString('en-US');

/** @param {readonly (Cases | Untested)[]} records */
export function composeTable(records) {
  const sorted = records.toSorted(
    (one, other) => numberOf(one.promise) - numberOf(other.promise) || (one.how < other.how ? -1 : 1),
  );
  const counted = sorted.filter((record) => 'cases' in record);
  const rows = counted.map(({ promise, how, cases, lost }, at) => {
    const isFirst = counted[at - 1]?.promise !== promise;
    return `| ${isFirst ? `**${promise}** ${promises[promise]}` : ''} | ${how} | ${grouped(cases)} | ${grouped(lost)} |`;
  });
  const sum = (/** @type {'cases' | 'lost'} */ key) => counted.reduce((total, record) => total + record[key], 0);
  const uncounted = Object.keys(promises).filter((promise) => !counted.some((record) => record.promise === promise));
  return [
    '| promise | how it was tested | cases | not kept |',
    '| --- | --- | ---: | ---: |',
    ...rows,
    `| all | | ${grouped(sum('cases'))} | ${grouped(sum('lost'))} |`,
    '',
    'Not counted here:',
    '',
    ...uncounted.map((promise) => `- **${promise}** ${promises[promise]}: ${elsewhere[promise] ?? 'not tested'}.`),
    ...sorted.flatMap((record) =>
      'untested' in record ? [`- **${record.promise}** ${record.how}: not tested, ${record.untested}.`] : [],
    ),
    '',
    'What cannot be held, or was not tried:',
    '',
    ...limits.map((limit) => `- ${limit}`),
  ].join('\n');
}

/** Where the composed part of SECURITY.md begins and ends. @param {string} text @returns {readonly [number, number]} */
function placeIn(text) {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to === -1) throw new Error('SECURITY.md has lost the markers of its table of reliability.');
  return [from + begin.length, to];
}

/** The part of SECURITY.md that is composed. @param {string} text */
export const composedPart = (text) => text.slice(...placeIn(text)).trim();

/** The table of `bench/results/reliability.md`. @param {string} text */
export const tableIn = (text) => text.slice(text.indexOf('| promise')).trim();

/**
 * Formatted as every document is. Prettier is read only here: `npm test` imports this file before its set-up has
 * fetched any package.
 *
 * @param {string} path
 * @param {string} text
 */
async function write(path, text) {
  const prettier = await import('prettier');
  const options = await prettier.resolveConfig(path);
  writeFileSync(path, await prettier.format(text, { ...options, filepath: path }));
}

/** Writes both files from what the tests left in a folder. @param {string} folder */
export async function writeReliability(folder) {
  const table = composeTable(recordsIn(folder));
  const head = [
    '# Reliability',
    '',
    `Composed by \`npm run test:nightly -- reliability\` from what its tests counted, on ${process.platform} with Node ${process.versions.node}. A case is one kill, one refusal, one cut or one flipped bit, with everything checked that follows from it.`,
  ].join('\n');
  await write(target, `${head}\n\n${table}\n`);
  const text = readFileSync(security, 'utf8');
  const [from, to] = placeIn(text);
  await write(security, `${text.slice(0, from)}\n\n${table}\n\n${text.slice(to)}`);
  console.log(`${relative(root, target)} and SECURITY.md have the same table.`);
}

if (process.argv[1] === import.meta.filename) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) {
    console.error('node scripts/reliability.mjs FOLDER, where FOLDER has the files that the tests wrote.');
    process.exit(2);
  }
  await writeReliability(folder);
}
