/**
 * Batches for the loop. The producer creates a batch in pieces, which are assembled here; pieces, workers and
 * prefetching affect when a view is computed, never its contents.
 */
import { whenWritten } from '../../channel/when-written.ts';
import type { HostBatch } from '../../host-batch.ts';
import type { EvaluationLoader, EvaluationLoaderOptions, TrainingLoader, TrainingLoaderOptions } from './pipeline.ts';
import { compareAfterPause, noneSeen } from './seen-contents.ts';
import { begin, whenReached, whenThere } from './when-reached.ts';
import { createQueue, prefetchDepth } from './prefetch.ts';
import { openProducer, type LoaderProgram } from './worker-pool.ts';
import { createSampler } from './sampler.ts';
import { viewSizes, viewWork, type RenderedViews, type ViewRequest, type ViewSpecification } from './view-renderer.ts';
import type { Producer } from './work.ts';
import { openData } from './open-data.ts';
import { damagedImageError } from '../damaged-image.ts';
import { nameOf } from '../listing/image-table.ts';
import { printable } from '../rejects.ts';
import type { FoundImages } from '../found-images.ts';
import { substituted, type DamagedImage } from './left-out.ts';

/** A piece of a batch: small enough to spread over workers, large enough that messages cost nothing. */
const pieceBytes = 2 << 20;

interface Assembled {
  readonly batch: HostBatch;
  readonly damaged: readonly DamagedImage[];
}

interface Assembly {
  readonly depth: number;
  assemble(epoch: number, index: Int32Array): Promise<Assembled>;
}

function createAssembly(
  producer: Producer<ViewRequest, RenderedViews>,
  specification: ViewSpecification,
  labels: Int32Array | null,
  batch: number,
  workers: number,
): Assembly {
  const { normalization } = specification;
  const channels = normalization.mean.length;
  const sizes = viewSizes(specification);
  const sampleBytes = sizes.reduce((sum, size) => sum + size * size * channels, 0);
  const share = Math.ceil(batch / Math.max(1, workers));
  const piece = Math.max(1, Math.min(share, Math.floor(pieceBytes / sampleBytes)));
  return {
    depth: prefetchDepth(batch * sampleBytes, workers),
    async assemble(epoch, index) {
      const pieces: Promise<RenderedViews>[] = [];
      for (let at = 0; at < index.length; at += piece) {
        const part = producer.produce({ epoch, index: index.slice(at, at + piece) });
        // With one thread, one after another: starting all at once gains nothing.
        if (workers === 0) await part;
        pieces.push(part);
      }
      const parts = await Promise.all(pieces);
      const views = sizes.map((size, view) => {
        const shape = [index.length, size, size, channels];
        if (parts.length === 1) return { shape, values: parts[0]!.views[view]!, normalization };
        const values = new Uint8Array(index.length * size * size * channels);
        parts.forEach((part, i) => values.set(part.views[view]!, i * piece * size * size * channels));
        return { shape, values, normalization };
      });
      const damaged = parts.flatMap((part, i) => part.damaged.map((one) => ({ ...one, at: one.at + i * piece })));
      return { batch: { views, index, targets: targetsOf(labels, index) }, damaged };
    },
  };
}

function targetsOf(labels: Int32Array | null, index: Int32Array): HostBatch['targets'] {
  if (!labels) return {};
  return { label: { shape: [index.length], values: Int32Array.from(index, (sample) => labels[sample]!) } };
}

type LoaderOptions = TrainingLoaderOptions | EvaluationLoaderOptions;

/** Opens the data; waits for it where its folder is gone as a whole. */
function prepare(options: LoaderOptions, task: ViewSpecification['task'], program: LoaderProgram | undefined) {
  const { data, reach } = options;
  return whenThere(() => prepareNow(options, task, program), data.path, reach);
}

async function prepareNow(
  options: LoaderOptions,
  given: ViewSpecification['task'],
  program: LoaderProgram | undefined,
) {
  const { reach } = options;
  const opened = await openData(options.data, options.found);
  const { count, found } = opened;
  const none = () => reach && noneSeen(count, reach.startedAt, reach.holds() > 0);
  const seen = none();
  const pairedSeen = given.kind === 'training' && given.paired ? none() : undefined;
  const task = given.kind === 'training' ? { ...given, pairedSeen } : given;
  const { data, normalization, resizing } = options;
  const specification: ViewSpecification = { data, found, normalization, resizing, seen, task };
  const classes = opened.classes.length;
  const labels = await opened.labels();
  await opened.close();
  const producer = await openProducer(viewWork, specification, {
    ...program,
    workers: options.workers,
    count,
    runFolder: options.leftOut?.runFolder ?? null,
  });
  const { depth, assemble } = createAssembly(
    producer,
    specification,
    labels,
    Math.min(options.batch, count),
    options.workers,
  );
  const assembly: Assembly = {
    depth,
    assemble(epoch, index) {
      compareAfterPause(reach, seen, pairedSeen);
      return assemble(epoch, index);
    },
  };
  return { count, classes, found, producer, assembly };
}

