/** An evaluation by a detector: it learns from whole pictures together with the encoder, and what it finds is counted. */
import * as v from 'valibot';
import { progressOf } from '../channel/job.ts';
import { DamagedImageError } from '../data/damaged-image.ts';
import type { Located } from '../data/listing/image-table.ts';
import { SourceChanged } from '../data/loading/loader.ts';
import { openData } from '../data/loading/open-data.ts';
import { noneSeen } from '../data/loading/seen-contents.ts';
import { begin, whenReached, whenThere } from '../data/loading/when-reached.ts';
import { startCounting, type DetectionFigure } from '../detection/figures/rules.ts';
import { detectorLearner } from '../detection/nets/detector-learner.ts';
import type { AnnotatedImage } from '../detection/objects.ts';
import { pictureOrder, type PictureOrder } from '../detection/pictures/order.ts';
import { pictureBatches, type PictureBatches } from '../detection/pictures/picture-batches.ts';
import { isLearned } from '../detection/pictures/shown-objects.ts';
import { FaultError } from '../durable/fault-error.ts';
import { checkName } from '../protocol/declared-metrics.ts';
import { resizingProtocol, type Result } from '../protocol/results.ts';
import { resizingOf } from '../protocol/run.ts';
import type { DetectionRecipe, DetectionTraining, OpenDataset } from '../recipe.ts';
import type { Reach } from '../channel/reach.ts';
import { optimizers, schedules } from '../registry.ts';
import type { BatchSource, TrainingTask } from '../training/training-task.ts';
import { extractQuietMs, type Evaluation, type EvaluationScope } from './evaluation-scope.ts';
import { objectFinder } from './find-objects.ts';
import { openTrainableEncoder } from './on-images.ts';

/** Examinations in a course, each of so many pictures; the whole split is measured at its end. */
const examinations = 4;
const examinedPictures = 100;
const examineQuietMs = 300_000;

/** @throws FaultError `wrong-folder` for a split without boxes */
async function openPictures(
  { data: source, found }: Located,
  { context, recipe: { title } }: EvaluationScope,
): Promise<Required<OpenDataset>> {
  const data = await whenThere(() => openData(source, found), source.path, context.reach);
  if (data.objects) return data as Required<OpenDataset>;
  await data.close();
  const text = `${title} needs boxes around objects, such as PASCAL VOC and COCO have; ${source.path} has none.`;
  throw new FaultError('wrong-folder', text, { path: source.path });
}

/** What is known of the pictures to learn from: those with objects, which of them are wide, and the most objects in one. */
async function surveyed(data: Required<OpenDataset>) {
  const pictures: number[] = [];
  const wide = new Uint8Array(data.count);
  let most = 0;
  for (let picture = 0; picture < data.count; picture++) {
    const { objects, width, height } = await data.objects(picture);
    const learned = objects.filter(isLearned).length;
    if (learned > 0) pictures.push(picture);
    wide[picture] = width > height ? 1 : 0;
    most = Math.max(most, learned);
  }
  return { pictures: Int32Array.from(pictures), isWide: (picture: number) => wide[picture] === 1, most };
}

/** Rows for the objects of a picture: a power of two, so that data sets share graphs. */
const rowsFor = (most: number): number => Math.max(8, 2 ** Math.ceil(Math.log2(Math.max(most, 1))));

/** What is read of the pictures; from the first pause on it is compared. */
function seenIn({ count }: OpenDataset, reach: Reach | undefined) {
  if (reach === undefined) return undefined;
  const seen = noneSeen(count, reach.startedAt, reach.holds() > 0);
  return () => {
    if (reach.holds() > 0) seen.doubt.fill(1);
    return seen;
  };
}

/** Damaged pictures are recorded, and the evaluation begins again without them. */
async function withoutDamaged<T>(
  { leftOut }: EvaluationScope,
  source: Located,
  count: number,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DamagedImageError)) throw error;
    const { file, reason, sha256 } = error;
    leftOut.add(source.data, count, [{ at: 0, file, reason, sha256 }], null);
    throw new SourceChanged(`${file} of ${source.data.path} is damaged`);
  }
}

function sourceOf(
  scope: EvaluationScope,
  batches: PictureBatches,
  order: PictureOrder,
  { views }: DetectionTraining,
  count: number,
): BatchSource {
  const { seed } = scope.config;
  const { reach } = scope.context;
  let step = scope.fromStep;
  const made = (at: number) => {
    const { epoch, pictures } = order.at(at);
    return begin(reach, () =>
      withoutDamaged(scope, scope.train, count, () => batches.training(pictures, views, { seed, epoch })),
    );
  };
  let ahead = made(step);
  return {
    async next() {
      const batch = await whenReached(ahead, scope.train.data.path, reach);
      step += 1;
      ahead = made(step);
      return { batch };
    },
    close: () =>
      ahead.result.then(
        () => undefined,
        () => undefined,
      ),
  };
}

