/** Writes the encoder of a checkpoint for other programs. Needs no TensorFlow, so it runs beside a training. */
import { readCheckpoint } from '../checkpoints/read-checkpoint.ts';
import { exportEncoder } from '../weights/export.ts';
import type { Ending, JobContext, JobOf } from '../channel/job.ts';

const quietMs = 300_000;

export async function run(job: JobOf<'export'>, { port }: JobContext): Promise<Ending> {
  const { file, format, path, about } = job;
  port.send({ type: 'phase', phase: 'saving', quietForMs: quietMs });
  const tensors = await exportEncoder(await readCheckpoint(job.checkpointFolder), path, file, format, about);
  port.send({ type: 'result', outcome: { kind: 'export', file, tensors } });
  return { why: 'done', step: 0, safeStep: null };
}
