/**
 * A data set of many files, one in a hundred of them damaged in forty ways: it is inspected and trained on to the end, in bounded
 * memory. 50,000 files, or as many as REPRISE_FILES says; they are links to a few hundred.
 */
import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import sharp from 'sharp';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspectFolder } from '../../data/listing/inspect.ts';
import { openLeftOut } from '../../data/loading/left-out.ts';
import { openTrainingLoader } from '../../data/loading/loader.ts';
import { decode } from '../../data/pixels/decode.ts';
import { buildWorker, inTemporaryFolder, randomBytes, removeWorker } from '../../data/testing/small-datasets.ts';
import { openLine } from '../../durable/sealed-line.ts';
import { leftOutFile, LeftOutLine } from '../../protocol/left-out.ts';
import { newestResizing, View } from '../../protocol/run.ts';
import type { Said } from '../../protocol/sentence.ts';
import type { LoaderProgram } from '../../data/loading/worker-pool.ts';

const files = Number(process.env['REPRISE_FILES'] ?? 50_000);
const classes = 10;
const distinct = 200;
const inFolder = 1000;
const [width, height] = [20, 16];
const batch = 500;

const rawOf = (name: string) => sharp(randomBytes(width * height * 3, name), { raw: { width, height, channels: 3 } });
const ppm = Buffer.concat([Buffer.from(`P6 ${width} ${height} 255\n`), randomBytes(width * height * 3, 'ppm')]);

/** Ways to be damaged, by name. */
async function damagedFiles(): Promise<ReadonlyMap<string, Buffer>> {
  const whole: Readonly<Record<string, Buffer>> = {
    jpg: await rawOf('jpg').jpeg().toBuffer(),
    png: await rawOf('png').png().toBuffer(),
    webp: await rawOf('webp').webp().toBuffer(),
    gif: await rawOf('gif').gif().toBuffer(),
    tif: await rawOf('tif').tiff({ compression: 'lzw' }).toBuffer(),
    ppm: ppm,
  };
  const found = new Map<string, Buffer>();
  for (const [ending, bytes] of Object.entries(whole)) {
    const half = Math.floor(bytes.length / 2);
    const flipped = Buffer.from(bytes);
    for (let at = 0; at < 4; at++) flipped[at]! ^= 0xff;
    found.set(`half.${ending}`, bytes.subarray(0, half));
    found.set(`begun.${ending}`, bytes.subarray(0, 12));
    found.set(`blank.${ending}`, Buffer.concat([bytes.subarray(0, half), Buffer.alloc(bytes.length - half)]));
    found.set(`flipped.${ending}`, flipped);
  }
  const others: Readonly<Record<string, Buffer | string>> = {
    empty: '',
    page: '<!DOCTYPE html><html><body>404</body></html>',
    xml: "<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
    json: '{"error": "rate limited"}',
    pointer: `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 12345\n`,
    text: 'this is not a picture\n',
    zeros: Buffer.alloc(600),
    noise: Buffer.from(randomBytes(600, 'noise')),
    gzip: Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]),
    zip: Buffer.from('PK\x03\x04\x14\0\0\0'),
    pdf: '%PDF-1.7\n',
    film: Buffer.from('\0\0\0\x18ftypmp42\0\0\0\0'),
    program: Buffer.from('\x7fELF\x02\x01\x01\0'),
    windows: Buffer.from('MZ\x90\0\x03\0\0\0'),
    wide: Buffer.from('not a picture', 'utf16le'),
    database: Buffer.from('SQLite format 3\0'),
  };
  for (const [name, contents] of Object.entries(others)) found.set(`${name}.jpg`, Buffer.from(contents));
  return found;
}

interface Written {
  /** Files that cannot be decoded: some cuts leave a picture that Pillow reads too. */
  readonly damaged: number;
  readonly kinds: number;
}

async function writeFiles(folder: string, links: string): Promise<Written> {
  mkdirSync(links);
  for (let at = 0; at < distinct; at++)
    writeFileSync(join(links, `${at}.jpg`), await rawOf(String(at)).jpeg().toBuffer());
  const kinds = [...(await damagedFiles())];
  for (const [name, bytes] of kinds) writeFileSync(join(links, name), bytes);
  const isUnreadable = await Promise.all(
    kinds.map(([, bytes]) =>
      decode({ kind: 'encoded', bytes }, 3).then(
        () => false,
        () => true,
      ),
    ),
  );
  let damaged = 0;
  for (let file = 0; file < files; file++) {
    const part = Math.floor(file / inFolder);
    const split = Math.floor(file / 100) % 10 === 9 ? 'val' : 'train';
    const place = join(folder, split, String(file % classes), String(part));
    if (file % 100 < classes) mkdirSync(place, { recursive: true });
    const kind = Math.floor(file / 100) % kinds.length;
    const isDamaged = file % 100 === 37;
    if (isDamaged) damaged += Number(isUnreadable[kind]);
    const [name] = isDamaged ? kinds[kind]! : [`${file % distinct}.jpg`];
    linkSync(join(links, name), join(place, `${file}.${name.split('.').at(-1)}`));
  }
  return { damaged, kinds: kinds.length };
}

