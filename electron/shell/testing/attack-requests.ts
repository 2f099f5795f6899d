/** Sends hostile payloads to every request of a real workstation, by the code that answers the window. */
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as after } from 'node:timers/promises';
import fc from 'fast-check';
import * as v from 'valibot';
import { expect } from 'vitest';
import { faultCodes } from '../../../trainer/protocol/fault.ts';
import { requestNames, type Requests } from '../../api/requests.ts';
import type { Handler, Handlers } from '../../workstation/requests.ts';
import { carried, hostilePayloads } from '../../workstation/testing/hostile-payloads.ts';
import { createBench, evaluation, pretrain } from '../../workstation/testing/bench.ts';
import type { answerOne } from '../ipc.ts';

/** Requests that start a process or write a test file of 64 MB each time they are answered. */
const costly: ReadonlySet<keyof Requests> = new Set([
  ...(['doctor', 'hardware', 'inspect', 'calibrate', 'calibratePlan', 'precisions', 'startPlan'] as const),
  ...(['fastestExecution'] as const),
  ...(['importWeights', 'exportWeights', 'evaluateDetections', 'writeSampleSet', 'thumbnails'] as const),
  ...(['embeddingMap', 'mapLayout'] as const),
  ...(['pictures', 'picture', 'augmentedViews', 'showPicture', 'createRun', 'resumeRun'] as const),
]);

/** Far longer than any of them takes. */
const hangsAfterMs = 60_000;

export interface Attack {
  readonly payloadsPerRequest: number;
  /** Of those that pass the schema, how many are answered. */
  readonly answersPerRequest: number;
  readonly answersPerCostlyRequest: number;
}

export interface Outcome {
  readonly payloads: number;
  readonly refused: number;
  readonly answered: number;
  readonly faults: number;
}

/** Every file under a folder but those of one in it: path, size, time of its last change. */
function filesOf(folder: string, but: readonly string[]): readonly string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (but.includes(path)) return [];
    const { size, mtimeMs, mode } = lstatSync(path);
    const own = `${path} ${mode} ${lstatSync(path).isDirectory() ? '' : `${size} ${mtimeMs}`}`;
    return lstatSync(path).isDirectory() ? [own, ...filesOf(path, but)] : [own];
  });
}

/** @param handlersOf the window's handlers of a workstation */
export async function attackRequests(
  answer: typeof answerOne,
  handlersOf: (workstation: Awaited<ReturnType<ReturnType<typeof createBench>['open']>>) => Handlers,
  { payloadsPerRequest, answersPerRequest, answersPerCostlyRequest }: Attack,
): Promise<Outcome> {
  const bench = createBench();
  const root = dirname(bench.home);
  const outside = join(root, 'outside');
  const fifo = join(outside, 'fifo');
  mkdirSync(outside);
  writeFileSync(join(outside, 'canary.txt'), 'untouched');
  execFileSync('mkfifo', [fifo]);
  const workstation = await bench.open({ drain: 'own', complain: () => undefined });
  try {
    const handlers = handlersOf(workstation);
    const data = join(bench.runtime, 'data', 'fashion-mnist');
    const inspection = await handlers.inspect.answer(data, false);
    await handlers.addDataset.answer(inspection, 'Mine');
    const runs = [
      await handlers.createRun.answer(pretrain('steps=3', data)),
      await handlers.createRun.answer(evaluation('steps=3', null, data)),
    ];
    const report = await handlers.exportReport.answer({ kind: 'runs', runs }, ['csv'], 'en');
    const known = [
      ...[
        ...runs,
        report.id,
        'tiny',
        'small',
        'f0',
        'train',
        'test',
        'vicreg',
        'resnet-18',
        'adamw',
        'constant',
        'idx',
        'knn',
      ],
      ...[
        'cpu',
        'loss',
        '0123456789abcdef',
        'a.png',
        'https://arxiv.org/abs/2105.04906',
        bench.home,
        data,
        outside,
        fifo,
      ],
      ...[join(outside, 'canary.txt'), '../outside/canary.txt', '/dev/zero', '/proc/self/mem'],
    ];
    const apart = [bench.home, join(root, 'trash')];
    const before = filesOf(root, apart);
    const here = readdirSync(process.cwd());
    const outcome = { payloads: 0, refused: 0, answered: 0, faults: 0 };

    for (const name of requestNames) {
      const handler = handlers[name] as unknown as Handler<typeof name>;
      let answers = costly.has(name) ? answersPerCostlyRequest : answersPerRequest;
      await fc.assert(
        fc.asyncProperty(hostilePayloads(handler.args, known), async (made) => {
          const given = carried(made);
          if (given === undefined) return;
          outcome.payloads += 1;
          let reached = false;
          const counted = {
            args: handler.args,
            answer: async (...args: never[]) => {
              reached = true;
              if (answers <= 0) return undefined;
              answers -= 1;
              outcome.answered += 1;
              return (handler.answer as (...all: never[]) => unknown)(...args);
            },
          } as unknown as typeof handler;
          const told = await Promise.race([
            answer(counted, name, given.payload),
            after(hangsAfterMs, 'hangs' as const, { ref: false }),
          ]);
          if (told === 'hangs') throw new Error(`"${name}" did not answer.`);
          if (told.ok) {
            structuredClone(told.value);
            return;
          }
          if (!reached) outcome.refused += 1;
          else outcome.faults += 1;
          expect(faultCodes).toContain(told.fault.code);
          // A fault of the program's own making says what was wrong; "internal" is an exception that nobody thought of.
          expect(told.fault.code, `${name}: ${told.fault.message}`).not.toBe('internal');
          structuredClone(told.fault);
        }),
        { numRuns: payloadsPerRequest },
      );
      expect(({} as Record<string, unknown>)['isAdmin'], `${name} changed every object`).toBeUndefined();
    }
    expect(filesOf(root, apart)).toEqual(before);
    expect(readdirSync(process.cwd())).toEqual(here);
    expect(readFileSync(join(outside, 'canary.txt'), 'utf8')).toBe('untouched');
    for (const path of bench.trashed) expect(path.startsWith(`${bench.home}/`), path).toBe(true);
    expect(existsSync(join(bench.home, 'reprise.db'))).toBe(true);
    // It lives on, and answers rightly.
    const rows = await handlers.runs.answer();
    expect(v.is(v.array(v.looseObject({ id: v.string() })), rows)).toBe(true);
    return outcome;
  } finally {
    await bench.remove();
  }
}
