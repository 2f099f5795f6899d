/** A decoding worker, replaced where it hangs or dies: at most the image that is to blame is lost, the other work is done over. */
import process from 'node:process';
import { setTimeout as after } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import koffi from 'koffi';
import { FaultError } from '../../durable/fault-error.ts';
import type { DecodingBounds } from '../apart/bounds.ts';
import type { Blame } from './blame.ts';
import { decodingsOf, noSigns, type BlamedImage, type Decoding, type DecodingSigns } from './decoding-signs.ts';
import type { WorkerMessage, WorkOrder, WorkReply } from './work.ts';

export interface WorkerOptions {
  readonly file: URL;
  readonly order: Pick<WorkOrder, 'work' | 'specification' | 'notes'>;
  /** Number of images that it must find. */
  readonly count: number;
  readonly bounds: DecodingBounds;
  readonly blame: Blame;
  /** Images that no worker of the pool may decode; this one adds to them. */
  readonly blamed: BlamedImage[];
  /** A request as the worker is given it that takes it over. */
  readonly elsewhere: (request: unknown) => unknown;
  /** Tells the pool's other workers. */
  readonly tell: (image: BlamedImage) => void;
}

interface Waiting {
  request: unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Deaths without an image to blame before the work fails: a worker that lacked memory once may do. */
const mostDeaths = 2;
const endingMs = 5_000;

function fromFault({ code, message, values, retry }: Extract<WorkReply, { kind: 'fault' }>['fault']): FaultError {
  return new FaultError(code, message, values, { retry });
}

/** Threads that have been told to end. */
const ending = new Set<Worker>();

/** Node waits for every thread when the program exits, also for one that hangs in native code and cannot be ended. */
const exitAtOnce = (code: number): void => {
  if (ending.size > 0) koffi.load('libc.so.6').func('void _exit(int)')(code);
};

/** Ends a thread, or leaves it alone if it does not end. */
async function abandon(worker: Worker): Promise<void> {
  if (!process.listeners('exit').includes(exitAtOnce)) process.on('exit', exitAtOnce);
  ending.add(worker);
  const timer = new AbortController();
  const ended = worker.terminate().then(() => ending.delete(worker));
  await Promise.race([ended, after(endingMs, null, { signal: timer.signal }).catch(() => null)]);
  timer.abort();
}

export class PoolWorker {
  readonly #options: WorkerOptions;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker;
  #signs: DecodingSigns;
  /** Number of looks that each decoding has been seen at. */
  #looks = new Map<number, number>();
  #ended: Error | null = null;
  #nextId = 0;
  #deaths = 0;
  #isReplacing = false;
  /** Why the worker has ended, until it is replaced. */
  #death: Error | null = null;
  #isClosed = false;
  readonly ready: Promise<void>;
  #isReady: () => void = () => undefined;
  #failed: (error: Error) => void = () => undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.ready = new Promise((resolve, reject) => {
      this.#isReady = resolve;
      this.#failed = reject;
    });
    this.#signs = noSigns();
    this.#worker = this.#started();
  }

  get load(): number {
    return this.#waiting.size;
  }

  #started(): Worker {
    const { file, order, blamed } = this.#options;
    const workerData = { ...order, signs: this.#signs, blamed: [...blamed] } satisfies WorkOrder;
    const worker = new Worker(file, { workerData });
    const ifCurrent = (heard: () => void) => {
      if (worker === this.#worker && !this.#isClosed) heard();
    };
    worker.on('message', (reply: WorkReply) => ifCurrent(() => this.#hear(reply)));
    worker.on('error', (error) => ifCurrent(() => this.#died(error)));
    worker.on('exit', (code) =>
      ifCurrent(() => this.#died(new FaultError('internal', `A decoding worker exited with code ${code}.`))),
    );
    return worker;
  }

  #hear(reply: WorkReply): void {
    const { count } = this.#options;
    if (reply.kind === 'ready') {
      if (reply.count === count) this.#isReady();
      else {
        const text = `The data set had ${count} images and now has ${reply.count}: it changed while being opened.`;
        this.#end(new FaultError('dataset-changed', text));
      }
    } else if (reply.kind === 'fault' && reply.id === null) this.#end(fromFault(reply.fault));
    else {
      const request = this.#waiting.get(reply.id!);
      this.#waiting.delete(reply.id!);
      if (reply.kind === 'done') request?.resolve(reply.result);
      else request?.reject(fromFault(reply.fault));
    }
  }

  #end(error: unknown): void {
    this.#ended ??= error instanceof Error ? error : new Error(String(error));
    this.#failed(this.#ended);
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }

  #send(message: WorkerMessage): void {
    this.#worker.postMessage(message);
  }

  produce(request: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== null) {
        reject(this.#ended);
        return;
      }
      const id = this.#nextId++;
      this.#waiting.set(id, { request, resolve, reject });
      this.#send({ kind: 'request', id, request });
    });
  }

  blame(image: BlamedImage): void {
    this.#send({ kind: 'blamed', image });
  }

  /** Called at each look: suspects decodings that have been going on for long. */
  look(): void {
    const { suspectAfter } = this.#options.bounds;
    const before = this.#looks;
    const going = decodingsOf(this.#signs);
    this.#looks = new Map(going.map(({ number }) => [number, (before.get(number) ?? 0) + 1]));
    // Again after as many looks, should it go on although nothing is wrong with the image.
    const long = going.filter(({ number }) => this.#looks.get(number)! % suspectAfter === 0);
    if (long.length > 0) void this.#replaceIf(long);
  }

  /** The worker has ended by itself; heard twice, of its error and of its exit. */
  #died(error: Error): void {
    this.#death ??= error;
    void this.#replaceIf(decodingsOf(this.#signs));
  }

  /** Replaces the worker if an image is to blame, or it has ended. */
  async #replaceIf(suspects: readonly Decoding[]): Promise<void> {
    if (this.#ended || this.#isReplacing) return;
    const { blame, blamed, tell } = this.#options;
    this.#isReplacing = true;
    try {
      let isFound = false;
      for (const suspect of suspects) {
        const image = await blame(suspect);
        if (image === null) continue;
        isFound = true;
        blamed.push(image);
        tell(image);
      }
      if (this.#isClosed || (this.#death === null && !isFound)) return;
      if (this.#death && !isFound && (suspects.length === 0 || ++this.#deaths > mostDeaths)) throw this.#death;
      this.#replace();
    } catch (error) {
      this.#end(error);
    } finally {
      this.#isReplacing = false;
    }
  }

  #replace(): void {
    const old = this.#worker;
    this.#signs = noSigns();
    this.#looks = new Map();
    this.#death = null;
    this.#worker = this.#started();
    void abandon(old);
    for (const [id, waiting] of this.#waiting) {
      waiting.request = this.#options.elsewhere(waiting.request);
      this.#send({ kind: 'request', id, request: waiting.request });
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await abandon(this.#worker);
  }
}
