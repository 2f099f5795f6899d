/** Work on a data set that a loader does in its own thread or has done by workers: plain data in, plain data out. */
import type { Fault } from '../../protocol/fault.ts';
import type { Located } from '../listing/image-table.ts';
import type { BlamedImage, DecodingLog, DecodingSigns, NotePlace } from './decoding-signs.ts';

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
  /** Where the images lie that it tells of decoding, by number: see `ImagePlace`. */
  sources(specification: Specification): readonly Located[];
  /** @param log told of each decoding; absent in the loader's thread, where nobody could watch */
  open(specification: Specification, log?: DecodingLog): Promise<OpenWork<Request, Result>>;
  /** The request for a worker that takes it over: the one that it was given first may still write where it says. */
  elsewhere(request: Request): Request;
  /** Memory of a result that goes from a worker to the loader without a copy. */
  memoryOf(result: Result): readonly ArrayBuffer[];
}

/** Given to a worker when it starts. */
export interface WorkOrder {
  readonly work: string;
  readonly specification: unknown;
  /** Where it says what it is decoding. */
  readonly signs: DecodingSigns;
  /** Where it notes the same in the run's folder; null without one. */
  readonly notes: NotePlace | null;
  /** What it must not decode. */
  readonly blamed: readonly BlamedImage[];
}

export type WorkerMessage =
  | { readonly kind: 'request'; readonly id: number; readonly request: unknown }
  | { readonly kind: 'blamed'; readonly image: BlamedImage };

/** `ready` comes once, first. */
export type WorkReply =
  | { readonly kind: 'ready'; readonly count: number }
  | { readonly kind: 'done'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'fault'; readonly id: number | null; readonly fault: Fault };
