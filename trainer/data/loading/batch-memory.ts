/**
 * Memory for the views of batches: shared, so that decoding workers write into it and TensorFlow reads it, without a copy
 * between them, and used again for later batches, so that the system need not clear pages for every batch.
 *
 * A place is used again only if it is given back, after the step that reads it, and only if every worker that was to write
 * to it has said that it is done. In all other cases it is left to the garbage collector, which frees it once no thread
 * holds it: a worker that hangs and is given up may still write.
 */
import koffi from 'koffi';

/** TensorFlow reads without a copy what begins at a multiple of it (EIGEN_MAX_ALIGN_BYTES). */
const alignment = 64;
const aligned = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;

/** Views of one batch. */
export interface Place {
  readonly buffer: SharedArrayBuffer;
  /** Where each view begins, in bytes. */
  readonly offsets: readonly number[];
}

export interface BatchMemory {
  /** A place with undefined contents. */
  take(): Place;
  /** To be taken again: nobody reads or writes it any more. */
  giveBack(place: Place): void;
}

/** @param viewBytes of each view of the largest batch */
export function createBatchMemory(viewBytes: readonly number[]): BatchMemory {
  const free: Place[] = [];
  const starts: number[] = [];
  let bytes = 0;
  for (const own of viewBytes) {
    starts.push(bytes);
    bytes += aligned(own);
  }

  function made(): Place {
    const buffer = new SharedArrayBuffer(bytes + alignment);
    const address = Number(koffi.address(buffer) % BigInt(alignment));
    const first = aligned(address) - address;
    return { buffer, offsets: starts.map((start) => first + start) };
  }

  return {
    take: () => free.pop() ?? made(),
    giveBack: (place) => void free.push(place),
  };
}
