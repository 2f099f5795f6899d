/** Entry of a decoding worker thread: opens the data set, answers each request with views in transferred memory. */
import { parentPort, workerData } from 'node:worker_threads';
import { FaultError } from '../../durable/fault-error.ts';
import type { Fault } from '../../protocol/fault.ts';
import { openViewRenderer, type RenderedViews, type WorkSpecification } from './view-renderer.ts';

export interface WorkRequest {
  readonly id: number;
  readonly epoch: number;
  readonly index: Int32Array;
}

/** `ready` comes once, first. */
export type WorkReply =
  | { readonly kind: 'ready'; readonly count: number }
  | { readonly kind: 'views'; readonly id: number; readonly rendered: RenderedViews }
  | { readonly kind: 'fault'; readonly id: number | null; readonly fault: Fault };

const port = parentPort;
if (!port) throw new Error('This file is the entry of a worker thread and cannot be run by itself.');

function faultOf(error: unknown): Fault {
  if (error instanceof FaultError) return error.fault;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'internal', message: `A decoding worker failed: ${text}`, values: {} };
}

const reply = (message: WorkReply, transfer: readonly ArrayBuffer[] = []) => port.postMessage(message, [...transfer]);

try {
  const workshop = await openViewRenderer(workerData as WorkSpecification);
  // One request at a time, in order, so that a worker holds the memory of only one.
  let last = Promise.resolve();
  port.on('message', ({ id, epoch, index }: WorkRequest) => {
    last = last.then(async () => {
      try {
        const rendered = await workshop.produce(epoch, index);
        reply(
          { kind: 'views', id, rendered },
          rendered.views.map((view) => view.buffer),
        );
      } catch (error) {
        reply({ kind: 'fault', id, fault: faultOf(error) });
      }
    });
  });
  reply({ kind: 'ready', count: workshop.count });
} catch (error) {
  reply({ kind: 'fault', id: null, fault: faultOf(error) });
}
