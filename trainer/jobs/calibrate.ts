/** Times a few real steps of a configuration on this machine, for an estimate before the run. */
import process from 'node:process';
import * as v from 'valibot';
import { openEngine } from '../engine/open.ts';
import type { Engine, StateEntry } from '../engine/engine.ts';
import type { Calibration } from '../protocol/events.ts';
import type { EvaluateConfig } from '../protocol/run.ts';
import { openEvaluationLoader } from '../data/loader.ts';
import { deviation, median } from '../pace.ts';
import { openPretraining } from '../pretrain.ts';
import { evaluators } from '../registry.ts';
import { openSubject } from '../subject.ts';
import { progressOf, type Ending, type JobContext, type JobOf, type Progress } from './job.ts';

const loadQuietMs = 120_000;
const quietMs = 300_000;
const warmUpSteps = 2;
const mostSteps = 12;
const mostSeconds = 20;
const extractBatch = 250;

interface Timed {
  readonly seconds: readonly number[];
  readonly peakMemoryBytes: number;
}

/** Runs steps until there are enough or the time is up; the first ones, which pay for start-up, do not count. */
async function time(
  clock: () => number,
  progress: Progress,
  step: (number: number) => Promise<boolean>,
): Promise<Timed> {
  const seconds: number[] = [];
  let peakMemoryBytes = 0;
  const began = clock();
  for (let number = 0; number < warmUpSteps + mostSteps; number++) {
    const stepBegan = clock();
    if (!(await step(number))) break;
    const now = clock();
    if (number >= warmUpSteps) seconds.push((now - stepBegan) / 1000);
    peakMemoryBytes = Math.max(peakMemoryBytes, process.memoryUsage.rss());
    await progress((number + 1) / (warmUpSteps + mostSteps));
    if (seconds.length > 1 && now - began > mostSeconds * 1000) break;
  }
  return { seconds, peakMemoryBytes };
}

function stateBytes(state: readonly StateEntry[]): number {
  return state.reduce((sum, { shape }) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0);
}

async function calibratePretraining(
  job: JobOf<'calibrate'>,
  context: JobContext,
  engine: Engine,
): Promise<Calibration> {
  const { config } = job;
  if (config.kind !== 'pretrain') throw new Error('not a pretraining');
  const { clock, port } = context;
  const began = clock();
  const { course } = await openPretraining(context, engine, config, 0);
  try {
    const first = await course.source.next();
    const loadSeconds = (clock() - began) / 1000;
    port.send({ type: 'phase', phase: 'calibrating', quietForMs: quietMs });
    let next = Promise.resolve(first);
    const timed = await time(clock, progressOf(context, { tensors: engine.tensors }), async (step) => {
      const { batch } = await next;
      const metrics = (step + 1) % config.logEvery === 0;
      await course.run(batch, { step, lr: course.rate(step) }, { metrics });
      next = course.source.next();
      return true;
    });
    const secondsPerStep = median(timed.seconds);
    return {
      ...{ secondsPerStep, loadSeconds, peakMemoryBytes: timed.peakMemoryBytes },
      spreadSeconds: deviation(timed.seconds, secondsPerStep),
      steps: timed.seconds.length,
      stepsTotal: course.steps,
      checkpointBytes: stateBytes(course.state),
    };
  } finally {
    await course.source.close();
  }
}

/** Images the encoder sees in an evaluation: both splits once, and the training split once an epoch of a head shown images. */
function passes(config: EvaluateConfig): number {
  const recipe = evaluators.get(config.evaluator.id);
  const options = v.parse(recipe.options, config.evaluator.options) as Readonly<Record<string, unknown>>;
  const epochs = options['epochs'];
  return recipe.head && options['inputs'] === 'images' && typeof epochs === 'number' ? epochs : 1;
}

/** An evaluation is as long as its encoding; a head on features adds seconds. A step is one batch encoded. */
async function calibrateEvaluation(job: JobOf<'calibrate'>, context: JobContext, engine: Engine): Promise<Calibration> {
  const { config, subject } = job;
  if (config.kind !== 'evaluate') throw new Error('not an evaluation');
  const { clock, port } = context;
  const began = clock();
  const resolved = subject ?? { subject: config.subject, checkpointFolder: null, config: null };
  const { normalization, preprocessing } = config;
  const opened = await openSubject(engine, resolved, normalization.mean.length, { initialWhereMissing: true });
  const open = (data: typeof config.train) =>
    openEvaluationLoader({
      ...{ data, preprocessing, normalization, batch: extractBatch, from: 0 },
      workers: config.execution.loaderWorkers,
    });
  const test = await open(config.test);
  const testImages = test.count;
  await test.close();
  const train = await open(config.train);
  try {
    const loadSeconds = (clock() - began) / 1000;
    port.send({ type: 'phase', phase: 'calibrating', quietForMs: quietMs });
    const timed = await time(clock, progressOf(context, { tensors: engine.tensors }), async () => {
      const batch = await train.next();
      if (batch) await opened.encode(batch.views[0]!);
      return batch !== null;
    });
    const secondsPerStep = timed.seconds.length > 0 ? median(timed.seconds) : 0;
    return {
      ...{ secondsPerStep, loadSeconds, peakMemoryBytes: timed.peakMemoryBytes, checkpointBytes: 0 },
      spreadSeconds: timed.seconds.length > 0 ? deviation(timed.seconds, secondsPerStep) : 0,
      steps: timed.seconds.length,
      stepsTotal: Math.ceil((train.count * passes(config) + testImages) / extractBatch),
    };
  } finally {
    await train.close();
  }
}

export async function run(job: JobOf<'calibrate'>, context: JobContext): Promise<Ending> {
  const { port } = context;
  port.send({ type: 'phase', phase: 'loading', quietForMs: loadQuietMs });
  const engine = await openEngine(job.config.execution);
  const of = job.config.kind === 'pretrain' ? calibratePretraining : calibrateEvaluation;
  port.send({ type: 'result', outcome: { kind: 'calibration', calibration: await of(job, context, engine) } });
  return { why: 'done', step: 0, safeStep: null };
}
