/** The command line: what it understands, how it shows progress, how wide a Chinese table is. */
import { expect, test } from 'vitest';
import type { Progress } from '../api.ts';
import { pretrain } from '../workstation/testing/bench.ts';
import { assignmentOf, parseCommandLine, UsageError } from './arguments.ts';
import { createProgressLine } from './progress.ts';
import { bytes, duration, tableOf, widthOf } from './table.ts';
import { wordsIn } from './words.ts';
import { withSettings } from './work-commands.ts';

test('commands, words and options are told apart', () => {
  const args = parseCommandLine([
    'run',
    '--preset',
    'small',
    '--dataset',
    'idx:/data',
    '--set',
    'batch=64',
    '--set',
    'views.0.blur=0.5',
    '--seed',
    '7',
    '--json',
  ]);
  expect(args).toMatchObject({
    command: 'run',
    preset: 'small',
    dataset: 'idx:/data',
    seed: 7,
    json: true,
    home: null,
  });
  expect(args.set).toEqual([
    ['batch', 64],
    ['views.0.blur', 0.5],
  ]);
  expect(parseCommandLine([]).help).toBe(true);
  expect(parseCommandLine(['datasets', 'inspect', '/data', '--contents'])).toMatchObject({
    words: ['inspect', '/data'],
    contents: true,
  });
  expect(parseCommandLine(['report', '--format', 'html,csv']).formats).toEqual(['html', 'csv']);
});

test('what is not understood is refused with the word in question', () => {
  for (const [words, text] of [
    [['run', '--sede', '1'], '--sede'],
    [['run', '--seed', '-1'], ''],
    [['run', '--seed', '1.5'], '--seed 1.5'],
    [['run', '--lang', 'fr'], '--lang fr'],
    [['report', '--format', 'docx'], 'docx'],
    [['run', '--set', 'batch'], '--set batch'],
  ] as const) {
    expect(() => parseCommandLine(words), words.join(' ')).toThrow(UsageError);
    expect(() => parseCommandLine(words)).toThrow(text);
  }
});

test('a value of --set is JSON where it can be read as such, else text', () => {
  expect(assignmentOf('a.b=[1,2]')).toEqual(['a.b', [1, 2]]);
  expect(assignmentOf('a=official-code')).toEqual(['a', 'official-code']);
  expect(assignmentOf('a=b=c')).toEqual(['a', 'b=c']);
  expect(
    withSettings(pretrain('x'), [
      ['views.0.blur', 0.5],
      ['batch', 64],
    ]),
  ).toMatchObject({ batch: 64, views: [{ blur: 0.5 }] });
  expect(() => withSettings(pretrain('x'), [['batchs', 64]])).toThrow('batchs');
  expect(() => withSettings(pretrain('x'), [['batch', 'many']])).toThrow('batch');
});

test('tables line up in both scripts', () => {
  expect(widthOf('论文 a')).toBe(6);
  expect(
    tableOf(
      ['图', 'n'],
      [
        ['a', '10'],
        ['论文', '5'],
      ],
      new Set([1]),
    ).split('\n'),
  ).toEqual(['图     n', '────  ──', 'a     10', '论文   5']);
  expect(duration(59.6)).toBe('1:00');
  expect(duration(3661)).toBe('1:01:01');
  expect(bytes(1536)).toBe('1.5 KiB');
});

const progress: Progress = {
  ...{ run: 'r', phase: 'training', quietForMs: 1, silentMs: 0, liveness: 'alive', step: 5, steps: 10, epoch: 0.5 },
  ...{ fraction: null, samplesPerSecond: 100, waitShare: 0, secondsLeft: 61, secondsLeftSpread: 5, memoryBytes: 1 },
  ...{ safeStep: 4, safeAt: null, device: 'cpu' },
};

test('in a terminal one line is rewritten and never longer than the terminal', () => {
  let written = '';
  const line = createProgressLine(
    { isTTY: true, columns: 40, write: (text) => (written += text) },
    wordsIn('zh'),
    () => 0,
  );
  line.progress(progress, '一个名字很长很长很长的运行，长得放不下');
  const [, shown = ''] = written.split('\u001b[2K');
  expect(widthOf(shown)).toBeLessThan(40);
  line.say('done');
  expect(written.endsWith(shown)).toBe(true);
  line.end();
  expect(written.endsWith('\r\u001b[2K')).toBe(true);
});

test('without one, lines are sparse: one a phase, one every half minute', () => {
  const lines: string[] = [];
  let now = 0;
  const line = createProgressLine({ write: (text) => lines.push(text) }, wordsIn('en'), () => now);
  for (now = 0; now < 60_000; now += 100) line.progress(progress, 'A');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toBe('A  training   50 %  step 5/10  100 images/s  1:01 ± 0:05 left  safe at step 4\n');
  line.progress({ ...progress, phase: 'saving' }, 'A');
  expect(lines).toHaveLength(3);
});
