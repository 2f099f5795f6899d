import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createSourceFile,
  forEachChild,
  isIdentifier,
  isImportSpecifier,
  isNoSubstitutionTemplateLiteral,
  isTaggedTemplateExpression,
  ScriptTarget,
  type Node,
} from 'typescript';
import { expect, test } from 'vitest';
import { asIs, inEnglish, quoted, said } from '../../trainer/protocol/sentence.ts';
import { chineseTables, sentenceIn, sentencesIn } from './sentences.ts';

const root = join(import.meta.dirname, '../..');
/** Folders whose programs say sentences. */
const allSources = [
  'trainer',
  'electron/workstation/curves',
  'electron/workstation/updates',
  'electron/workstation/workspace',
].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !/\.test\.ts$|(^|\/)testing\//.test(path))
    .map((path) => join(folder, path)),
);

/** Templates of the sentences that a file can say, and other uses of their maker. */
function templatesIn(path: string): { readonly templates: readonly string[]; readonly others: readonly string[] } {
  const templates: string[] = [];
  const others: string[] = [];
  const visit = (node: Node): void => {
    if (isTaggedTemplateExpression(node) && node.tag.getText() === 'said') {
      const { template } = node;
      const spans = isNoSubstitutionTemplateLiteral(template) ? [] : template.templateSpans;
      const start = isNoSubstitutionTemplateLiteral(template) ? template.text : template.head.text;
      templates.push(start + spans.map(({ literal }, at) => `{${at + 1}}${literal.text}`).join(''));
    } else if (isIdentifier(node) && node.text === 'said') {
      const { parent } = node;
      if (!isTaggedTemplateExpression(parent) && !isImportSpecifier(parent))
        others.push(`${path}: ${parent.getText()}`);
    }
    forEachChild(node, visit);
  };
  visit(createSourceFile(path, readFileSync(join(root, path), 'utf8'), ScriptTarget.Latest, true));
  return { templates, others };
}

/** Where the maker of sentences is imported. */
const sources = allSources.filter((path) => /[/.]sentence\.ts'/.test(readFileSync(join(root, path), 'utf8')));
const found = sources.map(templatesIn);
const templates = new Set(found.flatMap((file) => file.templates));
const chinese = chineseTables.flatMap((table) => Object.entries(table));

test('every sentence is there in Chinese, once, and no other is', () => {
  expect(templates.size).toBeGreaterThan(300);
  const known = chinese.map(([template]) => template);
  expect([...templates].filter((template) => !known.includes(template))).toEqual([]);
  expect(known.filter((template) => !templates.has(template))).toEqual([]);
  expect(known.filter((template, at) => known.indexOf(template) !== at)).toEqual([]);
});

test('sentences are made by template literals alone, which are what is collected', () => {
  expect(found.flatMap(({ others }) => others)).toEqual([]);
  const byHand = allSources.filter((path) => /\bsay:/.test(readFileSync(join(root, path), 'utf8')));
  expect(byHand.toSorted()).toEqual(['trainer/protocol/said.ts', 'trainer/protocol/sentence.ts']);
});

test('both languages have the same values', () => {
  const placesOf = (text: string) => [...text.matchAll(/\{(.*?)\}/g)].map((match) => match[1]).sort();
  expect(chinese.filter(([template, text]) => String(placesOf(template)) !== String(placesOf(text)))).toEqual([]);
});

test('Chinese is Chinese, but for names', () => {
  const foreign = chinese.filter(([, text]) => !/[\u4e00-\u9fff]/.test(text.replaceAll(/\{\d+\}/g, '')));
  expect(foreign.map(([, text]) => text)).toEqual([
    ' CMYK{1}',
    '{1}：{2}',
    '{1}：{2}……',
    '{1}（{2}）',
    '{1}，{2}：{3}',
    '{1}，{2}：{3}……',
    'class_names.txt',
    '{1}：{2}。',
  ]);
});

const grouped = (value: number): string => value.toLocaleString('en');

test('values are names, numbers, lists and sentences', () => {
  const line = said`${said`archives`}: ${['a.zip', said`only ${1234}`]}`;
  expect(sentenceIn('zh', line, grouped)).toBe('压缩包：a.zip、只有 1,234 个');
  expect(sentenceIn('en', line, grouped)).toBe('archives: a.zip, only 1,234');
  expect(inEnglish(line)).toBe('archives: a.zip, only 1234');
});

test('a name is never taken for a sentence or a place', () => {
  const line = said`not listed in ${'archives'}`;
  expect(sentenceIn('zh', line, grouped)).toBe('未列于 archives');
  expect(sentenceIn('zh', said`not listed in ${'{1} $& {2}'}`, grouped)).toBe('未列于 {1} $& {2}');
  expect(sentenceIn('zh', asIs('{1}/cat'), grouped)).toBe('{1}/cat');
  expect(inEnglish(said`it is truncated inside "${quoted('{1}')}"`)).toBe('it is truncated inside "{1}"');
});

test('texts of older records are shown, in Chinese where they have no values', () => {
  expect(sentenceIn('zh', 'a broken link', grouped)).toBe('链接失效');
  expect(sentenceIn('zh', '12 of {1}', grouped)).toBe('12 of {1}');
  expect(sentenceIn('en', '12 of {1}', grouped)).toBe('12 of {1}');
  expect(sentencesIn('zh', ['a broken link', said`1 file`], grouped)).toBe('链接失效；1 个文件');
});

test('a sentence of a newer version stays English', () => {
  expect(sentenceIn('zh', { say: 'of tomorrow: {1}', with: [12] }, grouped)).toBe('of tomorrow: 12');
});
