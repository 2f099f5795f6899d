/** Writes what a run found as PASCAL VOC's result files. */
import { mkdir } from 'node:fs/promises';
import * as v from 'valibot';
import type { Ending, JobContext, JobOf } from '../channel/job.ts';
import { readResultEntries } from '../detection/results/coco-results.ts';
import { DetectionStore } from '../detection/results/detection-store.ts';
import { writeVocResults } from '../detection/results/voc-results.ts';
import { WrongResult } from '../detection/results/wrong-results.ts';
import { said } from '../protocol/sentence.ts';
import { pacedReading } from './paced-reading.ts';

const quietMs = 600_000;

/** An entry as a run writes it; PASCAL VOC's files have no place for masks. */
const Entry = v.object({
  image_id: v.union([v.number(), v.string()]),
  category_id: v.number(),
  bbox: v.tuple([v.number(), v.number(), v.number(), v.number()]),
  score: v.number(),
});

export async function run(job: JobOf<'vocDetections'>, context: JobContext): Promise<Ending> {
  const { port } = context;
  const { file, folder, split, classes } = job;
  port.send({ type: 'phase', phase: 'scanning', quietForMs: quietMs });
  const labels = new Map(classes.map(({ category }, label) => [category, label]));
  const store = new DetectionStore();
  const take = (value: unknown): void => {
    const parsed = v.safeParse(Entry, value);
    const label = parsed.success ? labels.get(parsed.output.category_id) : undefined;
    if (!parsed.success || label === undefined) throw new WrongResult(said`no detection of a class of the run`);
    const { image_id: image, score, bbox } = parsed.output;
    const [left, top, width, height] = bbox;
    store.add(String(image), { class: label, score, box: [left, top, left + width, top + height] });
  };
  await readResultEntries(file, take, pacedReading(context));
  await mkdir(folder, { recursive: true });
  const names = classes.map(({ name }) => name);
  // Encoders that learned from other pictures make it a detector of the fourth competition.
  await writeVocResults(folder, store, names, { competition: 'comp4', split });
  port.send({ type: 'result', outcome: { kind: 'vocDetections', folder, files: names.length } });
  return { why: 'done', step: 0, safeStep: null };
}
