import { expect, test } from 'vitest';
import { createFormat } from './format.ts';
import { createSay } from './say.ts';

const en = createFormat('en', createSay('en'));
const zh = createFormat('zh', createSay('zh'));

test('numbers are grouped, and a missing one is a dash and never 0', () => {
  expect(en.number(1_281_167)).toBe('1,281,167');
  expect(en.percent(73.2, 1)).toBe('73.2 %');
  expect(zh.percent(73.2, 1)).toBe('73.2%');
  for (const missing of [null, undefined, NaN, Infinity]) {
    expect([
      en.number(missing),
      en.percent(missing),
      en.bytes(missing),
      en.duration(missing),
      en.about(missing),
    ]).toEqual(Array(5).fill('–'));
  }
});

test('a figure has as many digits as its size deserves', () => {
  expect([15.8249, 0.08421, 1.6e-5, 0, -3.25].map((value) => en.figure(value))).toEqual([
    '15.82',
    '0.08421',
    '1.6e-5',
    '0',
    '-3.25',
  ]);
});

test('what was measured is written in its unit', () => {
  expect((['share', 'percent', 'number'] as const).map((unit) => en.measured(unit, 73.2))).toEqual([
    '73.20 %',
    '73.20 %',
    '73.20',
  ]);
  expect([en.measured('number', -2.5), zh.measured('share', 73.2), en.measured('share', null)]).toEqual([
    ...['−2.50', '73.20%', '–'],
  ]);
});

test('differences carry their sign', () => {
  expect([2.59, -5.2, 0].map((value) => en.points(value))).toEqual(['+2.59', '−5.20', '0.00']);
});

test('times say the two parts that matter', () => {
  expect([0.084, 4.26, 45, 60, 200, 600, 7800, 7200, 100_800].map((seconds) => en.duration(seconds))).toEqual([
    '0.084 s',
    '4.3 s',
    '45 s',
    '1 min',
    '3 min 20 s',
    '10 min',
    '2 h 10 min',
    '2 h',
    '1 d 4 h',
  ]);
  expect(zh.duration(7800)).toBe('2 小时 10 分钟');
});

test('an estimate is rounded and names its spread where that says something', () => {
  expect(en.about(7800, 900)).toBe('about 2 h 10 min, give or take 15 min');
  expect(en.about(7803, 4)).toBe('about 2 h 10 min');
  expect(en.about(12.4)).toBe('about 12 s');
  expect(zh.about(7800, 900)).toBe('约 2 小时 10 分钟，上下 15 分钟');
});

test('a first idea of a time has one unit, and no more digits than it knows', () => {
  expect([2, 64, 1500, 5700, 22_020, 60_000, 250_000_000].map((seconds) => en.roughly(seconds))).toEqual([
    ...['roughly 5 s', 'roughly 1 min', 'roughly 25 min', 'roughly 1 h 30 min', 'roughly 6 h', 'roughly 17 h'],
    'roughly 2,900 d',
  ]);
  expect([zh.roughly(22_020), en.roughly(null)]).toEqual(['大约 6 小时', '–']);
});

test('what is expected is told by the time of day, with the day unless it is today', () => {
  const now = new Date(2026, 0, 31, 14, 0).getTime();
  expect(en.due(now + 3_600_000, now)).toBe('15:00');
  expect(en.due(now + 12 * 3_600_000, now)).toMatch(/^1 Feb,? 02:00$/);
  expect(zh.due(now + 12 * 3_600_000, now)).toMatch(/2月1日 ?02:00/);
});

test('sizes are read in decimal units', () => {
  expect([0, 999, 30_900_000, 2_840_000_000].map((bytes) => en.bytes(bytes))).toEqual([
    '0 B',
    '999 B',
    '30.9 MB',
    '2.84 GB',
  ]);
});

test('how long ago does not flicker every second', () => {
  const now = 1_000_000;
  expect([3, 27, 59, 61, 185].map((seconds) => en.ago(now - seconds * 1000, now))).toEqual([
    'just now',
    '20 s ago',
    '50 s ago',
    '1 min ago',
    '3 min ago',
  ]);
});
