/**
 * Batches for the loop. The producer creates a batch in pieces, which are assembled here; pieces, workers and
 * prefetching affect when a view is computed, never its contents.
 */
import type { HostBatch } from '../../host-batch.ts';
import type { EvaluationLoader, EvaluationLoaderOptions, TrainingLoader, TrainingLoaderOptions } from './pipeline.ts';
import { openViewProducer, type ViewProducer } from './worker-pool.ts';
import { createSampler } from './sampler.ts';
import { viewSizes, type WorkSpecification } from './view-renderer.ts';
import { openData } from './open-data.ts';

/** Memory limit for prefetched batches; two are always in progress. */
const prefetchBytes = 512 << 20;
const mostPrefetched = 8;
/** A piece of a batch: small enough to spread over workers, large enough that messages cost nothing. */
const pieceBytes = 8 << 20;

interface Assembly {
  readonly depth: number;
  assemble(epoch: number, index: Int32Array): Promise<HostBatch>;
}

function createAssembly(
  producer: ViewProducer,
  specification: WorkSpecification,
  labels: Int32Array | null,
  batch: number,
  workers: number,
): Assembly {
  const channels = specification.normalization.mean.length;
  const sizes = viewSizes(specification);
  const sampleBytes = sizes.reduce((sum, size) => sum + size * size * channels * 4, 0);
  const share = Math.ceil(batch / Math.max(1, workers));
  const piece = Math.max(1, Math.min(share, Math.floor(pieceBytes / sampleBytes)));
  const ahead = Math.floor(prefetchBytes / (batch * sampleBytes));
  return {
    depth: workers === 0 ? 0 : Math.max(2, Math.min(mostPrefetched, ahead)),
    async assemble(epoch, index) {
      const pieces: Promise<readonly Float32Array[]>[] = [];
      for (let at = 0; at < index.length; at += piece) {
        const part = producer.produce(epoch, index.slice(at, at + piece));
        // With one thread, one after another: starting all at once gains nothing.
        if (workers === 0) await part;
        pieces.push(part);
      }
      const parts = await Promise.all(pieces);
      const views = sizes.map((size, view) => {
        const shape = [index.length, size, size, channels];
        if (parts.length === 1) return { shape, values: parts[0]![view]! };
        const values = new Float32Array(index.length * size * size * channels);
        parts.forEach((part, i) => values.set(part[view]!, i * piece * size * size * channels));
        return { shape, values };
      });
      return { views, index, targets: targetsOf(labels, index) };
    },
  };
}

function targetsOf(labels: Int32Array | null, index: Int32Array): HostBatch['targets'] {
  if (!labels) return {};
  return { label: { shape: [index.length], values: Int32Array.from(index, (sample) => labels[sample]!) } };
}

/** A queue of batches in progress. `start` begins the next one; null at the end. */
function createQueue<T>(depth: number, start: () => Promise<T> | null) {
  const queue: Promise<T>[] = [];
  return function next(): Promise<T> | null {
    while (queue.length < depth + 1) {
      const started = start();
      if (!started) break;
      // A failure is reported when its batch is requested; until then it must not count as unhandled.
      started.catch(() => undefined);
      queue.push(started);
    }
    return queue.shift() ?? null;
  };
}

async function prepare(
  options: TrainingLoaderOptions | EvaluationLoaderOptions,
  task: WorkSpecification['task'],
  workerFile: URL | undefined,
) {
  const opened = await openData(options.data, options.found);
  const { count, found } = opened;
  const specification: WorkSpecification = { data: options.data, found, normalization: options.normalization, task };
  const classes = opened.classes.length;
  const labels = await opened.labels();
  await opened.close();
  const producer = await openViewProducer(specification, options.workers, count, workerFile);
  const assembly = createAssembly(producer, specification, labels, Math.min(options.batch, count), options.workers);
  return { count, classes, producer, assembly };
}

export async function openTrainingLoader(options: TrainingLoaderOptions, workerFile?: URL): Promise<TrainingLoader> {
  const { views, seed, paired } = options;
  const { count, classes, producer, assembly } = await prepare(
    options,
    { kind: 'training', views, seed, paired },
    workerFile,
  );
  try {
    const sampler = createSampler(count, options.batch, options.dropLast, seed);
    let step = options.fromStep;
    const next = createQueue(assembly.depth, async () => {
      const { epoch, batchInEpoch, index } = sampler.at(step++);
      return { batch: await assembly.assemble(epoch, index), epoch, batchInEpoch };
    });
    return {
      count,
      classes,
      stepsPerEpoch: sampler.stepsPerEpoch,
      // Training batches never end, so there is always a next one.
      next: () => next()!,
      close: () => producer.close(),
    };
  } catch (error) {
    await producer.close();
    throw error;
  }
}

export async function openEvaluationLoader(
  options: EvaluationLoaderOptions,
  workerFile?: URL,
): Promise<EvaluationLoader> {
  const task = { kind: 'evaluation', preprocessing: options.preprocessing } as const;
  const { count, classes, producer, assembly } = await prepare(options, task, workerFile);
  let at = options.from;
  const next = createQueue(assembly.depth, () => {
    if (at >= count) return null;
    const index = Int32Array.from({ length: Math.min(options.batch, count - at) }, (_, i) => at + i);
    at += index.length;
    return assembly.assemble(0, index);
  });
  return { count, classes, next: () => next() ?? Promise.resolve(null), close: () => producer.close() };
}
