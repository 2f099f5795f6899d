/** The worker's side of the pool: opens the data set, answers each request with a result in shared or transferred memory. */
import { parentPort, workerData } from 'node:worker_threads';
import { FaultError } from '../../durable/fault-error.ts';
import type { Fault } from '../../protocol/fault.ts';
import { DecodingLog } from './decoding-signs.ts';
import type { Work, WorkerMessage, WorkOrder, WorkReply } from './work.ts';

function faultOf(error: unknown): Fault {
  if (error instanceof FaultError) return error.fault;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'internal', message: `A decoding worker failed: ${text}`, values: {} };
}

type ServedWork = Pick<Work<never, never, unknown>, 'name' | 'open' | 'memoryOf'>;

/** Does the work that this thread was started for. @param known all kinds */
export async function serveWork(known: readonly ServedWork[]): Promise<void> {
  const port = parentPort;
  if (!port) throw new Error('This program is a worker thread and cannot be run by itself.');
  const reply = (message: WorkReply, memory: readonly ArrayBuffer[] = []) => port.postMessage(message, [...memory]);
  try {
    const order = workerData as WorkOrder;
    const work = known.find(({ name }) => name === order.work);
    if (!work) throw new FaultError('internal', `Decoding workers do not know the work "${order.work}".`);
    const log = new DecodingLog(order.signs, order.blamed, order.notes);
    const opened = await work.open(order.specification as never, log);
    // One request at a time, in order, so that a worker holds the memory of only one.
    let last = Promise.resolve();
    port.on('message', (message: WorkerMessage) => {
      if (message.kind === 'blamed') {
        log.blame(message.image);
        return;
      }
      const { id, request } = message;
      last = last.then(async () => {
        try {
          const result = await opened.produce(request as never);
          reply({ kind: 'done', id, result }, work.memoryOf(result));
        } catch (error) {
          reply({ kind: 'fault', id, fault: faultOf(error) });
        }
      });
    });
    reply({ kind: 'ready', count: opened.count });
  } catch (error) {
    reply({ kind: 'fault', id: null, fault: faultOf(error) });
  }
}
