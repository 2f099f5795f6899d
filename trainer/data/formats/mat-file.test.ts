import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UnusableImage } from '../unusable-image.ts';
import { readMatTable } from './mat-file.ts';
import { matFile } from '../testing/small-datasets.ts';

const rows = [
  [7, 'n01440764', 'tench, Tinca tinca'],
  [1860, 'n02119789', 'é 图'],
] as const;
const file = (compresses: boolean) => matFile('synsets', ['ILSVRC2012_ID', 'WNID', 'words'], rows, compresses);

test.each([false, true])('a struct array is a table of its fields, compressed: %s', (compresses) => {
  expect(readMatTable(file(compresses), 'synsets')).toEqual(
    rows.map(([id, synset, words]) => ({ ILSVRC2012_ID: id, WNID: synset, words })),
  );
});

test('a file of another kind, one without the table and a damaged one are distinguished', () => {
  expect(() => readMatTable(Buffer.from('PK'), 'synsets')).toThrow('not a little-endian MATLAB 5 file');
  expect(() => readMatTable(file(true), 'classes')).toThrow('it has no table "classes"');
  expect(() => readMatTable(file(false).subarray(0, 500), 'synsets')).toThrow('a truncated MATLAB file');
  const damaged = file(true);
  damaged[150]! ^= 0xff;
  expect(() => readMatTable(damaged, 'synsets')).toThrow('a MATLAB file whose contents are damaged or too large');
});

test('any modification gives a table or a reason', () => {
  const whole = file(false);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255))), fc.nat(whole.length), (changes, length) => {
      const changed = Buffer.from(whole.subarray(0, length));
      for (const [at, value] of changes) if (at < length) changed[at] = value;
      try {
        expect(readMatTable(changed, 'synsets')).toBeInstanceOf(Array);
      } catch (error) {
        expect(error).toBeInstanceOf(UnusableImage);
      }
    }),
    { numRuns: 2000 },
  );
});
