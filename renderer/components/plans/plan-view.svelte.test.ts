/** A plan whose runs wait for a decision: what is said of each, and that nothing is offered which would start none. */
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PlanRow } from '../../../electron/api/plans.ts';
import { createFake } from '../../dev/fake/fake.ts';
import { plan } from '../../dev/fake/plan.ts';
import { words } from '../../lib/language/i18n.svelte.ts';
import PlanView from './testing/PlanView.svelte';

const fault = { code: 'diverged', message: 'Training diverged.', values: {}, retry: 'resume' } as const;
const evaluates = ({ config }: (typeof plan.runs)[number], key: string): boolean =>
  config.kind === 'evaluate' && config.subject.kind === 'run' && config.subject.run === key;
const train = plan.runs.find(({ config }) => config.kind === 'pretrain')!;
const row: PlanRow = {
  plan,
  needs: [],
  runs: plan.runs.map((planned) => {
    const { key } = planned;
    if (key === train.key) return { key, run: key, status: 'interrupted', waits: { for: 'decision', fault } };
    if (evaluates(planned, train.key))
      return { key, run: key, status: 'queued', waits: { for: 'run', key: train.key } };
    return { key, run: key, status: 'done', waits: null };
  }),
  state: 'waiting',
  secondsLeft: 60,
  roughSecondsLeft: null,
  perSeed: { seconds: 40, diskBytes: null },
  startedAt: 1,
  seeds: 1,
  isShipped: true,
};

let shown: ReturnType<typeof mount> | null = null;
beforeEach(() => Object.defineProperty(window, 'workstation', { value: createFake(), configurable: true }));
afterEach(async () => {
  if (shown !== null) await unmount(shown);
  shown = null;
});

function show(of: PlanRow, language: 'en' | 'zh'): string {
  words.language = language;
  shown = mount(PlanView, { target: document.body, props: { row: of } });
  flushSync();
  return document.querySelector('.runs')!.textContent.replaceAll(/\s+/g, ' ');
}

test.each([
  ['en', 'Waits for your decision. The training diverged', `Waiting for the result of ${train.config.title}.`],
  ['zh', '等待您决定如何继续。训练发散', `等待 ${train.config.title} 的结果。`],
] as const)('in %s', (language, decision, behind) => {
  const text = show(row, language);
  expect(text.split(decision)).toHaveLength(2);
  const waiting = plan.runs.filter((planned) => evaluates(planned, train.key)).length;
  expect(waiting).toBeGreaterThan(0);
  expect(text.split(behind)).toHaveLength(1 + waiting);
  expect(document.querySelector('[data-testid="start-plan"]')).toBeNull();
});

test('a plan of which more can be done is continued', () => {
  show({ ...row, state: 'paused' }, 'en');
  expect(document.querySelector('[data-testid="start-plan"]')).not.toBeNull();
});
