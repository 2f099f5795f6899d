/** A comparison in the terminal: reasons in words, at most three of them, and no line wider than its room. */
import { readdirSync, readFileSync } from 'node:fs';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import type { Comparison, Reason } from '../api/comparison.ts';
import { Paper } from '../../trainer/protocol/paper.ts';
import { fieldClasses } from '../words/field-classes.ts';
import { presetConfig } from '../workstation/comparison/preset-config.ts';
import { operationFields, trainingFields } from '../workstation/comparison/configuration-fields.ts';
import { catalogue, presets } from '../workstation/testing/comparison-fixture.ts';
import { firstPlan } from '../workstation/report/testing/report-fixture.ts';
import { fieldName } from '../workstation/report/naming.ts';
import { comparisonText } from './comparison.ts';
import { reasonsInShort } from './field-words.ts';
import { widthOf } from './text-width.ts';
import { wordsIn } from './words.ts';

const root = new URL('../../', import.meta.url);
const json = (path: string): unknown => JSON.parse(readFileSync(new URL(path, root), 'utf8'));
const languages = [wordsIn('en'), wordsIn('zh')];
const why = { en: 'A reason.', zh: '原因。' };
const breaks = (field: string): Reason => ({ field, theirs: 1, ours: 2, kind: 'breaks', why });

/** Fields of the table of classes that are written out. */
const plainFields = fieldClasses.flatMap(({ fields }) => fields.filter((field) => !field.includes('*')));
/** What an evaluator states of itself without an option for it. */
const stated = 'head optimizer schedule costs folds positiveWeight normalized averagePrecision difficult views layer';

function paperFields(): readonly string[] {
  const papers = readdirSync(new URL('resources/papers', root)).map((file) =>
    v.parse(Paper, json(`resources/papers/${file}`)),
  );
  return papers.flatMap(({ recipes, cells }) => [
    ...Object.values(recipes).flatMap((options) => Object.keys(options).map((key) => `options.${key}`)),
    ...cells.flatMap(({ setting, protocol }) => [
      ...Object.keys(setting.options ?? {}).map((key) => `options.${key}`),
      ...Object.keys(protocol).map((key) => `protocol.${key}`),
    ]),
  ]);
}

function recipeFields(): readonly string[] {
  const { methods, encoders, optimizers, schedules, evaluators } = catalogue;
  const below = (name: string, recipes: readonly { readonly options: readonly { readonly key: string }[] }[]) =>
    recipes.flatMap(({ options }) => options.map(({ key }) => `${name}.${key}`));
  return [
    ...below('options', methods),
    ...below('encoders.1,2', encoders),
    ...below('optimizer.options', optimizers),
    ...below('schedule.options', schedules),
    ...below('protocol', evaluators),
  ];
}

/** Of every preset, and of both kinds of run what no preset states. */
function configurationFields(): readonly string[] {
  return presets.map(presetConfig).flatMap((config) => {
    const operation = Object.keys(operationFields({ ...config, whenNotFinite: { policy: 'clip', norm: 1 } }));
    const fields = Object.keys(trainingFields(config, catalogue));
    const merged = fields.map((field) => field.replace(/^(views|encoders)\.\d+/, '$1'));
    return [...fields, ...merged, ...operation, ...operation.map((field) => `protocol.${field}`)];
  });
}

function expectWords(fields: readonly string[]): void {
  for (const words of languages)
    for (const field of new Set(fields)) {
      const text = `${fieldName(words.report, field)} / ${reasonsInShort(words, [breaks(field)])}`;
      expect(text, field).not.toMatch(/options|protocol|\w\.\w|[a-z][A-Z]|_/);
      if (words.language === 'zh' && field !== 'protocol.k') expect(text, field).toMatch(/\p{Script=Han}/u);
    }
}

test('every field that a reason can name has words in both languages', () => {
  expectWords([...plainFields, ...stated.split(' ').map((key) => `protocol.${key}`), ...paperFields()]);
});

test('and so has every option of every recipe, and every other field of a configuration', () => {
  expectWords([...recipeFields(), ...configurationFields()]);
});

test('a field that nobody has worded yet is spelled in words', () => {
  expect(fieldName(wordsIn('en').report, 'options.someNewOption')).toBe('some new option');
  expect(fieldName(wordsIn('en').report, 'protocol.nested.newKey')).toBe('nested new key');
});

