/** The readers of annotation files by themselves: XML, JSON of any size, packed masks. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inTemporaryFolder } from '../../data/testing/small-datasets.ts';
import type { Segmentation } from '../objects.ts';
import { maskAt, startMasks } from '../packed-masks.ts';
import { decompressedCounts } from './compressed-counts.ts';
import { readElements } from './json-elements.ts';
import { maskOfNumber } from './number-masks.ts';
import { judgedBox } from './problems.ts';
import { readVocXml } from './voc-xml.ts';

const xml = (text: string) => readVocXml(Buffer.from(text));
const atOnce = { due: () => false, next: () => Promise.resolve() };

describe('XML', () => {
  test('is read with its escapes, comments and attributes', () => {
    const text = `\ufeff<?xml version="1.0"?><!-- <object/> --><annotation verified="yes"><folder/>
      <object><name>cat &amp; dog &#233;<![CDATA[ <b>]]></name><difficult> 1 </difficult><truncated>0</truncated>
      <bndbox><ymax>4</ymax><xmin>1e0</xmin><xmax>3.5</xmax><ymin>2</ymin></bndbox></object></annotation>\n`;
    expect(xml(text)).toEqual({
      width: 0,
      height: 0,
      objects: [{ name: 'cat & dog é <b>', corners: [1, 2, 3.5, 4], difficult: true, truncated: false }],
    });
  });

  const bomb = `<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><annotation><filename>&b;</filename></annotation>`;
  test.each([
    ['an entity bomb', bomb, 'it declares a document type'],
    ['an entity of its own', '<annotation>&bomb;</annotation>', 'it has "&bomb;"'],
    ['an entity of JavaScript', '<annotation>&constructor;</annotation>', 'it has "&constructor;"'],
    ['an end that fits nothing', '<annotation></size></annotation>', '</size> closes <annotation>'],
    ['no end', '<annotation><size>', 'it ends inside <size>'],
    ['a second root', '<annotation/><annotation/>', 'no root element, or several'],
    ['another root', '<html/>', 'its root is <html>'],
    ['a bracket alone', '<annotation>1 < 2</annotation>', 'no XML'],
    ['attributes without quotes', '<annotation a=b/>', 'no XML'],
    ['nothing', ' ', 'the file is empty'],
    ['elements without end', '<a>'.repeat(1000), 'more than 200000 elements, or 16 inside each other'],
    ['millions of elements', `<annotation>${'<a/>'.repeat(300_000)}</annotation>`, 'more than 200000 elements'],
    ['an unclosed comment', `<annotation><!--${'-'.repeat(100)}</annotation>`, 'no XML'],
  ])('with %s is refused', (_name, text, reason) => expect(() => xml(text)).toThrow(reason));

  test('any bytes are read or refused', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      '/',
      '&',
      ';',
      '!',
      '--',
      '[CDATA[',
      ']]>',
      'annotation',
      '"',
      '=',
      ' ',
      '?',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        try {
          xml(pieces.join(''));
        } catch (error) {
          expect(error).toMatchObject({ name: 'UnusableImage' });
        }
      }),
    );
    // These would take hours if the reader went back at every one of them.
    expect(() => xml(`<annotation>${'<a '.repeat(500_000)}`)).toThrow('it ends inside <annotation>');
    expect(() => xml(`<annotation ${'a="" '.repeat(200_000)}`)).toThrow('it ends inside');
    expect(() => xml(`<annotation ${'a="" '.repeat(200_000)}b></annotation>`)).toThrow('no XML');
  });
});

describe('JSON', () => {
  async function elementsOf(text: string, name = 'list'): Promise<unknown[]> {
    return inTemporaryFolder(async (folder) => {
      const path = join(folder, 'a.json');
      await writeFile(path, text);
      const found: unknown[] = [];
      await readElements(path, { [name]: (element) => void found.push(element) }, atOnce);
      return found;
    });
  }

  test('lists give what JSON.parse gives, whatever is in them and around them', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.jsonValue()),
        fc.jsonValue(),
        fc.string(),
        fc.boolean(),
        async (list, other, key, wide) => {
          const document = { [`${key}-`]: other, list, list2: [list], last: { list: [1] } };
          const text = JSON.stringify(document, null, wide ? 2 : undefined);
          expect(await elementsOf(`\ufeff ${text}\n`)).toEqual(JSON.parse(JSON.stringify(list)));
        },
      ),
      { numRuns: 60 },
    ));

  test('elements lie across the pieces in which a file is read', async () => {
    const list = Array.from({ length: 30_000 }, (_, at) => ({ at, text: 'é"\\{['.repeat(at % 17) }));
    list.push({ at: -1, text: 'long '.repeat(1 << 19) });
    expect(await elementsOf(JSON.stringify({ list }))).toEqual(list);
  });

  test.each([
    ['{"list":[1,2', 'it ends in the middle'],
    ['{"list":["a', 'it ends in the middle'],
    ['', 'it ends in the middle'],
    ['[1]', 'no JSON document'],
    ['{}{}', 'no JSON document'],
    ['{"list":[{]]}', 'not JSON at'],
    ['{"list":[nought]}', 'not JSON at'],
    ['{"list":{"a":1}}', '"list" is no list in it'],
  ])('%s is refused', (text, reason) => expect(elementsOf(text)).rejects.toThrow(reason));

  test('an empty document has no lists', async () => expect(await elementsOf('{}')).toEqual([]));

  test('a scan can be cancelled between pieces', () =>
    inTemporaryFolder(async (folder) => {
      const path = join(folder, 'a.json');
      await writeFile(path, JSON.stringify({ list: Array.from({ length: 400_000 }, (_, at) => at) }));
      let seen = 0;
      const pace = { due: () => true, next: () => Promise.reject(new Error('cancelled')) };
      await expect(readElements(path, { list: () => (seen += 1) }, pace)).rejects.toThrow('cancelled');
      expect(seen).toBeLessThan(400_000);
    }));
});

describe('masks', () => {
  const decimal = fc.integer({ min: -100_000, max: 200_000 }).map((value) => value / 100);
  const ring = fc.array(fc.oneof(decimal, fc.double({ noNaN: true, min: -1e6, max: 1e6 })), { maxLength: 30 });
  const segmentation: fc.Arbitrary<Segmentation> = fc.oneof(
    fc.array(fc.array(decimal, { maxLength: 30 })).map((rings): Segmentation => ({ kind: 'polygons', rings })),
    fc.array(ring).map((rings): Segmentation => ({ kind: 'polygons', rings })),
    fc
      .array(fc.integer({ min: 0, max: 2 ** 31 - 1 }))
      .map((counts): Segmentation => ({ kind: 'run-lengths', height: 480, width: 640, counts })),
  );

  test('come back as they were, to the bit', () => {
    fc.assert(
      fc.property(fc.array(segmentation), (masks) => {
        const writer = startMasks();
        const places = masks.map((mask) => writer.write(mask));
        expect(places.map((place) => maskAt(writer.blocks(), place))).toEqual(masks);
      }),
    );
  });

  test('fill one block after the other', () => {
    const writer = startMasks();
    const masks = Array.from({ length: 40 }, (_, at): Segmentation => {
      return { kind: 'polygons', rings: [Array.from({ length: 80_000 }, (_, index) => index * 0.37 + at)] };
    });
    const places = masks.map((mask) => writer.write(mask));
    expect(writer.blocks().length).toBeGreaterThan(2);
    expect(places.every((place, at) => maskAt(writer.blocks(), place)?.kind === masks[at]!.kind)).toBe(true);
    expect(maskAt(writer.blocks(), places[39]!)).toEqual(masks[39]);
  });

  test('of polygons with two decimals take two bytes or less a coordinate where points lie close', () => {
    const writer = startMasks();
    const rings = [Array.from({ length: 2000 }, (_, at) => Math.round(30_000 + 5_000 * Math.sin(at / 50)) / 100)];
    const [first, second] = [writer.write({ kind: 'polygons', rings }), writer.write({ kind: 'polygons', rings })];
    expect(second - first).toBeLessThan(2 * 2000 + 16);
  });

  test('of numbers in a picture go column by column', () => {
    const pixels = Uint8Array.of(0, 1, 1, 2, 1, 0);
    expect(maskOfNumber({ width: 3, height: 2, pixels }, 1)).toEqual({
      kind: 'run-lengths',
      height: 2,
      width: 3,
      counts: [2, 3, 1],
    });
    expect(maskOfNumber({ width: 3, height: 2, pixels }, 2)?.kind).toBe('run-lengths');
    expect(maskOfNumber({ width: 3, height: 2, pixels }, 3)).toBe(null);
  });
});

/** As pycocotools writes (`rleToString`). */
function compressed(counts: readonly number[]): string {
  let text = '';
  counts.forEach((count, run) => {
    let rest = run > 2 ? count - counts[run - 2]! : count;
    for (let more = true; more;) {
      const bits = rest & 31;
      rest >>= 5;
      more = (bits & 16) === 0 ? rest !== 0 : rest !== -1;
      text += String.fromCharCode(48 + bits + (more ? 32 : 0));
    }
  });
  return text;
}

