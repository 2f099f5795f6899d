/** The map of an encoder on a split: its features, from the cache where an evaluation has left them, as points. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { openEngine } from '../engine/steps/open.ts';
import { readFeatures } from '../evaluation/features.ts';
import { openEvaluatedEncoder } from '../evaluation/evaluated-encoder.ts';
import { unrecordedLeftOut } from '../data/loading/open-left-out.ts';
import { openSplit } from '../data/browsing/open-split.ts';
import { FaultError } from '../durable/fault-error.ts';
import { writeMap } from '../durable/map-file.ts';
import { mapFeatures } from '../maps/map-features.ts';
import { rowsOf, sampledRows } from '../maps/sample.ts';
import type { DataSource } from '../protocol/run.ts';
import { progressOf, type Ending, type JobContext, type JobOf } from '../channel/job.ts';

const loadQuietMs = 120_000;
/** Components of 2,048 dimensions are found in one go. */
const mapQuietMs = 600_000;
const fewestPoints = 3;

/** Places in the whole split of the images that features were computed of. */
async function placesOf(whole: DataSource, leftOut: readonly string[], cacheFolder: string): Promise<Int32Array> {
  const split = await openSplit(whole, cacheFolder);
  try {
    const gone = new Set(leftOut.length === 0 ? [] : (await split.find(new Set(leftOut))).values());
    return Int32Array.from({ length: split.data.count }, (_, place) => place).filter((place) => !gone.has(place));
  } finally {
    await split.data.close();
  }
}

export async function run(job: JobOf<'map'>, context: JobContext): Promise<Ending> {
  const { port } = context;
  const { data, preprocessing, normalization, resizing, execution, seed, cacheFolder, file } = job;
  port.send({ type: 'phase', phase: 'loading', quietForMs: loadQuietMs });
  const engine = await openEngine(execution);
  const subject = await openEvaluatedEncoder(engine, job.subject, normalization.mean.length);
  const source = (await unrecordedLeftOut(job.datasetsFolder, [data])).without(data);
  port.send({ type: 'phase', phase: 'extracting', quietForMs: loadQuietMs, detail: data.split });
  const features = await readFeatures({
    subject,
    data: source,
    preprocessing,
    normalization,
    resizing,
    execution,
    facts: engine.facts,
    withLabels: false,
    cacheFolder,
    progress: progressOf(context, { tensors: engine.tensors }),
    notice: (code, text, notes) => port.log('attention', code, text, notes),
  });
  if (features.rows < fewestPoints)
    throw new FaultError(
      'bad-argument',
      `The split "${data.split}" of ${data.path} has ${features.rows} images: a map needs ${fewestPoints}.`,
      { split: data.split, images: features.rows },
    );
  const places = await placesOf(data, source.exclude ?? [], cacheFolder);
  const chosen = sampledRows(features.rows, job.points, seed);
  const map = await mapFeatures({
    features: rowsOf(features, chosen),
    places: chosen.map((row) => places[row]!),
    images: features.rows,
    seed,
    begin: (phase) => {
      port.send({ type: 'phase', phase, quietForMs: mapQuietMs });
      return progressOf(context, { tensors: engine.tensors });
    },
  });
  await mkdir(dirname(file), { recursive: true });
  await writeMap(file, map);
  port.send({ type: 'result', outcome: { kind: 'map', file } });
  return { why: 'done', step: 0, safeStep: null };
}
