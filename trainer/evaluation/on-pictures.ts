/** An evaluation by a detector: it learns from whole pictures together with the encoder, and what it finds is counted. */
import * as v from 'valibot';
import { progressOf, type Progress } from '../channel/job.ts';
import { whenWritten } from '../channel/when-written.ts';
import type { DetectorFacts } from '../detection/diagnosis.ts';
import { startCounting, type DetectionFigure, type DetectionRules } from '../detection/figures/rules.ts';
import { detectorLearner } from '../detection/nets/detector-learner.ts';
import type { AnnotatedImage } from '../detection/objects.ts';
import { FaultError } from '../durable/fault-error.ts';
import type { SplitPictures } from '../detection/pictures/picture-loader.ts';
import { pictureOrder } from '../detection/pictures/order.ts';
import { checkName } from '../protocol/declared-metrics.ts';
import { detectionFiles } from '../protocol/detections.ts';
import { resizingProtocol, type Result } from '../protocol/results.ts';
import type { DetectionRecipe, DetectionTraining } from '../recipe.ts';
import { optimizers, schedules } from '../registry.ts';
import type { BatchSource, PeriodicCheck, TrainingTask } from '../training/training-task.ts';
import { extractQuietMs, type Evaluation, type EvaluationScope } from './evaluation-scope.ts';
import { objectFinder, type FindObjects } from './find-objects.ts';
import { takeImportedDetector } from './imported-detector.ts';
import { measureDetections, type MeasuredDetections } from './measure-detections.ts';
import type { TellDetections } from '../detection/results/write-found.ts';
import { openTrainableEncoder } from './on-images.ts';
import { openFinding, openLearning, picturesOf, picturesTogether } from './picture-sources.ts';
import { annotated, categoriesOf, lookAtPictures, surveyed, unseenClasses } from './survey-pictures.ts';
import { takePreciseNorm } from './precise-norm.ts';
import { tellIfNothingLearned, watched } from './watch-detector.ts';

/** Examinations in a course, each of so many pictures; the whole split is measured at its end. */
const examinations = 4;
const examinedPictures = 100;
const examineQuietMs = 300_000;

function resultsOf(
  { recipe, config, options, truth }: EvaluationScope,
  figures: readonly MeasuredDetections[],
  images: number,
  isTrained: boolean,
): readonly Result[] {
  const { dataset, split, fingerprint } = config.test;
  const protocol = { ...recipe.protocol(options), ...resizingProtocol(config) };
  return figures.map(({ metric, value, byClass, spread }) => ({
    evaluator: recipe.id,
    dataset,
    split,
    protocol,
    metric,
    value,
    n: images,
    which: isTrained ? ('last' as const) : ('only' as const),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(spread === null ? {} : { spread }),
    detections: detectionFiles.found,
    byClass: byClass.map((of, label) => ({ name: truth.test.names[label]!, value: of, cost: 0 })),
  }));
}

/** The detector as a problem for the loop, and the course of its learning rate. */
function learningOf({ engine, config, clips }: EvaluationScope, training: DetectionTraining) {
  const optimizer = optimizers.get(training.optimizer.id);
  const schedule = schedules.get(training.schedule.id);
  const peak = optimizer.peak(v.parse(optimizer.options, training.optimizer.options), training.batch);
  const options = v.parse(schedule.options, training.schedule.options);
  const learner = detectorLearner(training.detector, training.proposalWeight);
  return {
    stepper: engine.stepper(learner, { recipe: optimizer, options: training.optimizer.options, clips }, config.seed),
    rate: (step: number, course: Pick<TrainingTask, 'steps' | 'stepsPerEpoch'>) =>
      schedule.rate(step, { peak, ...course }, options),
  };
}

interface Examined {
  readonly steps: number;
  readonly stepsPerEpoch: number;
  readonly figures: (progress: Progress) => Promise<readonly DetectionFigure[]>;
  /** Known causes of learning nothing, as far as they can be seen by now. */
  readonly facts: () => DetectorFacts;
}

/** Examinations while it learns; the first tells if nothing is learned. */
function examining(scope: EvaluationScope, { steps, stepsPerEpoch, figures, facts }: Examined): PeriodicCheck {
  const { context, place } = scope;
  const every = Math.max(1, Math.ceil(steps / examinations));
  return {
    due: (done) => done % every === 0 && done < steps,
    async run(done) {
      context.port.send({ type: 'phase', phase: 'evaluating', quietForMs: examineQuietMs });
      const at = { step: done, steps, epoch: done / stepsPerEpoch };
      const found = await figures(progressOf(context, { ...place, ...at, obeys: false }));
      const points = found.flatMap(({ metric, value }) =>
        value === null ? [] : [[checkName('evaluate', metric), value] as const],
      );
      if (done === every) tellIfNothingLearned(scope, done, found[0]!, facts());
      return { points: Object.fromEntries(points), best: false };
    },
  };
}

interface OpenDetector {
  readonly training: DetectionTraining;
  readonly masks: boolean;
  readonly rules: DetectionRules;
  readonly tested: TestedPictures;
  /** Finds objects in the first pictures of the test split. */
  findIn(images: readonly AnnotatedImage[], tell: TellDetections, progress: Progress): Promise<void>;
}

/** The pictures to be measured on. */
interface TestedPictures {
  readonly images: readonly AnnotatedImage[];
  readonly classes: readonly string[];
  readonly categories: readonly number[];
}

/**
 * Measures the whole test split, with the detections kept in the run's folder.
 * @param prepare what the detector needs first
 */
