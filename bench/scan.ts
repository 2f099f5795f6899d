/**
 * How long it takes to list a tree of many small files, as a training does when it opens its data set, and with their
 * sizes, as an inspection does; compared with `find` with one stat per file, taking turns. Then the same files in one
 * archive, by listing it and from its saved index. Everything is in the system's cache after the first turn, so this
 * measures the work and not the disk.
 *
 *   npm run bench -- scan [files] [rounds]
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { listTree } from '../trainer/data/listing/class-folders.ts';
import { locate } from '../trainer/data/loading/index-file.ts';
import { checkedUnasked, inspectListing } from '../trainer/data/listing/inspect-listing.ts';
import { startRejects } from '../trainer/data/rejects.ts';
import { createTimeSlices } from '../trainer/data/listing/time-slices.ts';
import { median } from '../trainer/training/pace.ts';

const files = Number(process.argv[2] ?? 100_000);
const rounds = Number(process.argv[3] ?? 5);
if (!(files > checkedUnasked)) {
  console.error(
    `Give more than ${checkedUnasked} files: the contents of fewer are checked, which is not what is measured.`,
  );
  process.exit(2);
}
const classes = 1000;
const signal = new AbortController().signal;
const quiet = () => undefined;
const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

function writeTree(folder: string): void {
  for (let file = 0; file < files; file++) {
    const name = `n${String(file % classes).padStart(8, '0')}`;
    const place = join(folder, 'train', name);
    if (file < classes) mkdirSync(place, { recursive: true });
    writeFileSync(join(place, `${name}_${file}.JPEG`), 'picture');
  }
}

const folder = mkdtempSync(join(tmpdir(), 'reprise-bench-'));
try {
  writeTree(folder);
  const description = { dataset: 'image-folder', title: '', expected: [], licence: null, source: null };
  const sides = {
    'find, one stat a file': () => {
      execFileSync('find', [folder, '-type', 'f', '-printf', '%s\n'], { stdio: ['ignore', 'ignore', 'inherit'] });
    },
    listing: async () => {
      const { splits } = await listTree(folder, startRejects(), createTimeSlices(quiet, signal));
      if (splits[0]!.images.count !== files) throw new Error(`${splits[0]!.images.count} of ${files} were listed.`);
    },
    'listing with sizes': async () => {
      const { splits } = await inspectListing(listTree, folder, description, quiet, signal);
      if (splits[0]!.images !== files) throw new Error(`${splits[0]!.images} of ${files} were listed.`);
    },
  };
  const before = process.memoryUsage.rss();
  const seconds = new Map<string, number[]>(Object.keys(sides).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const [name, run] of Object.entries(sides)) {
      const began = performance.now();
      await run();
      seconds.get(name)!.push((performance.now() - began) / 1000);
    }
  console.log(`${files} files in ${classes} folders, median of ${rounds}`);
  const theirs = median(seconds.get('find, one stat a file')!);
  for (const [name, times] of seconds) {
    const own = median(times);
    console.log(`  ${name.padEnd(24)}${own.toFixed(3).padStart(8)} s  ${(own / theirs).toFixed(2)} x find`);
  }
  const shards = join(folder, 'shards');
  mkdirSync(shards);
  execFileSync('tar', ['-cf', join(shards, 'train-000.tar'), '-C', folder, 'train']);
  const data = { dataset: 'webdataset', path: shards, split: 'train' };
  for (const name of ['archive, looked through', 'archive, from its index']) {
    const began = performance.now();
    const found = await locate(data, { cacheFolder: join(folder, 'cache'), notice: console.error });
    if (found?.images.count !== files) throw new Error(`${found?.images.count} of ${files} were found.`);
    console.log(`  ${name.padEnd(24)}${((performance.now() - began) / 1000).toFixed(3).padStart(8)} s`);
  }
  console.log(`memory ${mebibytes(before)} before, ${mebibytes(process.resourceUsage().maxRSS * 1024)} at its peak`);
} finally {
  rmSync(folder, { recursive: true });
}
