/** `reprise plan` on a workspace in which a run of the plan waits for a decision: it goes on with the rest and says so. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createBench, evaluation, pretrain, tinyPlan, type Bench } from '../workstation/testing/bench.ts';
import { parseCommandLine } from './arguments.ts';
import { exitCodes } from './help.ts';
import type { Session } from './session.ts';
import { wordsIn } from './words.ts';
import { plan } from './work-commands.ts';

const data = '$fashion-mnist';
const diverging = {
  ...tinyPlan,
  id: 'diverging',
  runs: [
    { key: 'train', role: 'main', config: { ...pretrain('VICReg steps=20 ms=2 every=5 diverge=8', data) } },
    { key: 'measure', role: 'main', config: evaluation('k-NN steps=5', 'train', data) },
    { key: 'pixels', role: 'control', config: evaluation('Pixels steps=5', null, data) },
  ],
};

let bench: Bench;
beforeEach(() => {
  bench = createBench();
  writeFileSync(join(bench.home, '..', 'app', 'resources', 'plans', 'diverging.json'), JSON.stringify(diverging));
});
afterEach(() => bench.remove());

/** What the command told beside its progress, what it printed, and its exit code. */
async function carriedThrough(language: 'en' | 'zh') {
  const workstation = await bench.open({ drain: 'own' });
  const [told, printed]: [string[], string[]] = [[], []];
  const session = {
    ...workstation,
    home: bench.home,
    words: wordsIn(language),
    room: 100,
    line: { say: (text: string) => told.push(text), end: () => undefined },
    print: (text: string) => printed.push(text),
    work: () => workstation.whenIdle().then(() => false),
  };
  const code = await plan(session as unknown as Session, parseCommandLine(['plan', 'diverging', '--format', 'csv']));
  const { runs } = (await workstation.handlers.plans.answer()).find((row) => row.plan.id === 'diverging')!;
  const attempts = await Promise.all(
    runs.map(async ({ run }) => (await workstation.handlers.run.answer(run!)).attempts.length),
  );
  await workstation.close('safely');
  return { code, told: told.join('\n'), printed: printed.join('\n'), run: runs[0]?.run, attempts };
}

test('at once and at the end, in both languages; the run is not started again', async () => {
  const first = await carriedThrough('en');
  expect(first.attempts).toEqual([1, 0, 1]);
  expect(first.told).not.toContain('decision');
  for (const [language, decision, behind] of [
    ['en', 'VICReg steps=20 ms=2 every=5 diverge=8: waits for your decision', 'waiting for it: k-NN'],
    ['zh', 'VICReg steps=20 ms=2 every=5 diverge=8：等待您决定如何继续', '等待该实验的还有：k-NN'],
  ] as const) {
    const again = await carriedThrough(language);
    expect(again.attempts).toEqual([1, 0, 1]);
    expect(again.code).toBe(exitCodes.failed);
    for (const text of [again.told, again.printed])
      for (const part of [decision, 'Training diverged.', behind, `reprise resume ${again.run}`])
        expect(text).toContain(part);
  }
});
