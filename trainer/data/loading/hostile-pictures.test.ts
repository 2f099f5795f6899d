/** A picture at which the decoder hangs, dies or crashes costs that picture: in a training, an evaluation, an inspection. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sha256 } from '../../durable/files.ts';
import { openLine } from '../../durable/sealed-line.ts';
import { LeftOutLine } from '../../protocol/left-out.ts';
import { inEnglish } from '../../protocol/sentence.ts';
import { examinerBeside, openExaminer } from '../apart/examiner.ts';
import { inspectFolder } from '../listing/inspect.ts';
import {
  hostileBounds,
  hostileName,
  hostileOptions,
  hostilePrograms,
  writeHostile,
} from '../testing/hostile-pictures.ts';
import { buildWorker, inTemporaryFolder, removeWorker } from '../testing/small-datasets.ts';
import { openLeftOut } from './left-out.ts';
import { openEvaluationLoader, openTrainingLoader, SourceChanged } from './loader.ts';
import type { LoaderProgram } from './worker-pool.ts';

const steps = 6;
const hangs = /^decoding it does not end: it was stopped after \d+ s$/;
const crashes = /^the decoder crashes on it \((SIGSEGV|exit code 7)\)$/;

let hostile: LoaderProgram & { readonly file: URL };
let loadHostile: string;
beforeAll(async () => {
  const { file } = await buildWorker({
    ...hostilePrograms,
    'usual-worker': join(import.meta.dirname, '../../decode-worker.ts'),
    'load-hostile': join(import.meta.dirname, '../testing/load-hostile.ts'),
  });
  hostile = { file, bounds: hostileBounds };
  loadHostile = fileURLToPath(new URL('load-hostile.js', file));
});
afterAll(removeWorker);

const inFolders = (treatment: string, body: (data: string, run: string) => Promise<void>) =>
  inTemporaryFolder(async (folder) => {
    const [data, run] = [join(folder, 'data'), join(folder, 'run')];
    await mkdir(run);
    await writeHostile(data, treatment);
    await body(data, run);
  });

const record = (runFolder: string) =>
  openLeftOut({ runFolder, inspected: [], isAccepted: false, notice: () => undefined });

async function trained(path: string, run: string, program: LoaderProgram) {
  const options = { ...hostileOptions, data: { ...hostileOptions.data, path }, leftOut: record(run) };
  const loader = await openTrainingLoader(options, program);
  try {
    const taken = [];
    for (let step = 0; step < steps; step++) {
      const { batch } = await loader.next();
      taken.push({ ...batch, views: batch.views.map((view) => ({ ...view, values: view.values.slice() })) });
      // A later batch in the same memory has to be written anew.
      for (const { values } of batch.views) values.fill(0xaa);
      loader.release(batch);
    }
    return taken;
  } finally {
    await loader.close();
  }
}

async function recorded(run: string) {
  const lines = (await readFile(join(run, 'left-out.ndjson'), 'utf8')).trimEnd().split('\n');
  return lines.map((line) => {
    const image = v.parse(LeftOutLine, JSON.parse(openLine(line)!));
    if (image.kind !== 'image') throw new Error('not an image');
    return { ...image, reason: inEnglish(image.reason) };
  });
}

/** All lines are of the hostile picture; a batch in progress may have found it at an earlier step. */
async function expectRecorded(data: string, run: string, reason: RegExp): Promise<void> {
  const found = await recorded(run);
  expect(found.length).toBeGreaterThan(0);
  const hash = sha256(await readFile(join(data, hostileName)));
  for (const one of found) {
    expect(one).toMatchObject({ foundBy: 'run', file: hostileName, sha256: hash });
    expect(one.reason).toMatch(reason);
  }
}

