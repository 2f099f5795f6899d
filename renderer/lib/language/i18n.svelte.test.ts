import * as v from 'valibot';
import { expect, test } from 'vitest';
import { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import { faultCodes } from '../../../trainer/protocol/fault.ts';
import { Phase } from '../../../trainer/protocol/events.ts';
import { DoctorCheck } from '../../../trainer/protocol/hardware.ts';
import { RunStatus } from '../../../trainer/protocol/run.ts';
import { en, type Key } from '../../locales/en.ts';
import { zh } from '../../locales/zh.ts';
import { viewFields } from '../form.ts';
import { createSay } from './say.ts';

const keys = Object.keys(en) as Key[];
const slotsOf = (text: string): readonly string[] =>
  [...new Set([...text.matchAll(/\{(\w+)(?:#[^}]*)?\}/g)].map((match) => match[1] ?? ''))].sort();

test('both languages have the same keys, in the same order', () => {
  expect(Object.keys(zh)).toEqual(keys);
});

test('every option that the form of a pretraining shows has a title', () => {
  const [built] = Object.values(import.meta.glob('../../../out/catalogue.json', { eager: true, import: 'default' }));
  const { methods, encoders, optimizers, schedules } = v.parse(Catalogue, built);
  const trained = encoders.filter(({ evaluationOnly }) => evaluationOnly !== true);
  const options = [...methods, ...trained, ...optimizers, ...schedules].flatMap((recipe) => recipe.options);
  const untitled = [...options, ...viewFields].filter(({ key }) => !keys.some((known) => known === `option.${key}`));
  expect([...new Set(untitled.map(({ key }) => key))]).toEqual([]);
});

test('every message has the same slots in both languages, and none is empty', () => {
  expect(keys.filter((key) => String(slotsOf(zh[key])) !== String(slotsOf(en[key])))).toEqual([]);
  expect(keys.filter((key) => zh[key].trim() === '' || en[key].trim() === '')).toEqual([]);
});

test('Chinese sentences are Chinese', () => {
  const latin = keys.filter((key) => !/[\u4e00-\u9fff]/.test(zh[key]) && en[key] === zh[key]);
  // Names, formats and units are the same in both.
  expect(
    latin.filter(
      (key) =>
        /^(action|run|plan|compare|fault|advice|datasets|interrupted)\./.test(key) && !key.startsWith('compare.n'),
    ),
  ).toEqual([]);
});

test.each([
  ['fault', faultCodes],
  ['status', RunStatus.options],
  ['phase', Phase.options],
  ['doctor', DoctorCheck.entries.id.options],
] as const)('every %s has its words', (group, codes) => {
  expect(codes.filter((code) => !(`${group}.${code}` in en))).toEqual([]);
});

test('every key the window writes out is one that exists, and every key is used', () => {
  const files = import.meta.glob<string>(
    ['../../**/*.{svelte,ts}', '!../../**/*.test.ts', '!../../locales/**', '!../../dev/**'],
    {
      query: '?raw',
      import: 'default',
      eager: true,
    },
  );
  expect(Object.keys(files).length).toBeGreaterThan(40);
  const source = Object.values(files).join('\n');
  const written = [...source.matchAll(/'((?:[a-z]+\.)+[\w.-]+)'/gi)].map((match) => match[1] ?? '');
  // Groups looked up by code are put together at run time.
  const byCode = new Set(
    [
      ...source.matchAll(/(?:tCode|nameOf|recipeName|recipe)\(\s*'(\w+)'/g),
      ...source.matchAll(/`(\w+(?:\.\w+)?)\.\$\{/g),
    ].map((match) => match[1] ?? ''),
  );
  const unused = keys.filter(
    (key) => !written.includes(key) && ![...byCode].some((group) => key.startsWith(`${group}.`)),
  );
  expect(unused).toEqual([]);
});

test.each(['diverged-on-images', 'update-not-finite', 'update-not-finite-on-images'] as const)(
  'a step that was not taken says in both languages at which step and what was not finite: %s',
  (code) => {
    const values = { step: 12, terms: 'head/bias, head/weight', images: 'a.jpg' };
    for (const language of ['en', 'zh'] as const) {
      const text = createSay(language)(`log.${code}`, values);
      expect(text).toContain('12');
      expect(text).toContain('head/bias, head/weight');
      expect(text.includes('a.jpg')).toBe(code.endsWith('on-images'));
    }
  },
);

test('numbers in slots are grouped, plurals follow the number, a missing slot is a dash', () => {
  const [english, chinese] = [createSay('en'), createSay('zh')];
  expect(english('runs.summary', { count: 1, disk: '2 MB' })).toBe('1 run, 2 MB on disk');
  expect(english('runs.summary', { count: 1200, disk: '2 MB' })).toBe('1,200 runs, 2 MB on disk');
  expect(english('action.resumeFrom', { step: 1200 })).toBe('Resume from step 1,200');
  expect(chinese('action.resumeFrom', { step: 1200 })).toBe('从第 1,200 步继续');
  expect(english('action.resumeFrom')).toBe('Resume from step –');
});
