/** The queue from the terminal: another order, runs taken out, and what the list says. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunRow } from '../api/runs.ts';
import { createBench, pretrain, rowOf, until, type Bench } from '../workstation/testing/bench.ts';
import { parseCommandLine } from './arguments.ts';
import { queue, queueText } from './queue-command.ts';
import type { Session } from './session.ts';
import { wordsIn } from './words.ts';

let bench: Bench;
beforeEach(() => (bench = createBench()));
afterEach(() => bench.remove());

test('runs are moved and taken out by their ids, and the list follows', async () => {
  const workstation = await bench.open();
  const { handlers } = workstation;
  const running = await handlers.createRun.answer(pretrain('steps=2000 ms=5'));
  await until(async () => (await rowOf(workstation, running)).status === 'running', 'running');
  const ids: string[] = [];
  for (const name of ['a', 'b', 'c']) ids.push(await handlers.createRun.answer(pretrain(`steps=2 ${name}`)));
  const [a = '', b = '', c = ''] = ids;
  const printed: string[] = [];
  const session = {
    ...workstation,
    words: wordsIn('en'),
    room: 100,
    line: { end: () => undefined },
    print: (text: string) => printed.push(text),
  };
  const say = async (...words: readonly string[]): Promise<string> => {
    await queue(session as unknown as Session, parseCommandLine(['queue', ...words]));
    return printed.at(-1) ?? '';
  };
  const order = async (): Promise<readonly string[]> => (await handlers.queue.answer()).map(({ run }) => run);

  expect(await say('move', c, b, 'top')).toMatch(/steps=2 c[^]*steps=2 b[^]*steps=2 a/);
  expect(await order()).toEqual([c, b, a]);
  await say('move', a, '2');
  await say('move', a, a, 'top');
  expect(await order()).toEqual([a, c, b]);
  await expect(say('cancel', c, running)).rejects.toThrow('is not queued');
  await say('cancel', c, b);
  expect(await order()).toEqual([a]);
  await expect(say('move', a)).rejects.toThrow('needs runs, then their place');
  await expect(say('turn', a)).rejects.toThrow('expected move or cancel');
});

test('the list says what a run waits for, and a first idea of its end as one', () => {
  const rows = [
    { id: 'a', title: 'One', waitsFor: { kind: 'device', run: 'precisions' } },
    { id: 'b', title: 'Two', waitsFor: { kind: 'plan' } },
  ] as unknown as readonly RunRow[];
  const queued = [
    { run: 'a', seconds: 60, isRough: true, endsAt: Date.now() + 7_200_500 },
    { run: 'b', seconds: null, isRough: false, endsAt: null },
  ];
  const text = (language: 'en' | 'zh') =>
    queueText(queued, rows, { words: wordsIn(language), room: 100 } as unknown as Session);
  expect(text('en')).toMatch(/One +the device is being measured +≈ 2:00:0/);
  expect(text('en')).toMatch(/Two +plan paused +–/);
  expect(text('zh')).toContain('计划已暂停');
  expect(text('en') + text('zh')).not.toContain('precisions');
});
