/** Has work done in this thread or by a pool of workers, with the same bytes. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FaultError } from '../../durable/fault-error.ts';
import { usualBounds, type DecodingBounds } from '../apart/bounds.ts';
import { examinerBeside } from '../apart/examiner.ts';
import { createBlame } from './blame.ts';
import { earlierDecodingNotes } from './decoding-notes.ts';
import type { BlamedImage } from './decoding-signs.ts';
import { PoolWorker } from './pool-worker.ts';
import type { Producer, Work } from './work.ts';

// Kept out of the `new URL` expression, which a bundler would treat as an asset.
const here = import.meta.url;
/** The worker's bundle, built next to the running one. */
const bundledWorker = new URL('./decode-worker.js', here);

/** The usual ones by default. */
export interface LoaderProgram {
  /** The worker's program; that of the process which examines suspect images lies beside it. */
  readonly file?: URL | undefined;
  readonly bounds?: DecodingBounds | undefined;
}

export interface Pool extends LoaderProgram {
  /** 0: the work is done in this thread. */
  readonly workers: number;
  /** Number of images found by the opener; every worker must find the same. */
  readonly count: number;
  /** Folder of the run, where workers note what they decode; null without a run. */
  readonly runFolder: string | null;
}

export async function openProducer<Specification, Request, Result>(
  work: Work<Specification, Request, Result>,
  specification: Specification,
  { workers, count, runFolder, file = bundledWorker, bounds = usualBounds }: Pool,
): Promise<Producer<Request, Result>> {
  if (workers === 0) return work.open(specification);
  if (!existsSync(file)) {
    throw new FaultError(
      'internal',
      `The decoding worker script is missing: ${fileURLToPath(file)}. Build it, or use 0 workers.`,
    );
  }
  const sources = work.sources(specification);
  const blame = createBlame({ sources, file: examinerBeside(file), bounds });
  const earlier = runFolder === null ? null : await earlierDecodingNotes(runFolder, sources);
  const blamed: BlamedImage[] = [];
  for (const place of earlier?.suspects ?? []) {
    const image = await blame(place);
    if (image) blamed.push(image);
  }
  const notes = earlier?.begin(workers) ?? null;
  const elsewhere = (request: unknown) => work.elsewhere(request as Request);
  const pool: PoolWorker[] = [];
  for (let number = 0; number < workers; number++) {
    const tell = (image: BlamedImage) => {
      pool.forEach((other, at) => at !== number && other.blame(image));
    };
    const order = { work: work.name, specification, notes: notes?.placeOf(number) ?? null };
    pool.push(new PoolWorker({ file, order, count, bounds, blame, blamed, elsewhere, tell }));
  }
  const timer = setInterval(() => {
    for (const worker of pool) worker.look();
  }, bounds.lookEveryMs).unref();
  const close = async () => {
    clearInterval(timer);
    await Promise.all(pool.map((worker) => worker.close()));
    notes?.close();
  };
  const started = await Promise.allSettled(pool.map(({ ready }) => ready));
  const failure = started.find((each) => each.status === 'rejected');
  if (failure) {
    await close();
    throw failure.reason;
  }
  return {
    produce: (request) => pool.reduce((a, b) => (b.load < a.load ? b : a)).produce(request) as Promise<Result>,
    close,
  };
}
