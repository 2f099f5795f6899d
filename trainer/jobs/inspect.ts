/** Scans a folder and says what it holds, before anything trains on it. */
import { inspectFolder } from '../data/listing/inspect.ts';
import { progressOf, type Ending, type JobContext, type JobOf } from '../channel/job.ts';

const scanQuietMs = 60_000;

export async function run(job: JobOf<'inspect'>, context: JobContext): Promise<Ending> {
  const { port } = context;
  port.send({ type: 'phase', phase: 'scanning', quietForMs: scanQuietMs });
  const progress = progressOf(context);
  const cancelled = new AbortController();
  /** The scan tells its progress without waiting; a stop heard there is carried to it by the signal. */
  const tell = (done: number, total: number | null): void => {
    progress(total ? done / total : 0).catch((reason: unknown) => cancelled.abort(reason));
  };
  const inspection = await inspectFolder(job.path, job.dataset, tell, cancelled.signal, job.contents);
  port.send({ type: 'result', outcome: { kind: 'inspection', inspection } });
  return { why: 'done', step: 0, safeStep: null };
}