function measuring(
  scope: EvaluationScope,
  { training, masks, rules, tested, findIn }: OpenDetector,
  prepare: (progress: Progress) => Promise<void>,
) {
  const { context, place } = scope;
  const { steps } = training;
  return async (runFolder: string): Promise<readonly Result[]> => {
    context.port.send({ type: 'phase', phase: 'evaluating', quietForMs: extractQuietMs });
    const at = { step: steps, steps, epoch: 0, safeStep: steps > 0 ? steps : null };
    // Each piece of work tells the time that it takes itself.
    const progressOfWork = (): Progress => progressOf(context, { ...place, ...at });
    await prepare(progressOfWork());
    const finding = progressOfWork();
    const measured = () =>
      measureDetections({
        ...tested,
        rules,
        masks,
        folder: runFolder,
        progress: progressOfWork(),
        find: (tell) => findIn(tested.images, tell, finding),
      });
    const figures = await whenWritten(measured, runFolder, context.reach);
    return resultsOf(scope, figures, tested.images.length, steps > 0);
  };
}

interface Course {
  readonly course: TrainingTask;
  /** The batches that would follow the course. */
  goOn(): Promise<BatchSource>;
}

/** The course in which a detector learns from the training split, examined on part of the test split. */
async function courseOf(
  scope: EvaluationScope,
  { training, masks, rules, tested, findIn }: OpenDetector,
): Promise<Course> {
  const { config, classes, truth, fromStep } = scope;
  const { survey, pictures } = await lookAtPictures(scope.train, scope, async (data) => ({
    survey: await surveyed(data),
    pictures: picturesOf(scope, scope.train, data),
  }));
  const order = pictureOrder(survey.pictures, survey.isWide, training.batch, config.seed);

  async function figuresOf(count: number, progress: Progress): Promise<readonly DetectionFigure[]> {
    const images = tested.images.slice(0, count);
    const counting = startCounting(rules, images, classes, masks);
    await findIn(images, counting.add, progress);
    return counting.finish().figures;
  }

  const { stepper, rate } = learningOf(scope, training);
  const watch = watched(stepper);
  const { steps } = training;
  const { stepsPerEpoch } = order;
  const from = (step: number) => openLearning(scope, pictures, { order, most: survey.most, masks }, training, step);
  const course: TrainingTask = {
    steps,
    stepsPerEpoch,
    counters: new Map(),
    source: await from(fromStep),
    run: watch.run,
    state: stepper.state,
    imagesOf: ({ index }) => Array.from(index, (picture) => survey.names[picture]!),
    rate: (step) => rate(step, { steps, stepsPerEpoch }),
    look: examining(scope, {
      steps,
      stepsPerEpoch,
      figures: (progress) => figuresOf(examinedPictures, progress),
      facts: () => ({
        ...survey.boxes,
        ...watch.seen(),
        unseenClasses: unseenClasses(tested.images, survey, truth.test.names),
      }),
    }),
  };
  return { course, goOn: () => from(steps) };
}

/** A search through the test split, batch by batch. */
async function openSearch(
  scope: EvaluationScope,
  { fit }: DetectionTraining,
  find: FindObjects,
  pictures: SplitPictures,
  wanted: number,
) {
  const loader = await openFinding(scope, pictures, fit, wanted);
  return {
    /** False at the end. */
    async next(tell: Parameters<FindObjects>[1]): Promise<boolean> {
      const batch = await loader.next();
      if (batch !== null) await find(batch, tell);
      return batch !== null;
    },
    close: () => loader.close(),
  };
}

/** Opens the encoder and a detector: one that is trained with it, or an imported one that is measured as it is. */
export async function onPictures(scope: EvaluationScope, recipe: DetectionRecipe<unknown>): Promise<Evaluation> {
  const { engine, options, classes, fromStep } = scope;
  const encoder = await openTrainableEncoder(scope);
  const training = recipe.build(options, scope.builder, { encoder, classes });
  if (training.startFrom === 'detector' && fromStep === 0) await takeImportedDetector(scope, training);
  if (training.startFrom === 'encoder' && training.steps === 0) {
    const text =
      'A new detector that takes 0 steps has learned nothing: set a number of steps, or start from an imported detector.';
    throw new FaultError('bad-argument', text, { steps: 0 });
  }
  const { pictures, tested } = await lookAtPictures(scope.test, scope, async (data) => ({
    pictures: picturesOf(scope, scope.test, data),
    tested: { images: await annotated(data), classes: data.classes, categories: categoriesOf(data) },
  }));
  const find = objectFinder(engine, training.detector);
  const search = (wanted: number) => openSearch(scope, training, find, pictures, wanted);
  const detector: OpenDetector = {
    training,
    masks: recipe.masks,
    rules: recipe.rules(options),
    tested,
    async findIn(images, tell, progress) {
      const { next, close } = await search(images.length);
      let looked = 0;
      const tellOf: Parameters<FindObjects>[1] = (picture, found) => {
        tell(images[picture]!.id, found);
        looked += 1;
      };
      try {
        while (await next(tellOf)) await progress(looked / images.length);
      } finally {
        await close();
      }
    },
  };
  const { length: images } = tested.images;
  if (training.steps === 0)
    return {
      examinedImages: images,
      rehearse: {
        images: picturesTogether,
        async open() {
          const { next, close } = await search(Infinity);
          return { next: () => next(() => undefined), close };
        },
      },
      measure: measuring(scope, detector, () => Promise.resolve()),
    };
  const { course, goOn } = await courseOf(scope, detector);
  const { preciseNorm, batch } = training;
  return {
    course,
    examinedImages: images + (examinations - 1) * Math.min(examinedPictures, images) + preciseNorm * batch,
    measure: measuring(scope, detector, (progress) =>
      takePreciseNorm(engine, training, goOn, scope.config.seed, progress),
    ),
  };
}