let worker: LoaderProgram;
beforeAll(async () => {
  worker = await buildWorker();
});
afterAll(removeWorker);

const view = v.parse(View, { size: 16, cropArea: [0.3, 1] });
const normalization = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };

/** One epoch of batches; gives the numbers of the images in them. */
async function epoch(folder: string, leftOut: ReturnType<typeof openLeftOut>): Promise<number> {
  const data = leftOut.withoutInspected({ dataset: 'image-folder', path: folder, split: 'train' });
  const options = {
    data,
    leftOut,
    views: [view],
    normalization,
    resizing: newestResizing,
    seed: 1,
    batch,
    dropLast: true,
    fromStep: 0,
    workers: 2,
  };
  const loader = await openTrainingLoader(options, worker);
  try {
    const steps = Math.floor(loader.count / batch);
    for (let step = 0; step < steps; step++) {
      const { batch: made } = await loader.next();
      const { values } = made.views[0]!;
      const length = values.length / batch;
      for (let row = 0; row < batch; row++) {
        if (values.subarray(row * length, (row + 1) * length).some((level) => level > 0)) continue;
        throw new Error(`Step ${step} has a picture that was not drawn.`);
      }
    }
    return steps;
  } finally {
    await loader.close();
  }
}

test(`${files} files, one in a hundred damaged`, { timeout: 4 * 3600_000 }, () =>
  inTemporaryFolder(async (folder) => {
    const [data, run, checked] = ['data', 'run', 'checked'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    for (const each of [data, run, checked]) mkdirSync(each);
    const { damaged, kinds } = await writeFiles(data, join(folder, 'links'));
    expect(kinds).toBe(40);
    expect(damaged).toBeGreaterThan(0.9 * (files / 100));

    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 100);
    const found: { split: string; file: string; reason: Said; sha256: string | null }[] = [];
    const before = process.memoryUsage().rss;
    const inspection = await inspectFolder(data, null, () => undefined, new AbortController().signal, {
      contents: true,
      details: { damaged: (image) => void found.push(image), copies: () => undefined },
    });
    clearInterval(watch);
    expect(inspection.splits.reduce((sum, { images }) => sum + images, 0)).toBe(files - damaged);
    expect(found).toHaveLength(damaged);
    expect(inspection.rejectCount).toBe(damaged);
    expect(inspection.rejectKinds.reduce((sum, { count }) => sum + count, 0)).toBe(damaged);
    // A few hundred bytes a file, for names, hashes and signatures.
    expect(most - before).toBeLessThan((400 << 20) + files * 2_000);

    // Nobody has looked into the files: they turn out to be damaged in the middle of the epoch.
    const source = { dataset: 'image-folder', path: data, split: 'train' };
    const quiet = { isAccepted: false, notice: () => undefined };
    const unaware = openLeftOut({ ...quiet, runFolder: run, inspected: [] });
    await epoch(data, unaware);
    const lines = (await readFile(join(run, leftOutFile), 'utf8')).trimEnd().split('\n');
    const recorded = new Set(
      lines.map((line) => (v.parse(LeftOutLine, JSON.parse(openLine(line)!)) as { file?: string }).file),
    );
    const inTrain = found.filter(({ split }) => split === 'train').map(({ file }) => file);
    // All were drawn but those of the images that the last, incomplete batch would have had.
    expect(recorded.size).toBeGreaterThan(inTrain.length - batch);
    expect([...recorded].every((file) => found.some((one) => one.file === file))).toBe(true);

    // The inspection has: they are left out from the first step.
    const aware = openLeftOut({ ...quiet, runFolder: checked, inspected: [{ data: source, damaged: found }] });
    await epoch(data, aware);
    const kept = (await readFile(join(checked, leftOutFile), 'utf8')).trimEnd().split('\n');
    expect(kept).toHaveLength(damaged);
    expect(kept.every((line) => line.includes('"foundBy":"inspection"'))).toBe(true);
  }),
);
