/**
 * Annotation files of PASCAL VOC, and of the programs that write its form. The reader of XML is strict and knows what such files
 * need: elements, text, comments. A document type, in which entities are declared that grow without bound, is refused.
 */
import { printable } from '../../data/rejects.ts';
import { UnusableImage } from '../../data/unusable-image.ts';
import { quoted, said } from '../../protocol/sentence.ts';
import type { Box } from '../boxes.ts';

interface Element {
  readonly name: string;
  readonly children: Element[];
  text: string;
}

/** The longest of VOC's has 20 KB; nothing in them is deeper than 4. */
export const longestXml = 8 << 20;
export const mostElements = 200_000;
const deepest = 16;

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replace(/&([^;\s]{0,12})(;?)/g, (whole, name: string, end: string) => {
    const code = /^#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}))$/.exec(name);
    const point = code && (code[1] === undefined ? Number(code[2]) : Number.parseInt(code[1], 16));
    if (end !== '' && point !== null && point > 0 && point <= 0x10ffff) return String.fromCodePoint(point);
    const known = Object.hasOwn(entities, name) ? entities[name] : undefined;
    if (end === '' || known === undefined) throw noXml(whole);
    return known;
  });
}

/**
 * A comment, an instruction, text as it is, a tag, or text up to the next of these. A name is taken whole or not at all: to try
 * its beginnings takes the square of its length.
 */
const token =
  /<!--[^]*?-->|<\?[^]*?\?>|<!\[CDATA\[([^]*?)\]\]>|<(\/?)([\p{L}_][\p{L}\p{N}_.:-]*)(?![\p{L}\p{N}_.:-])([^<>]*?)(\/?)>|[^<]+/uy;
const attributes = /^(?:\s+[\p{L}_][\p{L}\p{N}_.:-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*$/u;

const noXml = (found: string) => new UnusableImage(said`no XML: it has "${quoted(printable(found.slice(0, 40)))}"`);
const cutOff = ({ name }: Element) =>
  new UnusableImage(said`it ends inside <${name}>: it was not copied or downloaded whole`);

function documentOf(text: string): Element {
  const root: Element = { name: '', children: [], text: '' };
  const open = [root];
  let count = 0;
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const match = token.exec(text);
    if (match === null) {
      if (text.startsWith('<!DOCTYPE', at))
        throw new UnusableImage(said`it declares a document type, which annotations do not need: it is not read`);
      throw text.includes('>', at) ? noXml(text.slice(at, at + 40)) : cutOff(open.at(-1)!);
    }
    const [whole, literal, slash, name, rest = '', empty] = match;
    const inside = open.at(-1)!;
    if (literal !== undefined) inside.text += literal;
    else if (name === undefined) {
      if (!whole.startsWith('<')) inside.text += unescaped(whole);
    } else if (slash === '/') {
      if (inside.name !== name || open.length === 1)
        throw new UnusableImage(
          inside.name === ''
            ? said`no XML: </${name}> closes nothing`
            : said`no XML: </${name}> closes <${inside.name}>`,
        );
      open.pop();
    } else {
      if (!attributes.test(rest)) throw noXml(whole);
      if (++count > mostElements || open.length > deepest)
        throw new UnusableImage(
          said`more than ${mostElements} elements, or ${deepest} inside each other: no annotations`,
        );
      const element: Element = { name, children: [], text: '' };
      inside.children.push(element);
      if (empty !== '/') open.push(element);
    }
  }
  if (open.length > 1) throw cutOff(open.at(-1)!);
  if (root.children.length !== 1) throw new UnusableImage(said`no XML: it has no root element, or several`);
  return root.children[0]!;
}

export interface VocObject {
  readonly name: string;
  /** As in the file: pixels from 1, the last included. Not finite where it states no number. */
  readonly corners: Box;
  readonly difficult: boolean;
  readonly truncated: boolean;
}

export interface VocAnnotation {
  /** As stated; 0 where they are not. */
  readonly width: number;
  readonly height: number;
  readonly objects: readonly VocObject[];
}

const childOf = (element: Element | undefined, name: string): Element | undefined =>
  element?.children.find((child) => child.name === name);
const wordsOf = (element: Element | undefined, name: string): string => childOf(element, name)?.text.trim() ?? '';

function numberOf(element: Element | undefined, name: string): number {
  const words = wordsOf(element, name);
  return /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(words) ? Number(words) : Number.NaN;
}
const sizeOf = (element: Element | undefined, name: string): number => {
  const size = numberOf(element, name);
  return Number.isInteger(size) && size > 0 && size < 2 ** 31 ? size : 0;
};
const isMarked = (element: Element, name: string): boolean => /^(1|true)$/i.test(wordsOf(element, name));

/**
 * Boxes of parts (heads, hands and feet of persons) lie inside an object and are no objects.
 * @throws UnusableImage
 */
export function readVocXml(bytes: Uint8Array): VocAnnotation {
  if (bytes.length > longestXml) throw new UnusableImage(said`it has more than ${longestXml} bytes`);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    .toString('utf8')
    .replace(/^\ufeff/, '');
  if (text.trim() === '') throw new UnusableImage(said`the file is empty`);
  const root = documentOf(text);
  if (root.name !== 'annotation') throw new UnusableImage(said`its root is <${root.name}>, not <annotation>`);
  const size = childOf(root, 'size');
  const objects = root.children.flatMap((element): VocObject[] => {
    if (element.name !== 'object') return [];
    const box = childOf(element, 'bndbox');
    return [
      {
        name: wordsOf(element, 'name'),
        corners: [numberOf(box, 'xmin'), numberOf(box, 'ymin'), numberOf(box, 'xmax'), numberOf(box, 'ymax')],
        difficult: isMarked(element, 'difficult'),
        truncated: isMarked(element, 'truncated'),
      },
    ];
  });
  return { width: sizeOf(size, 'width'), height: sizeOf(size, 'height'), objects };
}

/**
 * Pixels from 1, the last included, as edges from 0, the right one exclusive: 1 is taken from the left and the upper edge, once,
 * as detectron2 does; a box from 1 to the width is the whole width. Decimals, which a few files of 2012 have, stay.
 */
export const edgesOf = ([left, top, right, bottom]: Box): Box => [left - 1, top - 1, right, bottom];
