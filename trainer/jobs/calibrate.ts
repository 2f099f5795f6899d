/** Times a few real steps of a configuration on this machine, for an estimate before the run. */
import * as v from 'valibot';
import { openEngine } from '../engine/steps/open.ts';
import type { Engine, StateEntry } from '../engine/engine.ts';
import type { ResolvedSubject } from '../protocol/commands.ts';
import type { Calibration } from '../protocol/events.ts';
import { resizingOf, type DataSource, type EvaluateConfig, type PretrainConfig } from '../protocol/run.ts';
import type { EvaluatorRecipe } from '../recipe.ts';
import type { LeftOut } from '../data/loading/left-out.ts';
import { unrecordedLeftOut } from '../data/loading/open-left-out.ts';
import { openEvaluationLoader } from '../data/loading/loader.ts';
import { openData } from '../data/loading/open-data.ts';
import { openEvaluation } from '../evaluation/evaluate.ts';
import type { TrainingTask } from '../training/training-task.ts';
import { deviation, median } from '../training/pace.ts';
import { openPretraining } from '../pretraining/pretrain.ts';
import { evaluators } from '../registry.ts';
import { openEvaluatedEncoder } from '../evaluation/evaluated-encoder.ts';
import { watchMemory, type DeviceMemory } from './device-memory.ts';
import { progressOf, type Ending, type JobContext, type JobOf, type Progress } from '../channel/job.ts';

const loadQuietMs = 120_000;
const quietMs = 300_000;
const warmUpSteps = 2;
const mostSteps = 12;
const mostSeconds = 20;
const extractBatch = 250;
/** A forward pass takes about a third of the time of one with gradients. */
const forwardShare = 1 / 3;

interface Measuring extends JobContext {
  readonly memory: DeviceMemory;
}

interface Timed {
  readonly seconds: readonly number[];
  readonly peakMemoryBytes: number | null;
}

/** Runs steps until there are enough or the time is up; the first ones, which include start-up, do not count. */
async function time(
  { clock, memory }: Measuring,
  progress: Progress,
  step: (number: number) => Promise<boolean>,
): Promise<Timed> {
  const seconds: number[] = [];
  const began = clock();
  for (let number = 0; number < warmUpSteps + mostSteps; number++) {
    const stepBegan = clock();
    if (!(await step(number))) break;
    const now = clock();
    if (number >= warmUpSteps) seconds.push((now - stepBegan) / 1000);
    memory.look();
    await progress((number + 1) / (warmUpSteps + mostSteps));
    if (seconds.length > 1 && now - began > mostSeconds * 1000) break;
  }
  return { seconds, peakMemoryBytes: memory.peakBytes() };
}

/** Of data that was at its end before there was a step to count, a time of 0. */
function figuresOf({ seconds, peakMemoryBytes }: Timed) {
  const secondsPerStep = seconds.length > 0 ? median(seconds) : 0;
  const spreadSeconds = seconds.length > 0 ? deviation(seconds, secondsPerStep) : 0;
  return { secondsPerStep, spreadSeconds, peakMemoryBytes, steps: seconds.length };
}

function stateBytes(state: readonly StateEntry[]): number {
  return state.reduce((sum, { shape }) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0);
}

/**
 * Times steps of a course from its first, and closes its source. `examined`: total number of images that are only
 * evaluated.
 */
async function timeCourse(
  course: TrainingTask,
  examined: number,
  began: number,
  logEvery: number,
  context: Measuring,
  progress: Progress,
): Promise<Calibration> {
  const { clock, port } = context;
  let next = course.source.next();
  try {
    const first = await next;
    const loadSeconds = (clock() - began) / 1000;
    port.send({ type: 'phase', phase: 'calibrating', quietForMs: quietMs });
    const timed = await time(context, progress, async (step) => {
      const { batch } = await next;
      const metrics = (step + 1) % logEvery === 0;
      await course.run(batch, { step, lr: course.rate(step) }, { metrics });
      course.source.release?.(batch);
      next = course.source.next();
      return true;
    });
    return {
      ...figuresOf(timed),
      loadSeconds,
      stepsTotal: course.steps + Math.ceil((forwardShare * examined) / first.batch.index.length),
      checkpointBytes: stateBytes(course.state),
    };
  } finally {
    // The batch after the last step is read too.
    await Promise.allSettled([next]);
    await course.source.close();
  }
}

async function calibratePretraining(
  config: PretrainConfig,
  context: Measuring,
  engine: Engine,
  leftOut: LeftOut,
): Promise<Calibration> {
  const began = context.clock();
  const { course } = await openPretraining(context, engine, config, { fromStep: 0, cacheFolder: null, leftOut });
  return timeCourse(course, 0, began, config.logEvery, context, progressOf(context, { tensors: engine.tensors }));
}

