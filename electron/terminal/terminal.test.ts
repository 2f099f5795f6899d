/** The command line: what it understands, how it shows progress, how wide a Chinese table is. */
import { EventEmitter } from 'node:events';
import process from 'node:process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Progress } from '../api/runs.ts';
import { refusedWrite } from '../../trainer/durable/disk-fault.ts';
import { faultCodes, type Fault } from '../../trainer/protocol/fault.ts';
import { pretrain } from '../workstation/testing/bench.ts';
import { withoutLogLines } from '../workstation/trainer/trainer-exit.ts';
import { assignmentOf, parseCommandLine, UsageError } from './arguments.ts';
import { helpIn } from './help.ts';
import { lasting } from './outputs.ts';
import { oneLine, printable } from './printable.ts';
import { createProgressLine } from './progress.ts';
import { bytes, duration, tableOf, type Column } from './table.ts';
import { clip, widthOf, wrap } from './text-width.ts';
import { wordsIn } from './words.ts';
import { chosenWay, withSettings } from './work-commands.ts';

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

test('a resume takes another way past losses that are not finite, and nothing else', () => {
  const chosen = (...set: readonly string[]) =>
    chosenWay(parseCommandLine(['resume', 'x', ...set.flatMap((one) => ['--set', one])]).set);
  expect(chosen()).toBeUndefined();
  expect(chosen('whenNotFinite.policy=lower-rate')).toEqual({ policy: 'lower-rate' });
  expect(chosen('whenNotFinite.policy=clip')).toEqual({ policy: 'clip', norm: 1 });
  expect(chosen('whenNotFinite.policy=clip', 'whenNotFinite.norm=0.5')).toEqual({ policy: 'clip', norm: 0.5 });
  for (const refused of ['whenNotFinite.policy=hope', 'batch=64', 'whenNotFinite.norm=2'])
    expect(() => chosen(refused), refused).toThrow(UsageError);
  expect(withSettings(pretrain('x'), [['whenNotFinite.policy', 'clip']]).whenNotFinite).toEqual({
    policy: 'clip',
    norm: 1,
  });
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
  const columns: readonly Column[] = [
    { title: '图', holds: 'text' },
    { title: 'n', holds: 'figures' },
  ];
  const rows = [
    ['a', '10'],
    ['论文', '5'],
  ];
  expect(tableOf(columns, rows, 100).split('\n')).toEqual(['图     n', '────  ──', 'a     10', '论文   5']);
  expect(duration(59.6)).toBe('1:00');
  expect(duration(3661)).toBe('1:01:01');
  expect(bytes(1536)).toBe('1.5 KiB');
});

test('whatever a text is made of, its lines fit and nothing of it is lost', () => {
  const piece = fc.constantFrom('论', '文', '，', '（', '）', 'word ', 'a', '12.34', ' ', '/', ',', '…', 'é');
  const texts = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(texts, fc.integer({ min: 2, max: 30 }), (text, room) => {
      const lines = wrap(text, room);
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(room);
      expect(lines.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
      expect(widthOf(clip(text, room))).toBeLessThanOrEqual(room);
    }),
  );
});

test('a table that is too wide wraps its texts and keeps figures and names whole', () => {
  const columns: readonly Column[] = [
    { title: 'Run', holds: 'name' },
    { title: '名称', holds: 'text' },
    { title: 'Figure', holds: 'figures' },
  ];
  const rows = [
    ['20260101-000000-abcdef', '一个名字很长很长的运行，（括号）在后面，以及 some English words', 'top-1 12.34'],
    '  /a/path/that/is/longer/than/the/table/is/wide/and/goes/on/to/the/next/line/and/the/next',
  ];
  for (const room of [40, 60, 80]) {
    const lines = tableOf(columns, rows, room).split('\n');
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(room);
    const text = lines.join('\n');
    expect(text).toContain('20260101-000000-abcdef');
    expect(text).toContain('top-1 12.34');
    // Marks that close do not begin a line, marks that open do not end one.
    expect(text).not.toMatch(/^\s*[，）]|（\s*$/m);
    // Nothing is left out.
    for (const cell of ['一个名字', '括号', 'English', 'words']) expect(text.replace(/\s/g, '')).toContain(cell);
  }
});

