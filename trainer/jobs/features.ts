/** Features of a split as NumPy files: `NAME.npy`, one row per image, and `NAME.labels.npy`. */
import { openEngine } from '../engine/steps/open.ts';
import { readFeatures } from '../evaluation/features.ts';
import { resizedPositionsNote } from '../evaluation/resized-positions-note.ts';
import { writeNpy } from '../evaluation/npy.ts';
import { unrecordedLeftOut } from '../data/loading/open-left-out.ts';
import { openEvaluatedEncoder } from '../evaluation/evaluated-encoder.ts';
import { progressOf, type Ending, type JobContext, type JobOf } from '../channel/job.ts';

const loadQuietMs = 120_000;

export async function run(job: JobOf<'features'>, context: JobContext): Promise<Ending> {
  const { port } = context;
  const { data, preprocessing, normalization, resizing, execution, file } = job;
  port.send({ type: 'phase', phase: 'loading', quietForMs: loadQuietMs });
  const engine = await openEngine(execution);
  const subject = await openEvaluatedEncoder(engine, job.subject, normalization.mean.length);
  port.send({ type: 'phase', phase: 'extracting', quietForMs: loadQuietMs, detail: data.split });
  const { rows, columns, values, labels } = await readFeatures({
    subject,
    data: (await unrecordedLeftOut(job.datasetsFolder, [data])).without(data),
    preprocessing,
    normalization,
    resizing,
    execution,
    facts: engine.facts,
    withLabels: true,
    cacheFolder: null,
    progress: progressOf(context, { tensors: engine.tensors }),
    notice: (code, text, notes) => port.log('attention', code, text, notes),
  });
  await writeNpy(file, [rows, columns], values);
  await writeNpy(`${file.replace(/\.npy$/, '')}.labels.npy`, [rows], labels);
  const resized = resizedPositionsNote(job.subject, job);
  const noted = resized === null ? {} : { resized: resized.values };
  port.send({ type: 'result', outcome: { kind: 'features', file, rows, columns, ...noted } });
  return { why: 'done', step: 0, safeStep: null };
}
