/** Renders views in this thread or in a pool of workers, with the same bytes. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { FaultError } from '../../durable/fault-error.ts';
import type { WorkReply, WorkRequest } from './worker.ts';
import { openViewRenderer, type RenderedViews, type ViewRenderer, type WorkSpecification } from './view-renderer.ts';

export type ViewProducer = Omit<ViewRenderer, 'count'>;

// Kept out of the `new URL` expression, which a bundler would treat as an asset.
const here = import.meta.url;
/** The worker's bundle, built next to the running one. */
export const bundledWorker = new URL('./decode-worker.js', here);

interface Waiting {
  readonly resolve: (rendered: RenderedViews) => void;
  readonly reject: (error: unknown) => void;
}

function fromFault({ code, message, values, retry }: Extract<WorkReply, { kind: 'fault' }>['fault']): FaultError {
  return new FaultError(code, message, values, { retry });
}

/** Starts a worker thread. Its death fails all pending requests. */
async function startWorker(specification: WorkSpecification, file: URL, count: number) {
  const worker = new Worker(file, { workerData: specification });
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
      if (reply.kind === 'views') request?.resolve(reply.rendered);
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
    produce: (epoch: number, index: Int32Array) =>
      new Promise<RenderedViews>((resolve, reject) => {
        if (ended !== null) {
          reject(ended);
          return;
        }
        const id = nextId++;
        waiting.set(id, { resolve, reject });
        worker.postMessage({ id, epoch, index } satisfies WorkRequest);
      }),
    async close() {
      await worker.terminate();
    },
  };
}

/** `count`: number of images found by the opener; every worker must find the same. */
export async function openViewProducer(
  specification: WorkSpecification,
  workers: number,
  count: number,
  file: URL = bundledWorker,
): Promise<ViewProducer> {
  if (workers === 0) return openViewRenderer(specification);
  if (!existsSync(file)) {
    throw new FaultError(
      'internal',
      `The decoding worker script is missing: ${fileURLToPath(file)}. Build it, or use 0 workers.`,
    );
  }
  const starting = Array.from({ length: workers }, () => startWorker(specification, file, count));
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
    produce: (epoch, index) => pool.reduce((a, b) => (b.load() < a.load() ? b : a)).produce(epoch, index),
    close,
  };
}
