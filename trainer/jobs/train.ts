/** Executes a run or the rest of one: a pretraining or an evaluation, from the beginning or from a checkpoint. */
import process from 'node:process';
import { openEngine } from '../engine/steps/open.ts';
import type { Engine } from '../engine/engine.ts';
import { arithmeticOf } from '../engine/binding/engine-facts.ts';
import { protocolVersion } from '../protocol/events.ts';
import { configHash } from '../checkpoints/config-hash.ts';
import type { Loaded } from '../checkpoints/read-checkpoint.ts';
import { openEvaluation } from '../evaluation/evaluate.ts';
import { train } from '../training/loop.ts';
import type { LoopContext } from '../training/training-task.ts';
import { openPretraining } from '../pretraining/pretrain.ts';
import type { LeftOut } from '../data/loading/left-out.ts';
import { leftOutOf } from '../data/loading/open-left-out.ts';
import { SourceChanged } from '../data/loading/loader.ts';
import type { EvaluateConfig } from '../protocol/run.ts';
import { concernsOf } from '../protocol/graphics-card.ts';
import { whenNotFiniteOf } from '../protocol/when-not-finite.ts';
import { version } from '../version.ts';
import type { Port } from '../channel/port.ts';
import { openReach } from '../channel/reach.ts';
import { whenWritten } from '../channel/when-written.ts';
import { arithmeticChanges, type Notice } from './arithmetic-changes.ts';
import { newestOfAttempt, startingPoint } from './starting-point.ts';
import { StopAsked, type Ending, type JobContext, type JobOf } from '../channel/job.ts';

const loadQuietMs = 120_000;

export async function run(job: JobOf<'train'>, given: JobContext): Promise<Ending> {
  const { port } = given;
  const reach = openReach({ port, clock: given.clock, startedAt: Date.now() });
  // While data is awaited, time stands still: it counts neither as training nor towards the next save.
  const clock = (): number => given.clock() - reach.heldMs();
  const context: JobContext = { port, clock, reach };
  const { config, attempt, runFolder } = job;
  const place = { run: job.run, attempt, folder: runFolder };
  await whenWritten(() => port.attach(place), runFolder, reach);
  const notices: Notice[] = [];
  const begin = (): Promise<Loaded | null> => {
    notices.length = 0;
    return startingPoint(job, (...notice) => notices.push(notice));
  };
  const from = await whenWritten(begin, runFolder, reach);
  const engine = await openEngine(config.execution);
  if (from) notices.push(...arithmeticChanges(from.manifest, engine.facts, job.anyArithmetic));
  const { device, threads, instructionSet, versions, card } = engine.facts;
  const step = from?.manifest.step ?? 0;
  port.send({
    type: 'hello',
    protocol: protocolVersion,
    pid: process.pid,
    device,
    threads,
    instructionSet,
    fromStep: step,
    versions: { ...versions, reprise: version },
  });
  if (card) for (const { code, message, values } of concernsOf(card)) notices.push([code, message, values]);
  for (const change of job.dataChanges) notices.push(['data-changed', `${change}. The run goes on with it.`, {}]);
  for (const [code, text, values] of notices) port.log('attention', code, text, values);
  port.send({ type: 'phase', phase: 'loading', quietForMs: loadQuietMs });

  const loop: LoopContext = {
    port,
    runFolder,
    clock,
    policy: config.checkpoint,
    logEvery: config.logEvery,
    whenNotFinite: whenNotFiniteOf(config),
    choices: job.whenNotFinite,
    tensors: engine.tensors,
    header: {
      run: job.run,
      attempt,
      threads,
      seed: config.seed,
      ...arithmeticOf(engine.facts),
      configHash: configHash(config),
      codeVersion: version,
    },
  };
  const leftOut = await leftOutOf({
    runFolder,
    datasetsFolder: job.datasetsFolder,
    sources: config,
    isResumed: from !== null,
    isAccepted: job.moreDamaged,
    notice: (code, text, values) => port.log('attention', code, text, values),
  });
  const clips = [loop.whenNotFinite, ...loop.choices].some(({ policy }) => policy === 'clip');
  const scope = { job, context, engine, loop, leftOut, clips };
  if (config.kind === 'evaluate') return withoutDamaged(job, port, from, (start) => evaluate(scope, config, start));
  const { course } = await openPretraining(context, engine, config, {
    fromStep: step,
    cacheFolder: job.cacheFolder,
    leftOut,
    clips,
  });
  return train(course, loop, from);
}

/** Begins again from the newest checkpoint, without them, when damaged images are found in an evaluation's source. */
async function withoutDamaged(
  job: JobOf<'train'>,
  port: Port,
  from: Loaded | null,
  work: (from: Loaded | null) => Promise<Ending>,
): Promise<Ending> {
  for (let start = from; ;) {
    try {
      return await work(start);
    } catch (error) {
      if (!(error instanceof SourceChanged)) throw error;
      start = await newestOfAttempt(job, port.position().safeStep, (...notice) => port.log('attention', ...notice));
    }
  }
}

/** Everything an attempt works with. */
interface AttemptScope {
  readonly job: JobOf<'train'>;
  readonly context: JobContext;
  readonly engine: Engine;
  readonly loop: LoopContext;
  readonly leftOut: LeftOut;
  /** True if steps may clip gradients. */
  readonly clips: boolean;
}

async function evaluate(
  { job, context, engine, loop, leftOut, clips }: AttemptScope,
  config: EvaluateConfig,
  from: Loaded | null,
): Promise<Ending> {
  const subject = job.subject ?? { subject: config.subject, checkpointFolder: null, config: null };
  let ending: Ending = { why: 'done', step: from?.manifest.step ?? 0, safeStep: from?.manifest.step ?? null };
  try {
    const evaluation = await openEvaluation(context, engine, config, {
      subject,
      cacheFolder: job.cacheFolder,
      fromStep: ending.step,
      leftOut,
      clips,
      ifNoBetter: job.noBetter ? 'tell' : 'ask',
    });
    if (evaluation.course) ending = await train(evaluation.course, loop, from);
    if (ending.why === 'asked') return ending;
    const results = await evaluation.measure(job.runFolder);
    context.port.send({ type: 'result', outcome: { kind: 'results', results: [...results] } });
    return ending;
  } catch (error) {
    if (error instanceof StopAsked) return { ...ending, why: 'asked' };
    throw error;
  }
}
