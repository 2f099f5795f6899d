/** An evaluation by a detector: it learns from whole pictures together with the encoder, and what it finds is counted. */
import * as v from 'valibot';
import { progressOf } from '../channel/job.ts';
import { DamagedImageError } from '../data/damaged-image.ts';
import type { Located } from '../data/listing/image-table.ts';
import { SourceChanged } from '../data/loading/loader.ts';
import { startCounting, type DetectionFigure } from '../detection/figures/rules.ts';
import { causesOf, type DetectorCause, type DetectorFacts } from '../detection/diagnosis.ts';
import { detectorLearner } from '../detection/nets/detector-learner.ts';
import { pictureOrder, type PictureOrder } from '../detection/pictures/order.ts';
import { pictureBatches, type PictureBatches } from '../detection/pictures/picture-batches.ts';
import { checkName } from '../protocol/declared-metrics.ts';
import type { DetectionRecipe, DetectionTraining } from '../recipe.ts';
import { optimizers, schedules } from '../registry.ts';
import type { Stepper } from '../engine/engine.ts';
import type { BatchSource, TrainingTask } from '../training/training-task.ts';
import { extractQuietMs, type Evaluation, type EvaluationScope } from './evaluation-scope.ts';
import { objectFinder } from './find-objects.ts';
import { openTrainableEncoder } from './on-images.ts';
import { annotated, openPictures, surveyed, unseenClasses } from './survey-pictures.ts';

/** Examinations in a course, each of so many pictures; the whole split is measured at its end. */
const examinations = 4;
const examinedPictures = 100;
const examineQuietMs = 300_000;
/** The leading figure after the first examination, in percent, below which nothing has been learned. */
const learnsNothingBelow = 0.5;

const causeTexts: Readonly<Record<DetectorCause, (classes: string) => string>> = {
  'detector-boxes-below-pixel': () =>
    'Most boxes are smaller than a pixel: their numbers may be shares of the picture. Multiply them by its width and height.',
  'detector-boxes-misplaced': () =>
    'Most boxes are empty or outside their pictures: their numbers may be in another order (corners, or a corner with width and height).',
  'detector-classes-unseen': (classes) =>
    `Classes to be found that no training picture has: ${classes}. The classes of the two splits may be numbered differently.`,
  'detector-rate': () => 'The loss does not fall: lower the learning rate, or lengthen the warm-up.',
  'detector-proposals': () =>
    'Hardly any object is proposed: the anchors may not have the sizes of the objects. Change the scale of the anchors.',
};
const causeUnknown = 'None of the known causes holds: it may need more steps.';

/** Rows for the objects of a picture: a power of two, so that data sets share graphs. */
const rowsFor = (most: number): number => Math.max(8, 2 ** Math.ceil(Math.log2(Math.max(most, 1))));

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
  let step = scope.fromStep;
  const made = (at: number) => {
    const { epoch, pictures } = order.at(at);
    return withoutDamaged(scope, scope.train, count, () => batches.training(pictures, views, { seed, epoch }));
  };
  let ahead = made(step);
  ahead.catch(() => undefined);
  return {
    async next() {
      const batch = await ahead;
      step += 1;
      ahead = made(step);
      // A failure is reported when its batch is asked for; until then it must not count as unhandled.
      ahead.catch(() => undefined);
      return { batch };
    },
    close: () =>
      ahead.then(
        () => undefined,
        () => undefined,
      ),
  };
}

/** Keeps of a training what tells whether it learns. */
function watch(stepper: Stepper) {
  const seen: { lossFirst: number | null; lossLast: number | null; recall: number | null } = {
    lossFirst: null,
    lossLast: null,
    recall: null,
  };
  const run: Stepper['run'] = async (...step) => {
    const result = await stepper.run(...step);
    seen.lossFirst ??= result.loss;
    seen.lossLast = result.loss;
    seen.recall = result.metrics['recall'] ?? seen.recall;
    return result;
  };
  return { run, seen };
}

/** Says once, at the first examination, that it learns nothing, and what of the known causes holds. */
function tellCauses({ context }: EvaluationScope, step: number, figure: DetectionFigure, facts: DetectorFacts): void {
  const { port } = context;
  const value = (figure.value ?? 0).toFixed(2);
  const causes = causesOf(facts);
  const text = `The detector has learned nothing by step ${step}: ${figure.metric} is ${value} %.`;
  port.log('attention', 'detector-learns-nothing', text, { step, metric: figure.metric, value });
  const classes = facts.unseenClasses.slice(0, 5).join(', ');
  for (const cause of causes) port.log('attention', cause, causeTexts[cause](classes), { step, classes });
  if (causes.length === 0) port.log('attention', 'detector-cause-unknown', causeUnknown, { step });
}

/** Opens the encoder and a detector that is trained with it. */
export async function onPictures(scope: EvaluationScope, recipe: DetectionRecipe<unknown>): Promise<Evaluation> {
  const { context, engine, config, options, classes, place, truth } = scope;
  const encoder = await openTrainableEncoder(scope);
  const training = recipe.build(options, scope.builder, { encoder, classes });
  const train = await openPictures(scope.train, scope.recipe.title);
  const test = await openPictures(scope.test, scope.recipe.title);
  const survey = await surveyed(train);
  const order = pictureOrder(survey.pictures, survey.isWide, training.batch, config.seed);
  const { normalization } = config;
  const mostObjects = rowsFor(survey.most);
  const learning = pictureBatches({ data: train, normalization, mostObjects, masks: recipe.masks });
  const looking = pictureBatches({ data: test, normalization, mostObjects, masks: false });
  const find = objectFinder(engine, training, looking);
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
  const watched = watch(stepper);
  const { steps } = training;
  const { stepsPerEpoch } = order;
  const every = Math.max(1, Math.ceil(steps / examinations));
  const course: TrainingTask = {
    steps,
    stepsPerEpoch,
    counters: new Map(),
    source: sourceOf(scope, learning, order, training, train.count),
    run: watched.run,
    state: stepper.state,
    imagesOf: ({ index }) => Array.from(index, (picture) => survey.names[picture]!),
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
        if ((figures[0]?.value ?? 0) < learnsNothingBelow) {
          const unseen = unseenClasses(tested, survey, truth.test.names);
          tellCauses(scope, done, figures[0]!, { ...survey.boxes, ...watched.seen, unseenClasses: unseen });
        }
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
      const { dataset, split, fingerprint } = config.test;
      const figures = await figuresOf(tested.length, progress);
      await train.close();
      await test.close();
      const protocol = { ...scope.recipe.protocol(options), layer: scope.layer };
      return figures.map(({ metric, value, byClass }) => ({
        evaluator: scope.recipe.id,
        dataset,
        split,
        protocol,
        metric,
        value,
        n: tested.length,
        which: 'last' as const,
        ...(fingerprint === undefined ? {} : { fingerprint }),
        byClass: byClass.map((of, label) => ({ name: truth.test.names[label]!, value: of, cost: 0 })),
      }));
    },
  };
}
