/** Times a matrix product on the device that actually executes it. */
import { openEngine } from '../engine/steps/open.ts';
import { measureProcessorShare } from './processor-share.ts';
import type { Ending, JobContext, JobOf } from '../channel/job.ts';

/** Large enough that starting the operation does not count, small enough for a fraction of a second on one core. */
const size = 1024;
const quietMs = 120_000;
/** Long enough to see several turns of a scheduler that shares the core. */
const shareMilliseconds = 1000;

export async function run(job: JobOf<'probe'>, { port }: JobContext): Promise<Ending> {
  port.send({ type: 'phase', phase: 'loading', quietForMs: quietMs });
  const engine = await openEngine({
    engine: 'eager',
    precision: 'float32',
    chunk: null,
    recompute: false,
    loaderWorkers: 0,
    device: job.device,
    threads: job.threads,
  });
  const { device, threads, instructionSet, versions } = engine.facts;
  const measured = await engine.probe(size);
  const tensorflow = versions['tensorflow'] ?? 'unknown';
  const processorShare = measureProcessorShare(shareMilliseconds);
  const probe = { device, ...measured, size, tensorflow, threads, instructionSet, processorShare };
  port.send({ type: 'result', outcome: { kind: 'probe', probe } });
  return { why: 'done', step: 0, safeStep: null };
}
