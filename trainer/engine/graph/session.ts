/** Runs parts of a graph, on a TensorFlow thread or blocking this one. */
import { bigints } from '../binding/attributes.ts';
import { bufferBytes, outputArray } from '../binding/memory.ts';
import { checkStatus, type Handle, type Output, type SessionRunRequest } from '../binding/tensorflow.ts';
import { integer, message } from '../binding/protobuf.ts';
import type { SessionSettings } from '../binding/runtime.ts';
import { dtypes, newTensor } from '../binding/tensors.ts';
import { fullTrace, timingsOf, type Timing } from '../binding/timings.ts';
import type { OpenGraph, Request } from './node.ts';

/** Results of a run whose operations were timed. */
export interface ProfiledRun {
  readonly results: readonly Handle[];
  readonly timings: readonly Timing[];
}

/** Everything a run touches, in C's layout, kept together so that it lives as long as the run. */
interface Call {
  readonly given: SessionRunRequest;
  /** Handles of the fetched tensors, written by the run. */
  readonly results: BigInt64Array;
}

export class Session {
  readonly #graph: OpenGraph;
  readonly #handle: Handle;
  /** Requests without their values, numbered as they first came. */
  readonly #known = new Map<string, number>();
  readonly #exchanges: boolean;

  constructor(graph: OpenGraph, { config, target, exchanges }: SessionSettings) {
    const { tensorflow, handle, status } = graph;
    const options = tensorflow.TF_NewSessionOptions();
    tensorflow.TF_SetConfig(options, config, config.length, status);
    checkStatus(tensorflow, status, 'take the session options');
    if (target !== null) tensorflow.TF_SetTarget(options, target);
    this.#graph = graph;
    this.#exchanges = exchanges;
    this.#handle = tensorflow.TF_NewSession(handle, options, status);
    checkStatus(tensorflow, status, 'open a session');
    tensorflow.TF_DeleteSessionOptions(options);
  }

  /** Runs on a TensorFlow thread; returns the fetched tensors, which the caller frees. */
  async run(request: Request): Promise<readonly Handle[]> {
    const { number, isNew } = this.#numberOf(request);
    if (isNew) await this.#prepare(request);
    const options = this.#optionsOf(number);
    try {
      return await this.#finished(request, this.#callOf(request, options));
    } finally {
      // What initial values and the choice of algorithms took.
      if (isNew) this.#graph.tensorflow.letGoOfUnused();
      if (options !== 0) this.#graph.tensorflow.TF_DeleteBuffer(options);
    }
  }

  /** The same, with the time of every operation. */
  async profile(request: Request): Promise<ProfiledRun> {
    const { number, isNew } = this.#numberOf(request);
    if (isNew) await this.#prepare(request);
    const { tensorflow } = this.#graph;
    const options = this.#optionsOf(number, fullTrace);
    const metadata = tensorflow.TF_NewBuffer();
    try {
      const results = await this.#finished(request, this.#callOf(request, options, metadata));
      return { results, timings: timingsOf(bufferBytes(tensorflow, metadata)) };
    } finally {
      tensorflow.TF_DeleteBuffer(options);
      tensorflow.TF_DeleteBuffer(metadata);
    }
  }

  /** The same, blocking this thread. */
  runNow(request: Request): readonly Handle[] {
    const { tensorflow, status } = this.#graph;
    const { given, results } = this.#callOf(request);
    tensorflow.TF_SessionRun(...given, status);
    this.#freeFeeds(request);
    checkStatus(tensorflow, status, 'read or write the state');
    return Array.from(results, Number);
  }

  #numberOf({ feeds, fetches, targets }: Request): { readonly number: number; readonly isNew: boolean } {
    const outputs = (nodes: readonly Output[]) => nodes.map(({ oper, index }) => `${oper}:${index}`).join();
    const key = [outputs(feeds.map(({ node }) => node)), outputs(fetches), targets.join()].join(' ');
    const number = this.#known.get(key);
    if (number !== undefined) return { number, isNew: false };
    this.#known.set(key, this.#known.size + 1);
    return { number: this.#known.size, isNew: true };
  }

  /** RunOptions of a request; 0: none. Where it exchanges tensors others know it by its number. @param more of them, encoded */
  #optionsOf(number: number, more: Uint8Array = new Uint8Array(0)): Handle {
    // experimental { collective_graph_key }
    const options = Uint8Array.from([...more, ...(this.#exchanges ? message(8, integer(1, number)) : [])]);
    return options.length === 0 ? 0 : this.#graph.tensorflow.TF_NewBufferFromString(options, options.length);
  }

  /**
   * TensorFlow optimizes the graph of a request when it first meets it, and makes copies of it that take as much memory as a
   * small step. A value of a type that no placeholder has is refused after that and before anything is computed, so the
   * memory is given back before the step's own tensors are asked for. An error in the graph is met again by the run itself.
   */
  async #prepare(request: Request): Promise<void> {
    const [first, ...others] = request.feeds;
    // A run that fails in one of several processes ends those of the others.
    if (!first || this.#exchanges) return;
    const { tensorflow } = this.#graph;
    const status = tensorflow.TF_NewStatus();
    const refused = newTensor(tensorflow, [], dtypes.bool, new Uint8Array(1));
    try {
      await this.#ended(this.#callOf({ ...request, feeds: [{ ...first, tensor: refused }, ...others] }), status);
      if (tensorflow.TF_GetCode(status) === 0) throw new Error('TensorFlow took a truth value for a number.');
    } finally {
      tensorflow.TF_DeleteTensor(refused);
      tensorflow.TF_DeleteStatus(status);
    }
    tensorflow.letGoOfUnused();
  }

  #callOf({ feeds, fetches, targets }: Request, options: Handle = 0, metadata: Handle = 0): Call {
    const results = new BigInt64Array(fetches.length);
    const inputs = outputArray(feeds.map(({ node }) => node));
    const values = feeds.length > 0 ? bigints(feeds.map(({ tensor }) => tensor)) : null;
    const outputs = outputArray(fetches);
    const operations = targets.length > 0 ? bigints(targets) : null;
    return {
      given: [
        this.#handle,
        options,
        inputs,
        values,
        feeds.length,
        outputs,
        fetches.length > 0 ? results : null,
        fetches.length,
        operations,
        targets.length,
        metadata,
      ],
      results,
    };
  }

  /** `call` is held until the run ends, and with it the arrays that TensorFlow reads and writes. */
  #ended(call: Call, status: Handle): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#graph.tensorflow.TF_SessionRun.async(...call.given, status, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }

  async #finished(request: Request, call: Call): Promise<readonly Handle[]> {
    const { tensorflow } = this.#graph;
    // Its own status, because several runs may be in progress.
    const status = tensorflow.TF_NewStatus();
    try {
      await this.#ended(call, status);
      checkStatus(tensorflow, status, 'run a step');
      return Array.from(call.results, Number);
    } finally {
      this.#freeFeeds(request);
      tensorflow.TF_DeleteStatus(status);
    }
  }

  #freeFeeds({ feeds }: Request): void {
    for (const { tensor } of feeds) this.#graph.tensorflow.TF_DeleteTensor(tensor);
  }
}