test('a verdict names three reasons and how many more there are', () => {
  const fields = ['dataset', 'encoder', 'epochs', 'options.expander', 'protocol.weightDecay', 'protocol.k'];
  const [en, zh] = [wordsIn('en'), wordsIn('zh')];
  const reasons = [...fields.map(breaks), { ...breaks('batch'), kind: 'deviation' as const }];
  expect(reasonsInShort(en, reasons)).toBe('data set, encoder, pretraining epochs and 3 more');
  expect(reasonsInShort(zh, reasons)).toBe('数据集、编码器、预训练轮数和另外 3 项');
  expect(reasonsInShort(en, reasons.slice(0, 3))).toBe('data set, encoder, pretraining epochs');
  expect(reasonsInShort(en, reasons.slice(-1))).toBe('');
  expect(reasonsInShort(en, [breaks('paper')])).toBe('not in the paper');
});

const wide = (comparison: Comparison): Comparison => ({
  ...comparison,
  rows: comparison.rows.map((row, index) => ({
    ...row,
    dataset: index % 2 === 0 ? row.dataset : 'another-data-set-with-a-long-name',
    subject: { ...row.subject, label: `${row.subject.label}，名字很长的一次运行 with a long title in two scripts` },
    reasons: [...row.reasons, breaks('dataset'), breaks('encoder'), breaks('options.lambda'), breaks('protocol.crop')],
    verdict: 'not-comparable',
  })),
});

test('no line is wider than its room, in both languages, and no figure is cut', async () => {
  const { comparison } = await firstPlan();
  for (const words of languages)
    for (const shown of [comparison, wide(comparison)])
      for (const room of [60, 80, 100])
        for (const isVerbose of [false, true]) {
          const text = comparisonText(shown, words, { room, isVerbose });
          for (const line of text.split('\n')) expect(widthOf(line), line).toBeLessThanOrEqual(room);
          for (const { ours } of shown.rows) if (ours?.mean != null) expect(text).toContain(ours.mean.toFixed(2));
          for (const { difference } of shown.pairs) expect(text).toContain(difference.toFixed(2));
          expect(text).not.toMatch(/protocol\.|options\./);
        }
});

test('--verbose gives every reason a line with both sides', async () => {
  const { comparison } = await firstPlan();
  const [row] = comparison.rows;
  if (row === undefined) throw new Error('The fixture compares nothing.');
  const reasons: readonly Reason[] = [
    { field: 'dataset', theirs: 'imagenet', ours: 'fashion-mnist', kind: 'breaks', why },
    { field: 'metric', theirs: 'map', ours: 'top1', kind: 'breaks', why },
    { field: 'protocol.weightDecay', theirs: 0.000001, ours: 0, kind: 'breaks', why },
    { field: 'protocol.standardize', theirs: false, ours: true, kind: 'deviation', why },
    { field: 'protocol.temperature', theirs: null, ours: 0.07, kind: 'unstated', why },
    { field: 'protocol.similarity', theirs: null, ours: 'cosine', kind: 'unstated', why },
  ];
  const shown = { ...comparison, rows: [{ ...row, reasons }], claims: [], pairs: [] };
  const text = comparisonText(shown, wordsIn('en'), { room: 100, isVerbose: true });
  for (const line of [
    /^ +data set +ImageNet +Fashion-MNIST /m,
    /^ +metric +mAP +top-1 /m,
    /^ +weight decay of the head +0\.000001 +0 /m,
    /^ +features standardised +no +yes /m,
    /^ +not stated by the paper +temperature 0.07; similarity/m,
  ])
    expect(text).toMatch(line);
  const short = comparisonText({ ...shown, rows: [{ ...row, reasons, verdict: 'not-comparable' }] }, wordsIn('en'), {
    room: 200,
    isVerbose: false,
  });
  expect(short).not.toContain('imagenet');
  expect(short).toContain('not comparable: data set, metric, weight decay of the head');
  const judged = { ...shown, rows: [{ ...row, reasons: reasons.slice(3), verdict: 'reproduced' as const }] };
  expect(comparisonText(judged, wordsIn('en'), { room: 200, isVerbose: false })).toMatch(
    / reproduced, with 1 deviation: features standardised$/m,
  );
  // What waits for its run is not waiting for the data set.
  const pending = { ...shown, rows: [{ ...row, reasons, verdict: 'pending' as const }] };
  expect(comparisonText(pending, wordsIn('en'), { room: 200, isVerbose: false })).toMatch(/ pending$/m);
});
