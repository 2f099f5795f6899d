/** Work on a data set that a loader does in its own thread or has done by workers: plain data in, plain data out. */
import type { Fault } from '../../protocol/fault.ts';

export interface Producer<Request, Result> {
  produce(request: Request): Promise<Result>;
  close(): Promise<void>;
}

export interface OpenWork<Request, Result> extends Producer<Request, Result> {
  /** Images of the data set. */
  readonly count: number;
}

/** A kind of work. What is shared memory in a specification is not copied. */
export interface Work<Specification, Request, Result> {
  /** By which a worker knows it. */
  readonly name: string;
  open(specification: Specification): Promise<OpenWork<Request, Result>>;
  /** Memory of a result that goes from a worker to the loader without a copy. */
  memoryOf(result: Result): readonly ArrayBuffer[];
}

/** Given to a worker when it starts. */
export interface WorkOrder {
  readonly work: string;
  readonly specification: unknown;
}

export interface WorkRequest {
  readonly id: number;
  readonly request: unknown;
}

/** `ready` comes once, first. */
export type WorkReply =
  | { readonly kind: 'ready'; readonly count: number }
  | { readonly kind: 'done'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'fault'; readonly id: number | null; readonly fault: Fault };
