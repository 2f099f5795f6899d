/**
 * The trainer's entry: one job a process. With a parent, commands come down the pipe and events go up it; without one,
 * `--job FILE.json` names the job, and the run folder holds all it says.
 */
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { parseArgs } from 'node:util';
import * as v from 'valibot';
import { FaultError } from './durable/fault-error.ts';
import { faultOf } from './durable/fault-of.ts';
import { Command, Job } from './protocol/commands.ts';
import { protocolVersion } from './protocol/events.ts';
import { StopAsked, type Ending, type JobContext, type JobOf } from './channel/job.ts';
import type { Channel } from './channel/event-queue.ts';
import { hold } from './channel/hold.ts';
import { openPort, type Port } from './channel/port.ts';

/** Loaded when asked for: a scan of a folder needs no TensorFlow. */
const jobs: {
  readonly [K in Job['kind']]: () => Promise<{ run(job: JobOf<K>, context: JobContext): Promise<Ending> }>;
} = {
  train: () => import('./jobs/train.ts'),
  inspect: () => import('./jobs/inspect.ts'),
  probe: () => import('./jobs/probe.ts'),
  precisions: () => import('./jobs/precisions.ts'),
  calibrate: () => import('./jobs/calibrate.ts'),
  features: () => import('./jobs/features.ts'),
  map: () => import('./jobs/map.ts'),
  layout: () => import('./jobs/layout.ts'),
  export: () => import('./jobs/export.ts'),
  importWeights: () => import('./jobs/import-weights.ts'),
  thumbnails: () => import('./jobs/thumbnails.ts'),
  evaluateDetections: () => import('./jobs/evaluate-detections.ts'),
  vocDetections: () => import('./jobs/voc-detections.ts'),
  browse: () => import('./jobs/browse.ts'),
  installBuild: () => import('./jobs/install-build.ts'),
  sample: () => import('./jobs/sample.ts'),
};

async function perform<K extends Job['kind']>(kind: K, job: JobOf<K>, context: JobContext): Promise<Ending> {
  const { run } = await jobs[kind]();
  return run(job, context);
}

/** A parent that died closes the pipes as well: writing to them must not kill the trainer before it has saved. */
function surviveClosedOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
    });
  }
}

function channelToParent(): Channel | null {
  if (!process.send) return null;
  const send = process.send.bind(process);
  return {
    send(event, done) {
      if (!process.connected) done(new Error('the parent is gone'));
      else send(event, undefined, {}, done);
    },
  };
}

async function jobOfFile(path: string): Promise<Job> {
  return v.parse(Job, JSON.parse(await readFile(path, 'utf8')));
}

/** Waits for the parent's `start`. Null: it went away, or changed its mind, before there was anything to do. */
async function jobOfParent(port: Port): Promise<Job | null> {
  for (;;) {
    await port.wait(60_000);
    for (let ask = port.take(); ask; ask = port.take()) {
      if (ask.type === 'start') return ask.job;
      if (ask.type === 'stop' || ask.type === 'disconnect') return null;
    }
  }
}

/** Holds a finished run until the disk has taken its events. The pipe has them; without a record they would be lost. */
async function written(port: Port): Promise<void> {
  const reason = port.retry();
  if (reason === null || port.alone) return;
  await hold(port, { reason, everyMs: retryEveryMs, look: () => Promise.resolve(port.retry() === null) });
}

/** Ends the process once everything has been said. */
async function finish(port: Port, code: number): Promise<never> {
  await port.close();
  process.exit(code);
}

const retryEveryMs = 5_000;

let failing = false;
async function fail(port: Port, error: unknown): Promise<void> {
  // A second failure on the way out must not hide the first.
  if (failing) return;
  failing = true;
  console.error(error);
  const { step, safeStep } = port.position();
  port.send({ type: 'stopped', why: 'failed', step, safeStep, fault: faultOf(error) });
  await finish(port, 1);
}

async function start(): Promise<void> {
  surviveClosedOutput();
  const { values } = parseArgs({ options: { job: { type: 'string' } } });
  const port = openPort({ channel: values.job === undefined ? channelToParent() : null, now: Date.now });
  process.on('uncaughtException', (error) => void fail(port, error));
  process.on('unhandledRejection', (error) => void fail(port, error));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => port.hear({ type: 'stop' }));
  process.on('message', (message) => {
    const command = v.safeParse(Command, message);
    if (command.success) port.hear(command.output);
    else port.log('error', 'bad-command', `A command was not understood: ${command.issues[0].message}`);
  });
  process.on('disconnect', () => port.hear({ type: 'disconnect' }));
  process.send?.({ type: 'ready', protocol: protocolVersion });

  try {
    if (values.job === undefined && port.alone) {
      throw new FaultError(
        'bad-argument',
        'Nobody to hear from: start the trainer from the workstation, or give --job FILE.json.',
      );
    }
    const job = values.job === undefined ? await jobOfParent(port) : await jobOfFile(values.job);
    if (job) {
      const ending = await perform(job.kind, job, { port, clock: () => performance.now() }).catch((error: unknown) => {
        if (error instanceof StopAsked) return { why: 'asked', step: 0, safeStep: null } as const;
        throw error;
      });
      if (ending.why === 'done') await written(port);
      port.send({ type: 'stopped', ...ending });
    }
    await finish(port, 0);
  } catch (error) {
    await fail(port, error);
  }
}

await start();