describe('run lengths as text', () => {
  test('are those that were written', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 30 })), (counts) => {
        expect(decompressedCounts(compressed(counts))).toEqual(counts);
      }),
    );
  });

  test.each(['p', ' ', 'oooooooooo', 'o'])('"%s" is refused', (text) =>
    expect(() => decompressedCounts(text)).toThrow('not written as COCO writes them'),
  );
});

describe('a box', () => {
  const size = { width: 40, height: 30 };
  const any = fc.double({ min: -100, max: 100 });

  test('that is used lies in the picture, or within a pixel of it, and has an area', () => {
    fc.assert(
      fc.property(any, any, any, any, (left, top, right, bottom) => {
        const box = judgedBox([left, top, right, bottom], size, () => undefined);
        if (box === null) return;
        expect(Math.min(box[0], box[1])).toBeGreaterThanOrEqual(-1);
        expect(box[2]).toBeLessThanOrEqual(41);
        expect(box[3]).toBeLessThanOrEqual(31);
        expect(Math.min(box[2] - box[0], box[3] - box[1])).toBeGreaterThan(0);
      }),
    );
  });

  test('of a picture whose size is not stated is not compared with it', () => {
    expect(judgedBox([500, 1, 600, 9], { width: 0, height: 0 }, () => undefined)).toEqual([500, 1, 600, 9]);
  });
});
