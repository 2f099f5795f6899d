/** Reads an encoder from a weights file, checks it by a forward pass and saves it as a checkpoint. */
import { basename } from 'node:path';
import { mkdir, stat } from 'node:fs/promises';
import * as v from 'valibot';
import { FaultError } from '../durable/fault-error.ts';
import { canonicalJson } from '../durable/canonical-json.ts';
import { saveCheckpoint } from '../checkpoints/write-checkpoint.ts';
import type { StateEntry } from '../engine/engine.ts';
import { openEngine } from '../engine/steps/open.ts';
import { checkNorms } from '../evaluation/check-norms.ts';
import { buildEncoder } from '../evaluation/evaluated-encoder.ts';
import { samplePictures } from '../evaluation/sample-pictures.ts';
import { bytesOf, sha256 } from '../durable/files.ts';
import { detectorPath, encoderPath, Execution } from '../protocol/run.ts';
import type { NormCheck } from '../protocol/weights.ts';
import { encoders } from '../registry.ts';
import { version } from '../version.ts';
import { openWeights } from '../weights/open.ts';
import type { EncoderInFile, ReadVariable } from '../weights/encoder-in-file.ts';
import { findEncoder } from '../weights/find-encoder.ts';
import { progressOf, type Ending, type JobContext, type JobOf } from '../channel/job.ts';

const quietMs = 300_000;
const idDigits = 16;
const checkQuietMs = 120_000;
const path = encoderPath(1, 0);
/** Enough for means over tens of thousands of pixels; the distances of 64 differ by a tenth. */
const pictures = 16;

type Variables = ReadonlyMap<string, ReadVariable>;

/** Passes pictures of the sample set through the encoder; null if it takes other channels or has no batch norms. */
async function normsOf(
  { encoder: choice, channels }: EncoderInFile,
  variables: Variables,
  threads: number,
  context: JobContext,
): Promise<NormCheck | null> {
  // Batch norms that were folded into a scale and a shift have no statistics to compare with.
  const hasNorms = [...variables].some(
    ([name, { values }]) => name.endsWith('/running_mean') && values.some((value) => value !== 0),
  );
  if (!hasNorms || (channels !== 1 && channels !== 3)) return null;
  context.port.send({ type: 'phase', phase: 'evaluating', quietForMs: checkQuietMs });
  const size = choice.options['stem'] === 'small' ? 32 : 224;
  const drawn = await samplePictures({ count: pictures, size, channels }, progressOf(context));
  const engine = await openEngine(v.parse(Execution, { threads }));
  const encoder = buildEncoder(engine.builder(0).at(path), choice, channels);
  for (const entry of engine.entries([encoder])) entry.write(variables.get(entry.name.slice(path.length + 1))!.values);
  return checkNorms(engine, encoder, path, drawn);
}

/** Weights whose order is a guess have to fit; they are taken all the same if that is asked for. */
function expectLikely(file: string, { layout }: EncoderInFile, norms: NormCheck | null): void {
  if (layout !== null || norms?.verdict !== 'unlike') return;
  const { distance, first, images } = norms;
  throw new FaultError(
    'weights-unlike',
    `${file} was matched by the order of its shapes, and what ${images} pictures give does not fit the statistics of ` +
      `its batch norms from ${String(first)} on (${distance === null ? 'values overflow' : `${distance.toFixed(2)} nats`}): ` +
      "the order is probably another one. Look for a copy in torchvision's names, or import it once more as it is.",
    { path: file, first: String(first) },
  );
}

export async function run(job: JobOf<'importWeights'>, context: JobContext): Promise<Ending> {
  const { port } = context;
  port.send({ type: 'phase', phase: 'scanning', quietForMs: quietMs });
  const progress = progressOf(context);
  const file = await openWeights(job.file);
  try {
    const match = await findEncoder(file, encoders.all, job);
    const { read, warnings, detector, noDetector, ...described } = match;
    const ofEncoder = detector === undefined ? 1 : match.tensors / (match.tensors + detector.described.tensors);
    const variables = await read((fraction) => progress(fraction * ofEncoder));
    const ofDetector = await detector?.read((fraction) => progress(ofEncoder + fraction * (1 - ofEncoder)));
    const norms = await normsOf(match, variables, job.threads, context);
    if (job.anyway !== true) expectLikely(job.file, match, norms);
    const id = await save(job.folder, match, variables, ofDetector ?? new Map());
    const { size } = await stat(job.file);
    const found = {
      ...described,
      id,
      file: basename(job.file),
      format: file.format,
      bytes: size,
      detector: detector?.described ?? null,
      noDetector: noDetector ?? null,
      networks: [...match.networks],
      unmatched: [...match.unmatched],
      passedOver: file.passedOver.map(({ what, count, names }) => ({ what, count, names: [...names] })),
      warnings: [...warnings(variables)],
      norms,
    };
    port.send({ type: 'result', outcome: { kind: 'weights', found } });
  } finally {
    await file.close();
  }
  return { why: 'done', step: 0, safeStep: null };
}

const entriesBelow = (at: string, variables: Variables): readonly StateEntry[] =>
  [...variables].map(([name, { shape, values }]) => ({
    name: `${at}/${name}`,
    shape,
    dtype: 'float32',
    read: () => values,
    write: () => undefined,
  }));

/** Saves the encoder, and the detector around it, as a checkpoint; returns its id. */
async function save(
  folder: string,
  { encoder }: EncoderInFile,
  variables: Variables,
  ofDetector: Variables,
): Promise<string> {
  const entries = [...entriesBelow(path, variables), ...entriesBelow(detectorPath, ofDetector)];
  const hashes = entries.map(({ name, shape, read }) => [name, shape, sha256(bytesOf(read()))]);
  const id = sha256(canonicalJson({ encoder, hashes })).slice(0, idDigits);
  const nothing = { attempt: 1, step: 0, epoch: 0, trainedSeconds: 0, seed: 0, counters: {}, threads: 1 };
  const unknown = { tensorflow: 'none', arithmetic: 'none', instructionSet: 'none' };
  const header = { run: id, ...nothing, ...unknown, codeVersion: version, configHash: sha256(id) };
  await mkdir(folder, { recursive: true });
  await saveCheckpoint(folder, header, entries);
  return id;
}
