/** Writes the built-in sample set as an ordinary image folder. */
import { writeSampleSet } from '../data/sample/sample-set.ts';
import { progressOf, type Ending, type JobContext, type JobOf } from '../channel/job.ts';

const quietMs = 60_000;

export async function run(job: JobOf<'sample'>, context: JobContext): Promise<Ending> {
  const { port } = context;
  const { folder, seed, train, val } = job;
  port.send({ type: 'phase', phase: 'preparing', quietForMs: quietMs });
  await writeSampleSet({ folder, seed, train, val, progress: progressOf(context) });
  port.send({ type: 'result', outcome: { kind: 'sample', path: folder, images: train + val } });
  return { why: 'done', step: 0, safeStep: null };
}
