/** The bounds of the readers: SECURITY.md states those of the code, and files made to break them are refused at once. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { usualBounds } from '../../data/apart/bounds.ts';
import { mostUnpacked as mostIdx } from '../../data/formats/idx-file.ts';
import { largestPickle } from '../../data/formats/cifar-files.ts';
import { mostElements as mostMatElements, mostNumbers, mostTableBytes } from '../../data/formats/mat-file.ts';
import { longestPart, mostRows, mostUnpacked } from '../../data/formats/parquet-bytes.ts';
import { longestFooter, mostFooterValues } from '../../data/formats/parquet-columns.ts';
import { Cursor, readDeltaTexts, readRuns } from '../../data/formats/parquet-values.ts';
import { unpackSnappy } from '../../data/formats/snappy.ts';
import { ThriftReader } from '../../data/formats/thrift.ts';
import { largestJson, mostJsonValues, rowsIn } from '../../data/listing/list-rows.ts';
import { largestFileBytes } from '../../data/listing/listing.ts';
import { imageHeader, largestPixels, largestWholePixels, maximumPixels } from '../../data/pixels/image-header.ts';
import { mostScannedPixels, mostScans } from '../../data/pixels/jpeg-scans.ts';
import { inTemporaryFolder } from '../../data/testing/small-datasets.ts';
import { longestXml, mostElements, readVocXml } from '../../detection/annotations/voc-xml.ts';
import { longestElement } from '../../detection/json-elements.ts';
import { mostPickleBytes } from '../../weights/pickle-machine.ts';
import { longestHeader, mostHeaderValues } from '../../weights/safetensors.ts';
import { mostSteps, mostTensors } from '../../weights/tensors-in.ts';
import { openWeights } from '../../weights/open.ts';

const security = readFileSync(join(import.meta.dirname, '../../../SECURITY.md'), 'utf8');
const rows = new Map(
  security.split('\n').flatMap((line) => {
    const [, name = '', ...cells] = line.split('|').map((cell) => cell.trim());
    return cells.length === 4 ? [[name, cells.join(' ')] as const] : [];
  }),
);
const mib = (bytes: number): string => (bytes % 2 ** 30 === 0 ? `${bytes / 2 ** 30} GiB` : `${bytes / 2 ** 20} MiB`);
const count = (number: number): string => number.toLocaleString('en-US');

test('SECURITY.md states how long decoding a picture may take', () => {
  const { lookEveryMs, suspectAfter, processorMs } = usualBounds;
  expect(security).toContain(`killed after ${processorMs / 1000} s of processor time a picture`);
  expect(security).toContain(`has been at it for ${(suspectAfter * lookEveryMs) / 1000} s`);
});

test.each([
  [
    'JPEG',
    `${maximumPixels / 1e6} megapixels`,
    `${largestPixels / 1e6} reduced`,
    `${largestWholePixels / 1e6} if stored`,
  ],
  ['JPEG', `${mostScans} scans`, `${count(mostScannedPixels / 1e6)} megapixels of scans`],
  ['PNG, WebP, TIFF, GIF, BMP, Netpbm', mib(largestFileBytes)],
  ['Parquet footer', mib(longestFooter), `${count(mostFooterValues)} values`],
  ['Parquet rows', count(mostRows)],
  ['Parquet pages', mib(longestPart), `${count(mostUnpacked(1, 0) - mostUnpacked(0, 0))} times`],
  ['Parquet pages', `${mostUnpacked(0, 1) - mostUnpacked(0, 0)} bytes a value`, `${mostUnpacked(0, 0) / 1024} KiB`],
  ['gzip, packed tar', `${mib(largestPickle)} of CIFAR's`],
  ['IDX', mib(mostIdx)],
  ['MATLAB', mib(mostTableBytes), `${count(mostNumbers)} other`, `${count(mostMatElements)} elements`],
  ["CIFAR's pickles", mib(largestPickle)],
  ['pickles', mib(mostPickleBytes), `${count(mostSteps)} values`, `${count(mostTensors)} tensors`],
  ['safetensors header', mib(longestHeader), `${count(mostHeaderValues)} values`],
  ['lists of pictures', mib(largestJson), `${count(mostJsonValues)} values`],
  ["COCO's annotations and results", mib(longestElement)],
  ["PASCAL VOC's annotations", mib(longestXml), `${count(mostElements)} elements`],
])('SECURITY.md states the bounds of %s', (name, ...bounds) => {
  expect(bounds.filter((bound) => rows.get(name)?.includes(bound) !== true)).toEqual([]);
});

/** A progressive picture whose last scan comes again and again. */
async function scans(times: number): Promise<Buffer> {
  const create = { width: 64, height: 64, channels: 3, background: '#c84' } as const;
  const picture = await sharp({ create }).jpeg({ progressive: true }).toBuffer();
  const last = picture.lastIndexOf(Buffer.of(0xff, 0xda));
  const scan = picture.subarray(last, -2);
  return Buffer.concat([picture.subarray(0, -2), ...Array.from({ length: times }, () => scan), picture.subarray(-2)]);
}

