/** Puts batches together from pieces that a producer makes, each written where it belongs in the batch. */
import type { HostBatch } from '../../host-batch.ts';
import { createBatchMemory, type Place } from './batch-memory.ts';
import type { DamagedImage } from './left-out.ts';
import { prefetchDepth } from './prefetch.ts';
import { viewSizes, type RenderedViews, type ViewRequest, type ViewSpecification } from './view-renderer.ts';
import type { Producer } from './work.ts';

/** A piece of a batch: small enough to spread over workers, large enough that messages cost nothing. */
const pieceBytes = 2 << 20;

export interface Assembled {
  readonly batch: HostBatch;
  readonly damaged: readonly DamagedImage[];
}

export interface Assembly {
  /** Batches to make ahead. */
  readonly depth: number;
  assemble(epoch: number, index: Int32Array): Promise<Assembled>;
  /** The batch with these views is read no more: their memory is used for another. */
  release(views: HostBatch['views']): void;
}

export interface AssemblyOptions {
  readonly producer: Pick<Producer<ViewRequest, RenderedViews>, 'produce'>;
  readonly specification: Pick<ViewSpecification, 'normalization' | 'task'>;
  readonly labels: Int32Array | null;
  /** Samples of the largest batch. */
  readonly batch: number;
  readonly workers: number;
}

export function createAssembly({ producer, specification, labels, batch, workers }: AssemblyOptions): Assembly {
  const { normalization } = specification;
  const channels = normalization.mean.length;
  const sizes = viewSizes(specification);
  const viewBytes = sizes.map((size) => size * size * channels);
  const sampleBytes = viewBytes.reduce((sum, bytes) => sum + bytes, 0);
  const share = Math.ceil(batch / Math.max(1, workers));
  const piece = Math.max(1, Math.min(share, Math.floor(pieceBytes / sampleBytes)));
  const memory = createBatchMemory(viewBytes.map((bytes) => batch * bytes));
  const places = new WeakMap<HostBatch['views'], Place>();

  const viewAt = ({ buffer, offsets }: Place, view: number, from: number, rows: number): Uint8Array =>
    new Uint8Array(buffer, offsets[view]! + from * viewBytes[view]!, rows * viewBytes[view]!);

  /** The same views in another place, where a worker that was replaced may still write to theirs. */
  function moved(place: Place, parts: readonly RenderedViews[], rows: number): Place {
    const other = memory.take();
    parts.forEach(({ elsewhere }, part) => {
      const from = part * piece;
      const count = Math.min(piece, rows - from);
      for (const view of sizes.keys())
        viewAt(other, view, from, count).set(elsewhere?.[view] ?? viewAt(place, view, from, count));
    });
    return other;
  }

  return {
    depth: prefetchDepth(batch * sampleBytes, workers),
    async assemble(epoch, index) {
      const place = memory.take();
      const pieces: Promise<RenderedViews>[] = [];
      for (let from = 0; from < index.length; from += piece) {
        const offsets = place.offsets.map((offset, view) => offset + from * viewBytes[view]!);
        const part = producer.produce({
          epoch,
          index: index.slice(from, from + piece),
          into: { buffer: place.buffer, offsets },
        });
        // With one thread, one after another: starting all at once gains nothing.
        if (workers === 0) await part;
        pieces.push(part);
      }
      const parts = await Promise.all(pieces);
      const isWhole = parts.every(({ elsewhere }) => elsewhere === null);
      const held = isWhole ? place : moved(place, parts, index.length);
      const views = sizes.map((size, view) => ({
        shape: [index.length, size, size, channels],
        values: viewAt(held, view, 0, index.length),
        normalization,
      }));
      places.set(views, held);
      const damaged = parts.flatMap((part, i) => part.damaged.map((one) => ({ ...one, at: one.at + i * piece })));
      return { batch: { views, index, targets: targetsOf(labels, index) }, damaged };
    },
    release(views) {
      const place = places.get(views);
      // Only once: it may be another batch's by now.
      if (place && places.delete(views)) memory.giveBack(place);
    },
  };
}

function targetsOf(labels: Int32Array | null, index: Int32Array): HostBatch['targets'] {
  if (!labels) return {};
  return { label: { shape: [index.length], values: Int32Array.from(index, (sample) => labels[sample]!) } };
}
