/** Scans a folder and reports what it contains, before training. */
import { availableParallelism } from 'node:os';
import { openExaminer } from '../data/apart/examiner.ts';
import { writeCopies } from '../data/copies/copies-file.ts';
import { readDamagedFiles, writeDamagedFiles } from '../data/listing/damaged-files.ts';
import type { CopyPair } from '../protocol/copies.ts';
import type { DamagedFile } from '../protocol/left-out.ts';
import { inspectFolder } from '../data/listing/inspect.ts';
import { runInBackground } from './low-priority.ts';
import { progressOf, type Ending, type JobContext, type JobOf } from '../channel/job.ts';

const scanQuietMs = 60_000;

/** As many as pictures are in progress: more would have nothing to do. */
const mostProcesses = 4;

export async function run(job: JobOf<'inspect'>, context: JobContext): Promise<Ending> {
  const { port } = context;
  if (job.background) runInBackground();
  port.send({ type: 'phase', phase: 'scanning', quietForMs: scanQuietMs });
  const progress = progressOf(context);
  const cancelled = new AbortController();
  /** The scan reports progress synchronously; a stop received there reaches it through the signal. */
  const tell = (done: number, total: number | null): void => {
    progress(total ? done / total : 0).catch((reason: unknown) => cancelled.abort(reason));
  };
  const damaged: DamagedFile[] = [];
  let copies: readonly CopyPair[] = [];
  const { contents, checkedUnasked, reading } = job;
  const examiner = openExaminer({ processes: Math.min(mostProcesses, availableParallelism()) });
  const inspection = await inspectFolder(job.path, job.dataset, tell, cancelled.signal, {
    contents,
    checkedUnasked,
    reading,
    details: { damaged: (image) => void damaged.push(image), copies: (pairs) => (copies = pairs) },
    examine: examiner.examine,
  }).finally(() => examiner.close());
  if (job.datasetsFolder !== null) {
    // A later check of a listed data set found more of them.
    const known =
      inspection.contents === 'listed' ? await readDamagedFiles(job.datasetsFolder, inspection.fingerprint) : [];
    if (damaged.length > known.length) await writeDamagedFiles(job.datasetsFolder, inspection.fingerprint, damaged);
    if (inspection.nearDuplicates !== null) await writeCopies(job.datasetsFolder, inspection.fingerprint, copies);
  }
  port.send({ type: 'result', outcome: { kind: 'inspection', inspection } });
  return { why: 'done', step: 0, safeStep: null };
}