async function countOf(data: DataSource): Promise<number> {
  const opened = await openData(data);
  await opened.close();
  return opened.count;
}

/** Steps of fine-tuning, and passes over the test split: one per epoch, and two for the figures. */
async function calibrateFineTuning(
  config: EvaluateConfig,
  subject: ResolvedSubject,
  context: Measuring,
  engine: Engine,
  leftOut: LeftOut,
): Promise<Calibration> {
  const began = context.clock();
  const place = { subject, cacheFolder: null, fromStep: 0, leftOut, initialWhereMissing: true };
  const { course, examinedImages, rehearse } = await openEvaluation(context, engine, config, place);
  const progress = progressOf(context, { tensors: engine.tensors });
  if (course) return timeCourse(course, examinedImages, began, config.logEvery, context, progress);
  const { images, open } = rehearse!;
  const rehearsal = await open();
  const loadSeconds = (context.clock() - began) / 1000;
  context.port.send({ type: 'phase', phase: 'calibrating', quietForMs: quietMs });
  try {
    const timed = await time(context, progress, () => rehearsal.next());
    return { ...figuresOf(timed), loadSeconds, checkpointBytes: 0, stepsTotal: Math.ceil(examinedImages / images) };
  } finally {
    await rehearsal.close();
  }
}

/** An evaluation of frozen features takes as long as the encoding; a head adds seconds. A step encodes one batch. */
async function calibrateEncoding(
  config: EvaluateConfig,
  subject: ResolvedSubject,
  encodedBeside: (trainImages: () => Promise<number>, testImages: number) => Promise<number>,
  context: Measuring,
  engine: Engine,
  leftOut: LeftOut,
): Promise<Calibration> {
  const { clock, port } = context;
  const began = clock();
  const { normalization, preprocessing } = config;
  const opened = await openEvaluatedEncoder(engine, subject, normalization.mean.length, { initialWhereMissing: true });
  const test = await openEvaluationLoader({
    data: leftOut.without(config.test),
    substitutes: true,
    preprocessing,
    normalization,
    resizing: resizingOf(config),
    batch: extractBatch,
    from: 0,
    workers: config.execution.loaderWorkers,
  });
  try {
    const beside = await encodedBeside(() => countOf(leftOut.without(config.train)), test.count);
    const loadSeconds = (clock() - began) / 1000;
    port.send({ type: 'phase', phase: 'calibrating', quietForMs: quietMs });
    const timed = await time(context, progressOf(context, { tensors: engine.tensors }), async () => {
      const batch = await test.next();
      if (batch === null) return false;
      await opened.encode(batch.views[0]!);
      test.release(batch);
      return true;
    });
    const stepsTotal = Math.ceil((test.count + beside) / extractBatch);
    return { ...figuresOf(timed), loadSeconds, checkpointBytes: 0, stepsTotal };
  } finally {
    await test.close();
  }
}

async function calibrateEvaluation(
  config: EvaluateConfig,
  subject: ResolvedSubject,
  context: Measuring,
  engine: Engine,
  leftOut: LeftOut,
): Promise<Calibration> {
  const recipe: EvaluatorRecipe = evaluators.get(config.evaluator.id);
  const options = v.parse(recipe.options, config.evaluator.options) as Readonly<Record<string, unknown>>;
  const inputs = recipe.head?.inputs(options) ?? 'features';
  if (inputs === 'images' || recipe.detection) return calibrateFineTuning(config, subject, context, engine, leftOut);
  const wanted = recipe.pairs?.(options);
  const epochs = options['epochs'];
  const passes = inputs === 'augmented-features' && typeof epochs === 'number' ? epochs : 1;
  // Besides the test split once: two views of some of its images, or the training split, once an epoch where it is augmented.
  return calibrateEncoding(
    config,
    subject,
    async (trainImages, testImages) =>
      wanted ? 2 * Math.min(wanted.images, testImages) : passes * (await trainImages()),
    context,
    engine,
    leftOut,
  );
}

export async function run(job: JobOf<'calibrate'>, given: JobContext): Promise<Ending> {
  const { port } = given;
  const { config } = job;
  port.send({ type: 'phase', phase: 'loading', quietForMs: loadQuietMs });
  const context: Measuring = { ...given, memory: watchMemory(config.execution.device) };
  const engine = await openEngine(config.execution);
  const leftOut = await unrecordedLeftOut(job.datasetsFolder, config);
  const measure = (): Promise<Calibration> => {
    if (config.kind === 'pretrain') return calibratePretraining(config, context, engine, leftOut);
    const subject = job.subject ?? { subject: config.subject, checkpointFolder: null, config: null };
    return calibrateEvaluation(config, subject, context, engine, leftOut);
  };
  port.send({ type: 'result', outcome: { kind: 'calibration', calibration: await measure() } });
  return { why: 'done', step: 0, safeStep: null };
}
