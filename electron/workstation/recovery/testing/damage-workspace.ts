/** Damages one file of a workspace at random, opens it, and holds what it says then against what it said before. */
import { cpSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect } from 'vitest';
import { pretrain, rowOf, until, type Bench } from '../../testing/bench.ts';
import type { Workstation } from '../../workstation.ts';

/** Makes a workspace with a finished plan, an interrupted run, imported weights and settings of its own. */
export async function fillWorkspace(bench: Bench): Promise<void> {
  const workstation = await bench.open();
  const { handlers } = workstation;
  await handlers.startPlan.answer('tiny', null);
  await workstation.whenIdle();
  const cut = await handlers.createRun.answer(pretrain('steps=20 ms=2 every=5 kill=12'));
  await until(async () => (await rowOf(workstation, cut)).status === 'interrupted', 'interrupted');
  await handlers.noteRun.answer(cut, 'A note of mine.');
  await handlers.tagRun.answer(cut, ['mine']);
  const file = join(bench.runtime, 'resnet18.pth');
  writeFileSync(file, 'pth');
  await handlers.importWeights.answer(file);
  const { settings } = await handlers.about.answer();
  await handlers.changeSettings.answer({ ...settings, threads: 3, theme: 'dark' });
  await workstation.close('safely');
}

/** Everything a workspace says, a line each; what it does not know is left out. */
async function sayingsOf({ handlers }: Workstation): Promise<readonly string[]> {
  const lines: string[] = [];
  const say = (...words: readonly unknown[]): void => void lines.push(JSON.stringify(words));
  for (const { id } of await handlers.runs.answer()) {
    const { row, config, results, checkpoints } = await handlers.run.answer(id);
    say('run', id, config);
    if (row.note !== '') say('note', id, row.note);
    for (const tag of row.tags) say('tag', id, tag);
    if (row.plan !== null) say('planned', id, row.plan, row.planKey);
    for (const { evaluator, metric, value } of results) say('result', id, evaluator, metric, value);
    for (const { step, epoch, folder } of checkpoints) say('checkpoint', id, step, epoch, folder);
    const { steps, mean } = await handlers.metric.answer(id, 'loss', 500);
    steps.forEach((step, at) => say('loss', id, step, mean[at]));
  }
  for (const { plan, startedAt, runs } of await handlers.plans.answer())
    if (startedAt !== null) say('plan', plan.id, plan.runs.length, runs.length);
  for (const { name, path, fingerprint } of await handlers.datasets.answer()) say('data', name, path, fingerprint);
  for (const { id, name, encoder, file } of await handlers.weights.answer()) say('weights', id, name, encoder, file);
  return lines;
}

interface Damage {
  /** Relative to the workspace. */
  readonly path: string;
  /** 'digit': the last bit of a digit, so that the file reads as well as before. */
  readonly kind: 'flip' | 'digit' | 'cut';
  /** Place in the file, 0 to 1. */
  readonly at: number;
  readonly bit: number;
  /** Opened with the database, or with one that is made anew from the files. */
  readonly withDatabase: boolean;
}

function filesOf(home: string): readonly string[] {
  const paths = readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(home.length + 1));
  // Neither is a record: the log, and what can be computed again.
  return paths.filter((path) => !/^(?:logs|cache)\b/.test(path)).sort();
}

/** Every kind of file is as likely as another, however many there are of it. */
function kindsOf(home: string): readonly (readonly string[])[] {
  const kindOf = (path: string): string => (/^(?:plans|datasets)\b/.test(path) ? dirname(path) : basename(path));
  const kinds = new Map<string, string[]>();
  for (const path of filesOf(home)) kinds.set(kindOf(path), [...(kinds.get(kindOf(path)) ?? []), path]);
  return [...kinds.values()];
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

function damage(home: string, { path, kind, at, bit }: Damage): void {
  const file = join(home, path);
  const { size } = statSync(file);
  const offset = Math.min(size - 1, Math.floor(at * size));
  if (kind === 'cut') truncateSync(file, Math.max(0, offset));
  else if (size > 0) {
    const bytes = readFileSync(file);
    const digit = kind === 'digit' ? bytes.findIndex((byte, place) => place >= offset && isDigit(byte)) : -1;
    if (digit >= 0) bytes[digit]! ^= 1;
    else bytes[offset]! ^= 1 << bit;
    writeFileSync(file, bytes);
  }
}

/** @param count called at the end with the cases that were tried and those that were lost */
export async function damageRepeatedly(
  bench: Bench,
  cases: number,
  count: (tried: number, lost: number) => void = () => undefined,
): Promise<void> {
  await fillWorkspace(bench);
  const home = join(bench.home, '..', 'damaged');
  const openCopy = (complain: (line: string) => void): Promise<Workstation> =>
    bench.open({ home, drain: 'own', complain });
  const copy = (withDatabase: boolean): void => {
    rmSync(home, { recursive: true, force: true });
    cpSync(bench.home, home, { recursive: true });
    if (!withDatabase) for (const name of readdirSync(home)) if (name.startsWith('reprise')) rmSync(join(home, name));
  };
  copy(true);
  const whole = await openCopy(() => undefined);
  const before = await sayingsOf(whole);
  await whole.close('safely');

  const draw = fc.record({
    path: fc.oneof(...kindsOf(bench.home).map((paths) => fc.constantFrom(...paths))),
    kind: fc.constantFrom('flip', 'digit', 'cut'),
    at: fc.noBias(fc.integer({ min: 0, max: 999_999 })).map((millionth) => millionth / 1e6),
    bit: fc.integer({ min: 0, max: 7 }),
    withDatabase: fc.boolean(),
  });
  let tried = 0;
  let kept = 0;
  const property = fc.asyncProperty(draw, async (drawn) => {
    tried += 1;
    const isDatabase = drawn.path.startsWith('reprise');
    copy(isDatabase || drawn.withDatabase);
    damage(home, drawn);
    const opened = await openCopy(() => undefined);
    try {
      const after = await sayingsOf(opened);
      const { damage: notes } = await opened.handlers.about.answer();
      expect(
        after.filter((line) => !before.includes(line)),
        'what is false',
      ).toEqual([]);
      expect(notes.length, notes.join('\n')).toBeLessThanOrEqual(1);
      if (after.length < before.length) expect(notes, 'what is missing is said').toHaveLength(1);
      kept += 1;
    } finally {
      await opened.close('safely');
    }
  });
  await fc.assert(property, { numRuns: cases, endOnFailure: true }).finally(() => count(tried, tried - kept));
}