describe('files made to take memory or time are refused', () => {
  test('a JPEG file of thousands of scans; bytes after its end are none of them', async () => {
    const bomb = await scans(5000);
    expect(() => imageHeader(bomb)).toThrow(`more than ${mostScans} scans`);
    expect(imageHeader(Buffer.concat([await scans(0), bomb.subarray(2)]))).toMatchObject({ width: 64, whole: true });
  });

  test('a run, a list or a text that a few bytes of a Parquet file state', () => {
    const runs = Buffer.from('feffffff0f01', 'hex');
    expect(() => readRuns(new Cursor(runs), 1, 3)).toThrow('a page of 3 values with a run of 2147483647 in it');
    // A list in a list in a list, each of fifty million elements.
    const lists = Buffer.from(`19${'f980e1eb17'.repeat(1000)}00`, 'hex');
    expect(() => new ThriftReader(lists, mostFooterValues).struct()).toThrow('a damaged header');
    // A text of a thousand bytes, and a million that begin with all of it.
    const same = '80010480897a00';
    const deltas = Buffer.from(`${same}d00f`, 'hex');
    expect(() => readDeltaTexts(new Cursor(deltas), 1_000_000, 1 << 20)).toThrow();
    // A literal whose length, taken for a number with a sign, leads back.
    expect(() => unpackSnappy(Buffer.from('04fcfbffffff00000000', 'hex'), 4)).toThrow('damaged snappy data');
  });

  test('a list of empty lists, an XML file that is one name', () =>
    inTemporaryFolder(async (folder) => {
      const path = join(folder, 'list.json');
      await writeFile(path, `[${'[],'.repeat(mostJsonValues / 2)}[]]`);
      expect(() => [...rowsIn(path)]).toThrow('a list in JSON may have');
      expect(() => readVocXml(Buffer.from(`<${'a'.repeat(1 << 20)}`))).toThrow('it ends inside <>');
    }));

  const pickle = (code: string): Buffer => Buffer.from(`\x80\x02${code}.`, 'latin1');
  const text = (value: string): string => `U${String.fromCharCode(value.length)}${value}`;
  test.each([
    // The same text, turned into bytes by each call.
    [
      'calls',
      `${text('x'.repeat(250))}q\x01${text('latin1')}q\x02c_codecs\nencode\nq\x03](${'h\x03h\x01h\x02\x86R'.repeat(900_000)}e`,
    ],
    ['marks', '('.repeat(6_000_000)],
    ['lists', ']'.repeat(2_000_000)],
  ])('a pickle of many %s', (_name, code) =>
    inTemporaryFolder(async (folder) => {
      await writeFile(join(folder, 'a.pkl'), pickle(code));
      await expect(openWeights(join(folder, 'a.pkl'))).rejects.toThrow('its values take more than 256 MiB');
    }),
  );

  test('a header of safetensors that is a list of lists', () =>
    inTemporaryFolder(async (folder) => {
      const header = `{"a":${'['.repeat(mostHeaderValues)}`;
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(header.length));
      await writeFile(join(folder, 'a.safetensors'), Buffer.concat([length, Buffer.from(header)]));
      await expect(openWeights(join(folder, 'a.safetensors'))).rejects.toThrow('more than the limit of 3000000');
    }));
});