const progress: Progress = {
  run: 'r',
  phase: 'training',
  pausedBy: null,
  quietForMs: 1,
  silentMs: 0,
  liveness: 'alive',
  step: 5,
  steps: 10,
  epoch: 0.5,
  fraction: null,
  samplesPerSecond: 100,
  waitShare: 0,
  secondsLeft: 61,
  secondsLeftSpread: 5,
  memoryBytes: 1,
  safeStep: 4,
  safeAt: null,
  device: 'cpu',
};

test('in a terminal one line is rewritten and never longer than the terminal', () => {
  let written = '';
  const line = createProgressLine(
    { isTTY: true, columns: 40, write: (text) => (written += text) },
    wordsIn('zh'),
    () => 0,
  );
  line.progress(progress, '一个名字很长很长很长的运行，长得放不下');
  const shown = written.slice(1).replace('\u001b[K', '');
  expect(written).toBe(`\r${shown}\u001b[K`);
  expect(shown).toContain('…');
  expect(shown).toContain('训练   50 %');
  expect(widthOf(shown)).toBeLessThan(40);
  // The same again draws nothing.
  line.progress(progress, '一个名字很长很长很长的运行，长得放不下');
  expect(written.endsWith(shown + '\u001b[K')).toBe(true);
  expect(written.split('\r')).toHaveLength(2);
  line.say('done');
  expect(written).toContain('\r\u001b[2Kdone\n');
  expect(written.endsWith(`\r${shown}\u001b[K`)).toBe(true);
  line.end();
  expect(written.endsWith('\r\u001b[2K')).toBe(true);
});

test('without one, lines are sparse: one for a phase, then after ever longer pauses', () => {
  const lines: string[] = [];
  let now = 0;
  const line = createProgressLine({ write: (text) => lines.push(text) }, wordsIn('en'), () => now);
  for (now = 0; now < 60_000; now += 100) line.progress(progress, 'A');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toBe(
    'A  training   50 %  step 5/10  100 images/s  1:01 left, give or take 0:05  checkpoint at step 4\n',
  );
  line.progress({ ...progress, phase: 'saving' }, 'A');
  expect(lines).toHaveLength(3);
  // Phases that come back every epoch are no news.
  for (; now < 3_600_000; now += 1000)
    line.progress({ ...progress, phase: now % 2000 === 0 ? 'training' : 'saving' }, 'A');
  expect(lines.length).toBeLessThan(20);
  for (const code of ['\r', '\u001b']) expect(lines.join('')).not.toContain(code);
});

test('work beside the runs is told in words', () => {
  const lines: string[] = [];
  const line = createProgressLine({ write: (text) => lines.push(text) }, wordsIn('zh'), () => 0);
  const job = { kind: 'probe', phase: 'loading', fraction: null, secondsLeft: null, ended: false };
  line.job(job);
  line.job({ ...job, phase: 'preparing' });
  expect(lines).toEqual(['检测计算设备\n']);
  line.job({ ...job, ended: true });
  line.job(job);
  expect(lines).toHaveLength(2);
});

test('the help fits a line and names every command in both languages', () => {
  for (const text of Object.values(helpIn)) {
    for (const line of text.split('\n')) expect(widthOf(line), line).toBeLessThanOrEqual(100);
    for (const word of [
      'doctor',
      'gpu-build',
      'datasets',
      'presets',
      'run ',
      'resume',
      'evaluate',
      'features',
      'export',
      'plan ',
    ])
      expect(text).toContain(`\n  ${word}`);
    for (const word of ['compare', 'report', 'replay', 'import', 'weights', '--home', '--json', '--verbose', '--lang'])
      expect(text).toContain(`\n  ${word}`);
  }
});

test('what TensorFlow and Node log whatever happens is not told as the end of a trainer', () => {
  const log = [
    'WARNING: All log messages before absl::InitializeLog() is called are written to STDERR',
    'I0000 00:00:1795900466.140762   14685 port.cc:153] oneDNN custom operations are on.',
    '2026-01-02 03:04:05.678901: I tensorflow/core/platform/cpu_feature_guard.cc:210] This TensorFlow binary is optimized',
    'To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow.',
    'E0000 00:00:1795900466.140762   14685 cuda_dnn.cc:8579] Unable to register cuDNN factory: already registered',
    '(node:123) ExperimentalWarning: This may change at any time',
    '(Use `node --trace-warnings ...` to show where the warning was created)',
    '(node:123) [DEP0040] DeprecationWarning: The `punycode` module is deprecated.',
  ];
  expect(withoutLogLines(log.join('\n'))).toBe('');
  const faults = [
    'F0000 00:00:1795900466.140762   14685 tensor.cc:1] Check failed: 1 == 2',
    'E0000 00:00:1795900466.140762   14685 cuda_executor.cc:1] failed call to cuInit: CUDA_ERROR_NO_DEVICE',
    "terminate called after throwing an instance of 'std::bad_alloc'",
    'Error: Cannot find module koffi',
  ];
  expect(withoutLogLines([...log, ...faults, ...log].join('\n'))).toBe(faults.join('\n'));
});