/** Images left out of training, by number, with the step from which on. */
function leftOutImages({ leftOut, data }: TrainingLoaderOptions, found: FoundImages | undefined): Map<number, number> {
  const steps = new Map<number, number>();
  const names = leftOut?.fromSteps(data);
  if (names === undefined || names.size === 0 || found === undefined) return steps;
  for (let image = 0; image < found.images.count; image++) {
    const step = names.get(printable(nameOf(found.images, image)));
    if (step !== undefined) steps.set(image, step);
  }
  return steps;
}

export async function openTrainingLoader(
  options: TrainingLoaderOptions,
  program?: LoaderProgram,
): Promise<TrainingLoader> {
  const { views, seed, viewSeed = seed, paired, data, leftOut, reach } = options;
  const { count, classes, found, producer, assembly } = await prepare(
    options,
    { kind: 'training', views, seed: viewSeed, paired },
    program,
  );
  try {
    const sampler = createSampler(count, options.batch, options.dropLast, seed);
    const steps = leftOutImages(options, found);
    const isLeftOutAt = (step: number) => (image: number) => (steps.get(image) ?? Infinity) <= step;

    /** The batch of a step without its damaged images, which are recorded first. */
    async function usable(step: number) {
      const { epoch, batchInEpoch, index: drawn } = sampler.at(step);
      for (;;) {
        const index = substituted(drawn, isLeftOutAt(step), count, { seed, epoch, batchInEpoch });
        const { batch, damaged } = await assembly.assemble(epoch, index);
        if (damaged.length === 0) return { batch, epoch, batchInEpoch, step };
        if (!leftOut) throw damagedImageError(damaged[0]!);
        leftOut.add(data, count, damaged, step);
        for (const { at } of damaged) steps.set(index[at]!, Math.min(step, steps.get(index[at]!) ?? step));
      }
    }

    let nextStep = options.fromStep;
    const prefetched = createQueue(assembly.depth, reach, () => {
      const step = nextStep++;
      return () => usable(step);
    });
    return {
      count,
      classes,
      stepsPerEpoch: sampler.stepsPerEpoch,
      async next() {
        // Training batches never end, so there is always a next one.
        let made = await whenReached(prefetched()!, data.path, reach);
        // An earlier step may have left out an image after this batch was begun.
        while (made.batch.index.some(isLeftOutAt(made.step))) {
          const { step } = made;
          made = await whenReached(
            begin(reach, () => usable(step)),
            data.path,
            reach,
          );
        }
        return made;
      },
      close: () => producer.close(),
    };
  } catch (error) {
    await producer.close();
    throw error;
  }
}

/** An evaluation's source has images that cannot be used. They are recorded: opened again, it is without them. */
export class SourceChanged extends Error {}

export async function openEvaluationLoader(
  options: EvaluationLoaderOptions,
  program?: LoaderProgram,
): Promise<EvaluationLoader> {
  const { data, leftOut, reach } = options;
  const task = { kind: 'evaluation', preprocessing: options.preprocessing } as const;
  const { count, classes, producer, assembly } = await prepare(options, task, program);
  let at = options.from;
  const next = (): (() => Promise<Assembled>) | null => {
    if (at >= count) return null;
    const index = Int32Array.from({ length: Math.min(options.batch, count - at) }, (_, i) => at + i);
    at += index.length;
    return () => (options.substitutes === true ? substitutedBatch(index) : assembly.assemble(0, index));
  };

  async function substitutedBatch(drawn: Int32Array): Promise<Assembled> {
    const unusable = new Set<number>();
    for (;;) {
      const place = { seed: 0, epoch: 0, batchInEpoch: drawn[0]! };
      const index = substituted(drawn, (image) => unusable.has(image), count, place);
      const { batch, damaged } = await assembly.assemble(0, index);
      if (damaged.length === 0) return { batch: { ...batch, index: drawn }, damaged };
      for (const one of damaged) unusable.add(index[one.at]!);
    }
  }
  const prefetched = createQueue(assembly.depth, reach, next);

  /** Reads the rest of the source, so that it is opened again only once. */
  async function leaveOut(first: readonly DamagedImage[]): Promise<never> {
    if (!leftOut) throw damagedImageError(first[0]!);
    const damaged = [...first];
    for (let rest = prefetched(); rest !== null; rest = prefetched()) {
      damaged.push(...(await whenReached(rest, data.path, reach)).damaged);
      await options.progress?.(at / count);
    }
    await whenWritten(() => leftOut.add(data, count, damaged, null), data.path, reach);
    throw new SourceChanged(`${damaged.length} images of ${data.path} are damaged`);
  }

  return {
    count,
    classes,
    async next() {
      const begun = prefetched();
      if (begun === null) return null;
      const made = await whenReached(begun, data.path, reach);
      return made.damaged.length === 0 ? made.batch : leaveOut(made.damaged);
    },
    close: () => producer.close(),
  };
}
