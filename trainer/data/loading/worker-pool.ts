/** Has work done in this thread or by a pool of workers, with the same bytes. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { FaultError } from '../../durable/fault-error.ts';
import type { Producer, Work, WorkOrder, WorkReply, WorkRequest } from './work.ts';

// Kept out of the `new URL` expression, which a bundler would treat as an asset.
const here = import.meta.url;
/** The worker's bundle, built next to the running one. */
const bundledWorker = new URL('./decode-worker.js', here);

export interface Pool {
  /** 0: the work is done in this thread. */
  readonly workers: number;
  /** Number of images found by the opener; every worker must find the same. */
  readonly count: number;
  /** The worker's program. */
  readonly file?: URL | undefined;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

function fromFault({ code, message, values, retry }: Extract<WorkReply, { kind: 'fault' }>['fault']): FaultError {
  return new FaultError(code, message, values, { retry });
}

/** Starts a worker thread. Its death fails all pending requests. */
async function startWorker(order: WorkOrder, file: URL, count: number) {
  const worker = new Worker(file, { workerData: order });
  const waiting = new Map<number, Waiting>();
  let ended: Error | null = null;
  let nextId = 0;
  let isReady: (value: null) => void;
  let failed: (error: unknown) => void;
  const ready = new Promise<null>((resolve, reject) => {
    isReady = resolve;
    failed = reject;
  });
  const end = (error: unknown) => {
    ended ??= error instanceof Error ? error : new Error(String(error));
    failed(ended);
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
  };
  worker.on('error', end);
  worker.on('exit', (code) => end(new FaultError('internal', `A decoding worker exited with code ${code}.`)));
  worker.on('message', (reply: WorkReply) => {
    if (reply.kind === 'ready') {
      if (reply.count === count) isReady(null);
      else {
        const text = `The data set had ${count} images and now has ${reply.count}: it changed while being opened.`;
        end(new FaultError('dataset-changed', text));
      }
    } else if (reply.kind === 'fault' && reply.id === null) end(fromFault(reply.fault));
    else {
      const request = waiting.get(reply.id!);
      waiting.delete(reply.id!);
      if (reply.kind === 'done') request?.resolve(reply.result);
      else request?.reject(fromFault(reply.fault));
    }
  });
  try {
    await ready;
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  return {
    load: () => waiting.size,
    produce: (request: unknown) =>
      new Promise<unknown>((resolve, reject) => {
        if (ended !== null) {
          reject(ended);
          return;
        }
        const id = nextId++;
        waiting.set(id, { resolve, reject });
        worker.postMessage({ id, request } satisfies WorkRequest);
      }),
    async close() {
      await worker.terminate();
    },
  };
}

export async function openProducer<Specification, Request, Result>(
  work: Work<Specification, Request, Result>,
  specification: Specification,
  { workers, count, file = bundledWorker }: Pool,
): Promise<Producer<Request, Result>> {
  if (workers === 0) return work.open(specification);
  if (!existsSync(file)) {
    throw new FaultError(
      'internal',
      `The decoding worker script is missing: ${fileURLToPath(file)}. Build it, or use 0 workers.`,
    );
  }
  const order = { work: work.name, specification };
  const starting = Array.from({ length: workers }, () => startWorker(order, file, count));
  const started = await Promise.allSettled(starting);
  const failure = started.find((each) => each.status === 'rejected');
  const pool = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const close = async () => {
    await Promise.all(pool.map((worker) => worker.close()));
  };
  if (failure) {
    await close();
    throw failure.reason;
  }
  return {
    produce: (request) => pool.reduce((a, b) => (b.load() < a.load() ? b : a)).produce(request) as Promise<Result>,
    close,
  };
}