test.each([
  ['loops for ever', '#loop', hangs],
  ['never answers', '#silence', hangs],
  ['ends its worker', '#exit', crashes],
])(
  'a training goes on without a picture at which the decoder %s, by the same bits as a resume',
  (_, treatment, reason) =>
    inFolders(treatment, async (data, run) => {
      const taken = await trained(data, run, hostile);
      await expectRecorded(data, run, reason);
      for (const { index } of taken) expect(new Set(index).size).toBe(6);
      // What is recorded decides, whatever the decoder does now.
      const usual = { file: new URL('usual-worker.js', hostile.file) };
      expect(await trained(data, run, usual)).toEqual(taken);
      expect((await recorded(run)).map(({ step }) => step)).not.toContain(null);
    }),
);

/** How a program of its own ends that takes batches of the data: 5 is its own end. */
const loadedApart = (data: string, run: string) =>
  new Promise<unknown>((resolve) => {
    const given = [loadHostile, data, run, fileURLToPath(hostile.file)];
    execFile(process.execPath, given, { timeout: 50_000 }, (error) => resolve(error?.code ?? error?.signal));
  });

test('a program whose decoder hangs in native code, which no thread can be stopped in, goes on and exits', () =>
  inFolders('#sleep', async (data, run) => {
    expect(await loadedApart(data, run)).toBe(5);
    await expectRecorded(data, run, hangs);
  }));

test('a decoder that crashes takes the program with it, and its next attempt goes on without the picture', () =>
  inFolders('#crash', async (data, run) => {
    expect(await loadedApart(data, run)).toBe('SIGSEGV');
    const [notes] = await readdir(run);
    expect(notes).toMatch(/^decoding-/);
    // Noted of data that has changed since, too: no such image is looked for.
    const signs = await readFile(join(run, notes!));
    signs.writeInt32LE(1, signs.length - 12);
    signs.writeInt32LE(1_000_000, signs.length - 4);
    await writeFile(join(run, notes!), signs);
    expect(await loadedApart(data, run)).toBe(5);
    await expectRecorded(data, run, crashes);
    expect(await readdir(run)).toEqual(['left-out.ndjson']);
  }));

test('a worker that dies again and again of what no picture is to blame for fails the work', () =>
  inFolders('#thread', async (data, run) => {
    await expect(trained(data, run, hostile)).rejects.toThrow('A decoding worker exited with code 7');
  }));

test('an evaluation leaves the picture out of its source', () =>
  inFolders('#loop', async (path, run) => {
    const source = { ...hostileOptions.data, path };
    const options = (leftOut: ReturnType<typeof record>) => ({
      ...hostileOptions,
      data: leftOut.without(source),
      leftOut,
      preprocessing: { resize: null, crop: 12, interpolation: 'bilinear' as const },
      from: 0,
    });
    const take = async () => {
      const loader = await openEvaluationLoader(options(record(run)), hostile);
      try {
        let images = 0;
        for (let batch = await loader.next(); batch !== null; batch = await loader.next()) images += batch.index.length;
        return images;
      } finally {
        await loader.close();
      }
    };
    await expect(take()).rejects.toThrow(SourceChanged);
    await expectRecorded(path, run, hangs);
    expect(await take()).toBe(23);
  }));

test.each([
  ['#loop', hangs],
  ['#sleep', hangs],
  ['#exit', crashes],
  ['#crash', crashes],
])('an inspection names a picture that the decoder treats by %s, and has all others', (treatment, reason) =>
  inFolders(treatment, async (data) => {
    const examiner = openExaminer({ processes: 2, bounds: hostileBounds, file: examinerBeside(hostile.file) });
    try {
      const { examine } = examiner;
      const never = new AbortController().signal;
      const { splits, rejects } = await inspectFolder(data, 'image-folder', () => undefined, never, { examine });
      expect(splits.find(({ split }) => split === 'train')).toMatchObject({ images: 23 });
      expect(rejects.map(({ file }) => file)).toEqual([hostileName]);
      expect(inEnglish(rejects[0]!.reason)).toMatch(reason);
    } finally {
      examiner.close();
    }
  }),
);
