/** Training jobs of the trainer, each in a process of its own, for the benches that compare what trainings end with. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import * as v from 'valibot';
import { newestValid } from '../../trainer/checkpoints/newest-checkpoint.ts';
import type { JobOf } from '../../trainer/channel/job.ts';
import { FaultError } from '../../trainer/durable/fault-error.ts';
import { Fault } from '../../trainer/protocol/fault.ts';
import { PlanFile, type PlannedRun } from '../../trainer/protocol/plan.ts';
import { Result } from '../../trainer/protocol/results.ts';
import type { EvaluateConfig, PretrainConfig, RunConfig } from '../../trainer/protocol/run.ts';
import { firstAttempt, measuredHere } from '../../trainer/testing/training-job.ts';

type TrainJob = JobOf<'train'>;

/** What a job's process prints: what it measured, or why it did not. */
const Outcome = v.union([v.strictObject({ results: v.array(Result) }), v.strictObject({ fault: Fault })]);

/** Runs one job in this process and prints its outcome. */
export async function beJob(file: string): Promise<void> {
  const job = JSON.parse(await readFile(file, 'utf8')) as TrainJob;
  const outcome = await measuredHere(job).then(
    (results) => ({ results }),
    (error: unknown) => {
      if (error instanceof FaultError) return { fault: error.fault };
      throw error;
    },
  );
  console.log(JSON.stringify(outcome));
}

/** @throws FaultError what ended the job */
async function outputOf(file: string): Promise<readonly Result[]> {
  const child = spawn(process.execPath, [process.argv[1]!, 'job', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let complained = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complained = (complained + text).slice(-2000)));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`The job ${file} ended with ${code ?? 'a signal'}:\n${complained}`);
  const outcome = v.parse(Outcome, JSON.parse(said));
  if ('results' in outcome) return outcome.results;
  const { code: why, message, values } = outcome.fault;
  throw new FaultError(why, message, values);
}

/** Runs jobs in folders of their own below `folder`. */
export function jobsIn(folder: string, cacheFolder: string) {
  async function done(
    name: string,
    config: RunConfig,
    subject: TrainJob['subject'] = null,
  ): Promise<{ readonly runFolder: string; readonly results: readonly Result[] }> {
    const runFolder = join(folder, name);
    await mkdir(runFolder, { recursive: true });
    const job = firstAttempt({ run: name, runFolder, cacheFolder, config, subject });
    const file = join(runFolder, 'job.json');
    await writeFile(file, JSON.stringify(job));
    return { runFolder, results: await outputOf(file) };
  }

  return {
    /** Trains an encoder; returns the folder of its last checkpoint. */
    async pretrained(config: PretrainConfig): Promise<string> {
      const { runFolder } = await done('pretrain', config);
      return (await newestValid(runFolder, Infinity, console.error))!.folder;
    },
    /** Top-1 by evaluator of an encoder, or of a subject without one. */
    async top1(
      evaluations: readonly EvaluateConfig[],
      encoder: { readonly checkpointFolder: string; readonly config: PretrainConfig } | null,
    ): Promise<Readonly<Record<string, number>>> {
      const found: Record<string, number> = {};
      for (const config of evaluations) {
        const subject = encoder && { subject: config.subject, ...encoder };
        const { results } = await done(config.evaluator.id, config, subject);
        // A head is measured at the end of its training, not at its best epoch on the test split.
        const last = results.find(({ metric, which }) => metric === 'top1' && which !== 'best');
        found[config.evaluator.id] = last!.value!;
      }
      return found;
    },
  };
}

export interface Planned {
  readonly pretraining: PretrainConfig;
  readonly evaluations: readonly EvaluateConfig[];
}

/** Of a plan on Fashion-MNIST, the pretraining that is asked for, and how it is evaluated there. */
export async function planned(
  plan: string,
  dataFolder: string,
  isAsked: (run: PlannedRun) => boolean,
): Promise<Planned> {
  const text = await readFile(join('resources', 'plans', `${plan}.json`), 'utf8');
  const { runs } = v.parse(PlanFile, JSON.parse(text.replaceAll('$fashion-mnist', dataFolder)));
  const found = runs.find(isAsked);
  if (found?.config.kind !== 'pretrain') throw new Error(`The plan "${plan}" has no such pretraining.`);
  const evaluations = runs.flatMap(({ config }) =>
    config.kind === 'evaluate' && config.subject.kind === 'run' && config.subject.run === found.key ? [config] : [],
  );
  return { pretraining: found.config, evaluations };
}
