/**
 * Batches for the loop. The producer creates a batch in pieces, which are assembled here; pieces, workers and
 * prefetching affect when a view is computed, never its contents.
 */
import { whenWritten } from '../../channel/when-written.ts';
import type { EvaluationLoader, EvaluationLoaderOptions, TrainingLoader, TrainingLoaderOptions } from './pipeline.ts';
import { compareAfterPause, noneSeen } from './seen-contents.ts';
import { begin, whenReached, whenThere } from './when-reached.ts';
import { createAssembly, type Assembled, type Assembly } from './assembly.ts';
import { createQueue } from './prefetch.ts';
import { openProducer, type LoaderProgram } from './worker-pool.ts';
import { createSampler } from './sampler.ts';
import { viewWork, type ViewSpecification } from './view-renderer.ts';
import { openData } from './open-data.ts';
import { damagedImageError } from '../damaged-image.ts';
import { nameOf } from '../listing/image-table.ts';
import { printable } from '../rejects.ts';
import type { FoundImages } from '../found-images.ts';
import { substituted, type DamagedImage } from './left-out.ts';

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
  const batch = Math.min(options.batch, count);
  const { workers } = options;
  const { assemble, ...rest } = createAssembly({ producer, specification, labels, batch, workers });
  const assembly: Assembly = {
    ...rest,
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
      release: ({ views }) => assembly.release(views),
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
    release: ({ views }) => assembly.release(views),
    close: () => producer.close(),
  };
}
