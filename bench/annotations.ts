/**
 * How long it takes to read a file of annotations of COCO's size, and the memory at its peak, beside JSON.parse of the whole
 * file, each in a process of its own. Polygons are by formula; the file is in the system's cache.
 *
 *   npm run bench -- annotations [annotations] [pictures]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { readByItself, writeManyObjects } from '../trainer/testing/field/many-objects.ts';

const annotations = Number(process.argv[2] ?? 860_000);
const pictures = Number(process.argv[3] ?? 118_000);
/** Of V8, in MiB: far more than the reader takes, and what JSON.parse of COCO's file needs. */
const heap = 8192;

const wholeFile = `
const began = performance.now();
const { annotations } = JSON.parse(require('node:fs').readFileSync(process.argv[1], 'utf8'));
const mebibytes = process.resourceUsage().maxRSS / 1024;
const { user, system } = process.cpuUsage();
const seconds = (performance.now() - began) / 1000;
const processorSeconds = (user + system) / 1e6;
console.log(JSON.stringify({ objects: annotations.length, seconds, processorSeconds, mebibytes }));
`;

const folder = mkdtempSync(join(tmpdir(), 'reprise-bench-'));
try {
  const path = join(folder, 'instances.json');
  writeManyObjects(path, annotations, pictures);
  const mebibytes = statSync(path).size / 2 ** 20;
  console.log(`${annotations} annotations in ${pictures} pictures, ${mebibytes.toFixed(0)} MiB`);
  const words = [`--max-old-space-size=${heap}`, '-e', wholeFile, path];
  const sides = {
    'read as a stream': readByItself(path, heap),
    'JSON.parse': JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' })) as {
      readonly objects: number;
      readonly seconds: number;
      readonly processorSeconds: number;
      readonly mebibytes: number;
    },
  };
  for (const [name, taken] of Object.entries(sides)) {
    if (taken.objects !== annotations) throw new Error(`${name}: ${taken.objects} of ${annotations} were read.`);
    const [seconds, own] = [taken.seconds, taken.processorSeconds].map((each) => `${each.toFixed(2)} s`.padStart(9));
    const peak = `${taken.mebibytes.toFixed(0)} MiB at its peak`;
    console.log(`  ${name.padEnd(18)}${seconds}, of the processor ${own}  ${peak}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
