/** Figures of an evaluation as results, and their files in the run's folder. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { progressOf, type JobContext } from '../channel/job.ts';
import { whenWritten } from '../channel/when-written.ts';
import { bytesOf, writeAtomically } from '../durable/files.ts';
import { packPredictions } from '../durable/predictions-file.ts';
import { resizingProtocol, type Protocol, type Result } from '../protocol/results.ts';
import type { EvaluationModel, Measure } from '../recipe.ts';
import { extractQuietMs, type EvaluationScope, type Material } from './evaluation-scope.ts';

const compressed = promisify(gzip);

/** Writes a compressed file below `results/`; returns its path, relative to the run's folder. */
async function keep(
  { reach }: JobContext,
  runFolder: string,
  name: string,
  parts: readonly Uint8Array[],
): Promise<string> {
  const path = join(runFolder, 'results', name);
  const bytes = await compressed(Buffer.concat(parts));
  const write = async (): Promise<void> => {
    await mkdir(join(runFolder, 'results'), { recursive: true });
    await writeAtomically(path, [bytes]);
  };
  await whenWritten(write, path, reach);
  return `results/${name}`;
}

async function resultOf(
  { context, recipe, config, truth }: EvaluationScope,
  protocol: Protocol,
  measured: Measure,
  runFolder: string,
): Promise<Result> {
  const { correct, guesses, epoch, byClass, ranking, ...figure } = measured;
  const { dataset, split, fingerprint } = config.test;
  const name = `${recipe.id}-${figure.metric}-${figure.which}`;
  const { labels, names } = truth.test;
  const guessed = guesses && packPredictions({ names, labels: Uint16Array.from(labels), ...guesses });
  const ranked = ranking && [ranking.scores, ranking.presence].map(bytesOf);
  return {
    evaluator: recipe.id,
    dataset,
    split,
    protocol,
    ...figure,
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(epoch === undefined ? {} : { epoch }),
    ...(correct ? { perImage: await keep(context, runFolder, `${name}.bin.gz`, [correct]) } : {}),
    ...(guessed ? { predictions: await keep(context, runFolder, `${name}.predictions.bin.gz`, guessed) } : {}),
    ...(byClass ? { byClass: byClass.map((one, label) => ({ name: names[label]!, ...one })) } : {}),
    ...(ranked ? { ranking: await keep(context, runFolder, `${name}.ranking.bin.gz`, ranked) } : {}),
  };
}

/** Computes the evaluator's figures once its head is trained. Files go below the run's folder. */
export async function measure(
  scope: EvaluationScope,
  { head, ...material }: Material,
  runFolder: string,
): Promise<readonly Result[]> {
  const { context, recipe, options, classes, layer, place, truth } = scope;
  context.port.send({ type: 'phase', phase: 'evaluating', quietForMs: extractQuietMs });
  const steps = head?.course.steps ?? 0;
  const progress = progressOf(context, { ...place, step: steps, steps, epoch: 0, safeStep: steps || null });
  const model: EvaluationModel = {
    ...material,
    classes,
    classNames: truth.test.names,
    progress,
    ...(head ? { heads: await head.scores() } : {}),
  };
  const protocol = { ...recipe.protocol(options), layer, ...resizingProtocol(scope.config) };
  const results: Result[] = [];
  if (recipe.detection) throw new Error(`${recipe.id} measures no features.`);
  for await (const measured of recipe.measure(model, options)) {
    results.push(await resultOf(scope, protocol, measured, runFolder));
  }
  return results;
}