test('a fault is told in the language of the terminal, with its English message', () => {
  const fault: Fault = {
    code: 'other-arithmetic',
    message: 'This machine has other threads: 2 for 4.',
    values: { what: '线程数' },
  };
  expect(wordsIn('en').fault(fault)).toBe(fault.message);
  expect(wordsIn('zh').fault(fault)).toBe(`本机所用的 线程数 与该实验不同。（${fault.message}）`);
  for (const code of faultCodes)
    expect(wordsIn('zh').fault({ ...fault, code })).toMatch(/^[^{}]*\p{Script=Han}[^{}]*。（/u);
});

test('a pause that nobody asked for is told with its reason and what to do', () => {
  const fault = {
    code: 'data-unreachable',
    message: 'The data cannot be reached.',
    values: { path: '/data/a.jpg', why: 'gone' },
  } as const;
  expect(wordsIn('en').pausedBy(fault)).toBe(
    'The data cannot be reached: /data/a.jpg. It was removed or renamed, or its disk is not mounted. Put it back or connect its disk. ' +
      `The run looks every few seconds and goes on by itself from where it is. Enter (or kill -CONT ${process.pid}) tries at once, Ctrl+C stops.`,
  );
  expect(wordsIn('zh').pausedBy(fault)).toContain('无法访问数据：/data/a.jpg。文件已被删除或重命名');
});

test('a disk that refuses a write is told with path, reason and room, and how it goes on', () => {
  const fault = refusedWrite('/runs/1/checkpoints', 'ENOSPC', 3 * 2 ** 20, 2 ** 20);
  const byHand = `Enter (or kill -CONT ${process.pid}) tries at once, Ctrl+C stops.`;
  for (const text of [wordsIn('en').pausedBy(fault), wordsIn('en').recordsHeld(fault)]) {
    expect(text).toMatch(/^\/runs\/1\/checkpoints .*the disk is full \(3 MiB needed, 1 MiB free\)/);
    expect(text.endsWith(byHand)).toBe(true);
  }
  expect(wordsIn('zh').pausedBy(fault)).toContain('磁盘已满（需要 3 MiB，剩余 1 MiB）');
  expect(wordsIn('zh').recordsHeld(null)).toBe('记录已恢复写入。');
});

test('control characters in names are shown and not obeyed, in tables, lines and JSON', () => {
  const title = 'a\u001b[31mred\u009b2J\u202egnp.\nnext';
  let written = '';
  const line = createProgressLine(
    { isTTY: true, columns: 80, write: (text) => (written += text) },
    wordsIn('en'),
    () => 0,
  );
  line.say(title);
  line.progress({ ...progress, phase: 'training' }, title);
  const table = tableOf([{ title: 'Title', holds: 'text' }], [[title], `  ${title}`], 80);
  // eslint-disable-next-line no-control-regex -- Our own codes are taken out.
  for (const text of [written.replaceAll(/\r?\u001b\[2?K/g, '').replaceAll('\r', ''), table]) {
    expect(text).toContain('a\\u001b[31mred\\u009b2J\\u202egnp.');
    // eslint-disable-next-line no-control-regex -- They are what must not be there.
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  }
  expect(oneLine(title)).not.toContain('\n');
  expect(JSON.parse(printable(JSON.stringify({ title })))).toEqual({ title });
});

test('a reader that goes away ends the output and nothing else; a full disk is remembered', () => {
  const stream = (code: string) => {
    const events = new EventEmitter();
    let wrote = 0;
    const output = lasting({
      on: (name, listener) => events.on(name, listener),
      write: () => {
        wrote += 1;
        events.emit('error', Object.assign(new Error(code), { code }));
      },
    });
    output.write('one');
    output.write('two');
    return { wrote, lost: output.lost() };
  };
  expect(stream('EPIPE')).toEqual({ wrote: 1, lost: null });
  expect(stream('ENOSPC')).toMatchObject({ wrote: 1, lost: { message: 'ENOSPC' } });
});