/** All that is annotated in the pictures to be measured on, called by their files: ids of folders of classes may repeat. */
async function annotated(data: Required<OpenDataset>): Promise<readonly AnnotatedImage[]> {
  const images: AnnotatedImage[] = [];
  for (let picture = 0; picture < data.count; picture++) {
    const image = await data.objects(picture);
    images.push({ ...image, id: image.file });
  }
  return images;
}

/** Pictures to learn from, and pictures to find objects in, which are waited for where their data goes away. */
function batchesOf(
  { context: { reach }, config, test: { data: source } }: EvaluationScope,
  {
    train,
    test,
    most,
    masks,
  }: { readonly train: OpenDataset; readonly test: OpenDataset; readonly most: number; readonly masks: boolean },
): { readonly learning: PictureBatches; readonly finding: PictureBatches['finding'] } {
  const shared = { normalization: config.normalization, resizing: resizingOf(config), mostObjects: rowsFor(most) };
  const looking = pictureBatches({ ...shared, data: test, masks: false, seen: seenIn(test, reach) });
  return {
    learning: pictureBatches({ ...shared, data: train, masks, seen: seenIn(train, reach) }),
    finding: (...asked) =>
      whenReached(
        begin(reach, () => looking.finding(...asked)),
        source.path,
        reach,
      ),
  };
}

function resultsOf(
  { recipe, config, options, layer, truth }: EvaluationScope,
  figures: readonly DetectionFigure[],
  images: number,
): readonly Result[] {
  const { dataset, split, fingerprint } = config.test;
  const protocol = { ...recipe.protocol(options), layer, ...resizingProtocol(config) };
  return figures.map(({ metric, value, byClass }) => ({
    evaluator: recipe.id,
    dataset,
    split,
    protocol,
    metric,
    value,
    n: images,
    which: 'last' as const,
    ...(fingerprint === undefined ? {} : { fingerprint }),
    byClass: byClass.map((of, label) => ({ name: truth.test.names[label]!, value: of, cost: 0 })),
  }));
}

/** Opens the encoder and a detector that is trained with it. */
export async function onPictures(scope: EvaluationScope, recipe: DetectionRecipe<unknown>): Promise<Evaluation> {
  const { context, engine, config, options, classes, place } = scope;
  const encoder = await openTrainableEncoder(scope);
  const training = recipe.build(options, scope.builder, { encoder, classes });
  const train = await openPictures(scope.train, scope);
  const test = await openPictures(scope.test, scope);
  const { pictures, isWide, most } = await surveyed(train);
  const order = pictureOrder(pictures, isWide, training.batch, config.seed);
  const { learning, finding } = batchesOf(scope, { train, test, most, masks: recipe.masks });
  const find = objectFinder(engine, training, finding);
  const tested = await annotated(test);
  const rules = recipe.rules(options);

  async function figuresOf(
    count: number,
    progress: (fraction: number) => Promise<void>,
  ): Promise<readonly DetectionFigure[]> {
    const images = tested.slice(0, count);
    const counting = startCounting(rules, images, classes, recipe.masks);
    const all = Int32Array.from(images.keys());
    await withoutDamaged(scope, scope.test, test.count, () =>
      find(all, (picture, found) => counting.add(images[picture]!.id, found), progress),
    );
    return counting.finish();
  }

  const optimizer = optimizers.get(training.optimizer.id);
  const schedule = schedules.get(training.schedule.id);
  const peak = optimizer.peak(v.parse(optimizer.options, training.optimizer.options), training.batch);
  const scheduleOptions = v.parse(schedule.options, training.schedule.options);
  const learner = detectorLearner(training.detector, training.proposalWeight);
  const stepper = engine.stepper(learner, { recipe: optimizer, options: training.optimizer.options }, config.seed);
  const { steps } = training;
  const { stepsPerEpoch } = order;
  const every = Math.max(1, Math.ceil(steps / examinations));
  const course: TrainingTask = {
    steps,
    stepsPerEpoch,
    counters: new Map(),
    source: sourceOf(scope, learning, order, training, train.count),
    run: stepper.run,
    state: stepper.state,
    rate: (step) => schedule.rate(step, { peak, steps, stepsPerEpoch }, scheduleOptions),
    look: {
      due: (done) => done % every === 0 && done < steps,
      async run(done) {
        context.port.send({ type: 'phase', phase: 'evaluating', quietForMs: examineQuietMs });
        const at = { step: done, steps, epoch: done / stepsPerEpoch };
        const figures = await figuresOf(examinedPictures, progressOf(context, { ...place, ...at, obeys: false }));
        const points = figures.flatMap(({ metric, value }) =>
          value === null ? [] : [[checkName('evaluate', metric), value] as const],
        );
        return { points: Object.fromEntries(points), best: false };
      },
    },
  };

  return {
    course,
    examinedImages: tested.length + (examinations - 1) * Math.min(examinedPictures, tested.length),
    async measure() {
      context.port.send({ type: 'phase', phase: 'evaluating', quietForMs: extractQuietMs });
      const progress = progressOf(context, { ...place, step: steps, steps, epoch: 0, safeStep: steps });
      const figures = await figuresOf(tested.length, progress);
      await train.close();
      await test.close();
      return resultsOf(scope, figures, tested.length);
    },
  };
}
