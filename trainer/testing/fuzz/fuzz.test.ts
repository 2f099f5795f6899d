/** Every reader of other people's files: damaged ones are read or refused in words, in bounded time and memory. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { titles, imageHeader } from '../../data/pixels/image-header.ts';
import { UnusableImage } from '../../data/unusable-image.ts';
import { readers } from './readers.ts';
import { expectBounded, fuzz } from './run.ts';

/** 2,000 cases in all; the nightly test has a hundred thousand. */
const cases = Math.ceil(2000 / readers.length);

test('damaged files are read or refused in words, by every reader', { timeout: 600_000 }, async () => {
  const names = readers.map(({ name }) => name);
  expectBounded(await fuzz(names, fc.readConfigureGlobal()?.seed ?? 1, cases), names);
});

const trainer = join(import.meta.dirname, '../..');
/** Rooms that read what other people give. */
const rooms = ['data', 'datasets', 'detection', 'weights', 'wheels'];
const sources = rooms.flatMap((room) =>
  readdirSync(join(trainer, room), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !/\.test\.ts$|(^|\/)testing\//.test(path))
    .map((path) => `${room}/${path}`),
);
const textOf = (path: string): string => readFileSync(join(trainer, path), 'utf8');

/** What these modules open is of our own making, or is hashed and not read. */
const unread: ReadonlySet<string> = new Set(['data/listing/hash-split.ts', 'data/listing/inspection-findings.ts']);

test('every module that opens files of other people has a reader that is fuzzed', () => {
  const opening = sources.filter((path) => /durable\/plain-file\.ts'/.test(textOf(path)) && !unread.has(path));
  const fuzzed = new Set(readers.flatMap(({ modules }) => modules));
  expect(opening.filter((path) => !fuzzed.has(path) && path !== 'data/unusable-image.ts')).toEqual([]);
  expect([...fuzzed].filter((path) => !opening.includes(path))).toEqual([]);
});

/** Records of our own in the workspace, the sample set, what the system says of a process, and what is written by
 * an installation. */
const own: ReadonlySet<string> = new Set([
  'data/apart/examiner.ts',
  'data/loading/decoding-signs.ts',
  'data/loading/left-out.ts',
  'data/loading/index-file.ts',
  'data/sample/sample-manifest.ts',
  'datasets/sample.ts',
  'wheels/download.ts',
  'wheels/unpack-wheel.ts',
]);

test('nothing else opens files: a pipe under the name of a picture would be waited for', () => {
  const imports = /import \{([^}]*)\} from 'node:fs(?:\/promises)?'/g;
  const opens = /\b(open|openSync|readFile|readFileSync|createReadStream)\b/;
  const others = sources.filter((path) => [...textOf(path).matchAll(imports)].some(([, names]) => opens.test(names!)));
  expect(others.toSorted()).toEqual([...own].toSorted());
});

test('pictures of every format are among the files', async () => {
  const files = await Promise.all(readers.map(async ({ valid }) => valid()));
  const formats = files.flat().flatMap((bytes) => {
    try {
      return [imageHeader(bytes).format];
    } catch (error) {
      if (error instanceof UnusableImage) return [];
      throw error;
    }
  });
  expect(Object.keys(titles).filter((format) => !formats.includes(format as keyof typeof titles))).toEqual([]);
});
