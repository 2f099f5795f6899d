/**
 * A real run on a disk that refuses one call after another until somebody mends it: it pauses with the path and the reason,
 * goes on when the disk does, and ends in the same bytes. Once also on a file system that is really full.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, expect, it } from 'vitest';
import type { Plan, Refusal } from '../durable/testing/broken-disk.ts';
import { recordCases } from '../durable/testing/record-cases.ts';
import type { TrainerEvent } from '../protocol/events.ts';
import { exitOf, jobOf, liveOn, tinyPretraining, traceOf, type Stage } from '../testing/killing.ts';
import { useTinyTrainer } from '../testing/tiny-trainer.ts';

const hours = 3_600_000;
const place = useTinyTrainer('disk-nightly');
const brokenDisk = join(import.meta.dirname, '../durable/testing/broken-disk.ts');
const refusals: readonly Refusal[] = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EROFS'];

const stageAt = (folder: string): Stage => ({ program: place.program, folder, config: tinyPretraining(place.data) });

/** Starts the run with a parent that mends the disk at the first pause, and lets it go on. Returns the reasons it gave. */
async function liveWithParent(stage: Stage, options: { readonly plan?: Plan; readonly mend: () => void }) {
  mkdirSync(stage.folder, { recursive: true });
  const child: ChildProcess = spawn(process.execPath, ['--import', brokenDisk, stage.program], {
    cwd: stage.folder,
    env: { ...process.env, REPRISE_BROKEN_DISK: options.plan === undefined ? '' : JSON.stringify(options.plan) },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const reasons: string[] = [];
  child.on('message', (message) => {
    const event = message as TrainerEvent | { readonly type: 'ready' };
    if (event.type === 'ready') child.send({ type: 'start', job: jobOf(stage, 1) });
    if (event.type === 'checkpoint') child.send({ type: 'recorded', step: event.step });
    if (event.type === 'log' && event.code === 'checkpoints-not-deleted') reasons.push(event.text);
    if (event.type === 'phase' && event.reason !== undefined) {
      reasons.push(event.reason.message);
      options.mend();
      // A disk that is mended is not refused by again and again.
      child.send({ type: reasons.length > 5 ? 'stop' : 'resume' });
    }
  });
  return { ...(await exitOf(child)), reasons, errors };
}

it(
  'R7: refused at any of its calls, a run pauses with the reason, goes on, and ends in the same bytes',
  async () => {
    const straight = stageAt(join(place.folder, 'straight'));
    await liveOn(straight, 1);
    const expected = traceOf(straight);
    const wrong: string[] = [];
    let cases = 0;
    // Every call of the beginning, the first save and the steps between; later ones repeat them.
    for (let at = 1; at <= 40; at += 1) {
      const how = refusals[at % refusals.length]!;
      const stage = stageAt(join(place.folder, `at-${at}`, 'run'));
      mkdirSync(stage.folder, { recursive: true });
      const healed = join(place.folder, `at-${at}`, 'healed');
      const plan: Plan = { below: stage.folder, at, how, healedBy: healed };
      const { code, reasons, errors } = await liveWithParent(stage, { plan, mend: () => writeFileSync(healed, '') });
      cases += 1;
      const say = (what: string): void => void wrong.push(`${how} at call ${at}: ${what}`);
      if (code !== 0) say(`ended with ${code}: ${errors.slice(-500)}`);
      else if (JSON.stringify(traceOf(stage)) !== JSON.stringify(expected)) say('ended in other bytes');
      if (!reasons.some((reason) => reason.includes(how) && reason.includes(stage.folder)))
        say(`said ${reasons.join()}`);
      rmSync(stage.folder, { recursive: true });
    }
    const how = 'a run refused at one of its first 40 calls: paused with the reason, went on, same bytes';
    recordCases({ promise: 'R7', how, cases, lost: wrong.length });
    expect(wrong).toEqual([]);
  },
  2 * hours,
);

const mounted = mkdtempSync(join(tmpdir(), 'small-disk-'));
const isMounted =
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', mounted], { stdio: 'ignore' }).status === 0;
afterAll(() => {
  if (isMounted) spawnSync('umount', [mounted]);
  rmSync(mounted, { recursive: true, force: true });
});

it(
  'R7: on a file system that is really full a run pauses, keeps its checkpoint, and goes on when there is room',
  async ({ skip }) => {
    const how = 'a run on a file system of 4 MiB that fills up: paused, checkpoint kept, went on, same bytes';
    if (!isMounted) {
      recordCases({ promise: 'R7', how, untested: 'a file system could not be mounted (it takes root)' });
      skip('no file system can be mounted');
    }
    const straight = stageAt(join(place.folder, 'straight-small'));
    await liveOn(straight, 1);
    const stage = stageAt(join(mounted, 'run'));
    mkdirSync(stage.folder);
    const ballast = join(mounted, 'ballast');
    // Room for the events and one checkpoint, and not for the next.
    const checkpoint = readdirSync(join(straight.folder, 'checkpoints'))
      .map((name) => readFileSync(join(straight.folder, 'checkpoints', name, 'tensors.bin')).length)
      .at(-1)!;
    writeFileSync(ballast, Buffer.alloc(4 * 2 ** 20 - Math.round(1.5 * checkpoint)));
    const { code, reasons, errors } = await liveWithParent(stage, { mend: () => rmSync(ballast, { force: true }) });
    const isKept = code === 0 && JSON.stringify(traceOf(stage)) === JSON.stringify(traceOf(straight));
    recordCases({ promise: 'R7', how, cases: 1, lost: isKept && reasons.length > 0 ? 0 : 1 });
    expect(reasons.join('\n')).toMatch(/ENOSPC/);
    expect(isKept, errors).toBe(true);
  },
  hours,
);
