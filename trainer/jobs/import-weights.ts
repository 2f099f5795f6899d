/** Reads an encoder from a weights file and saves it as a checkpoint. */
import { basename } from 'node:path';
import { stat } from 'node:fs/promises';
import { canonicalJson } from '../durable/canonical-json.ts';
import { saveCheckpoint } from '../checkpoints/write-checkpoint.ts';
import type { StateEntry } from '../engine/engine.ts';
import { bytesOf, sha256 } from '../durable/files.ts';
import { encoderPath } from '../protocol/run.ts';
import { encoders } from '../registry.ts';
import { version } from '../version.ts';
import { openWeights } from '../weights/open.ts';
import { findEncoder } from '../weights/find-encoder.ts';
import { progressOf, type Ending, type JobContext, type JobOf } from '../channel/job.ts';

const quietMs = 300_000;
const idDigits = 16;

export async function run(job: JobOf<'importWeights'>, context: JobContext): Promise<Ending> {
  const { port } = context;
  port.send({ type: 'phase', phase: 'scanning', quietForMs: quietMs });
  const progress = progressOf(context);
  const file = await openWeights(job.file);
  try {
    const { read, warnings, ...match } = await findEncoder(file, encoders.all, job);
    const variables = await read(progress);
    const path = encoderPath(1, 0);
    const entries = [...variables].map(([name, { shape, values }]): StateEntry => {
      const own = { name: `${path}/${name}`, shape, dtype: 'float32' } as const;
      return { ...own, read: () => values, write: () => undefined };
    });
    const hashes = entries.map(({ name, shape, read }) => [name, shape, sha256(bytesOf(read()))]);
    const id = sha256(canonicalJson({ encoder: match.encoder, hashes })).slice(0, idDigits);
    const nothing = { attempt: 1, step: 0, epoch: 0, trainedSeconds: 0, seed: 0, counters: {}, threads: 1 };
    const unknown = { tensorflow: 'none', arithmetic: 'none', instructionSet: 'none' };
    const header = { run: id, ...nothing, ...unknown, codeVersion: version, configHash: sha256(id) };
    await saveCheckpoint(job.folder, header, entries);
    const { size } = await stat(job.file);
    const found = {
      ...match,
      id,
      file: basename(job.file),
      format: file.format,
      bytes: size,
      networks: [...match.networks],
      unmatched: [...match.unmatched],
      passedOver: file.passedOver.map(({ what, count, names }) => ({ what, count, names: [...names] })),
      warnings: [...warnings(variables)],
    };
    port.send({ type: 'result', outcome: { kind: 'weights', found } });
  } finally {
    await file.close();
  }
  return { why: 'done', step: 0, safeStep: null };
}
