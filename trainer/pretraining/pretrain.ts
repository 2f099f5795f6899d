/** A pretraining as a course for the loop: data, branches, method, optimizer, schedule, and the probe on its schedule. */
import type { Variable } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { FaultError } from '../durable/fault-error.ts';
import type { Engine, Stepper } from '../engine/engine.ts';
import { checkName } from '../protocol/declared-metrics.ts';
import { encoderPath, resizingOf, type PretrainConfig, type Probe } from '../protocol/run.ts';
import { keyed } from '../random.ts';
import { canProbe, type BetweenEpochs, type Encoder, type Learner, type RepresentedViews } from '../recipe.ts';
import type { Located } from '../data/listing/image-table.ts';
import { openTrainingLoader, SourceChanged } from '../data/loading/loader.ts';
import type { TrainingLoader, TrainingLoaderOptions } from '../data/loading/pipeline.ts';
import { spectrumOf } from '../evaluation/figures/spectrum.ts';
import { readFeatures, type FeatureRequest } from '../evaluation/features.ts';
import { progressOf, type JobContext } from '../channel/job.ts';
import type { LeftOut } from '../data/loading/left-out.ts';
import { located } from '../data/loading/locate-data.ts';
import type { TrainingTask, PeriodicCheck } from '../training/training-task.ts';
import { evaluators, methods, optimizers, schedules } from '../registry.ts';
import { buildEncoder, encodeWith, type EvaluatedEncoder } from '../evaluation/evaluated-encoder.ts';
import { stepsOf } from '../training/steps-of.ts';

/** What the network makes of the run's images between two steps: its weights change, so nothing of it is kept. */
function featuresNow(
  { port, reach }: JobContext,
  engine: Engine,
  config: PretrainConfig,
  encode: EvaluatedEncoder['encode'],
  asked: Located & Pick<FeatureRequest, 'leftOut' | 'substitutes' | 'preprocessing' | 'withLabels' | 'progress'>,
): ReturnType<typeof readFeatures> {
  return readFeatures({
    ...asked,
    reach,
    normalization: config.normalization,
    resizing: resizingOf(config),
    execution: config.execution,
    facts: engine.facts,
    cacheFolder: null,
    subject: { key: '', encode },
    notice: (code, text, values) => port.log('attention', code, text, values),
  });
}

const probeQuietMs = 300_000;

/** The two splits of a probe, located once, and again without the images that turn out to be damaged. */
function createProbeSources(
  context: JobContext,
  probe: Probe,
  { cacheFolder, leftOut }: Pick<PretrainingPlace, 'cacheFolder' | 'leftOut'>,
) {
  const known = new Map<'train' | 'test', Located>();
  return {
    async read<T>(split: 'train' | 'test', use: (source: Located) => Promise<T>): Promise<T> {
      for (;;) {
        const source = known.get(split) ?? (await located(leftOut.without(probe[split]), context, cacheFolder));
        known.set(split, source);
        try {
          return await use(source);
        } catch (error) {
          if (!(error instanceof SourceChanged)) throw error;
          known.delete(split);
        }
      }
    },
  };
}

function probeLook(
  context: JobContext,
  engine: Engine,
  encoder: Encoder,
  config: PretrainConfig,
  probe: Probe,
  course: Pick<TrainingTask, 'steps' | 'stepsPerEpoch' | 'counters'> &
    Pick<PretrainingPlace, 'cacheFolder' | 'leftOut'>,
): PeriodicCheck {
  const { port } = context;
  const recipe = evaluators.get(probe.evaluator.id);
  const options = v.parse(recipe.options, probe.evaluator.options);
  if (!canProbe(recipe)) {
    const text = `The probe cannot be "${recipe.id}": it must train nothing and read one label an image, as knn does.`;
    throw new FaultError('bad-argument', text, { id: recipe.id });
  }
  const encode = encodeWith(engine, encoder);
  const every = probe.everyEpochs * course.stepsPerEpoch;
  const sources = createProbeSources(context, probe, course);
  return {
    due: (done) => Math.floor(done / every) > Math.floor((done - 1) / every) || done === course.steps,
    async run(done) {
      port.send({ type: 'phase', phase: 'probing', quietForMs: probeQuietMs });
      const place = { step: done, steps: course.steps, epoch: done / course.stepsPerEpoch, obeys: false };
      const progress = progressOf(context, { ...place, tensors: engine.tensors });
      const features = (split: 'train' | 'test', from: number) =>
        sources.read(split, (source) =>
          featuresNow(context, engine, config, encode, {
            ...source,
            leftOut: course.leftOut,
            preprocessing: probe.preprocessing,
            withLabels: true,
            progress: (fraction) => progress(from + fraction / 3),
          }),
        );
      const train = await features('train', 0);
      const test = await features('test', 1 / 3);
      const points: Record<string, number> = {};
      const model = {
        train,
        test,
        classes: train.classes,
        progress: (fraction: number) => progress((2 + fraction) / 3),
      };
      for await (const measure of recipe.measure(model, options))
        points[checkName('pretrain', measure.metric)] = measure.value;
      Object.assign(points, await spectrumOf(test));
      const figure = points[checkName('pretrain', recipe.metrics[0].name)] ?? Number.NEGATIVE_INFINITY;
      const best = figure > (course.counters.get('bestProbe') ?? Number.NEGATIVE_INFINITY);
      if (best) course.counters.set('bestProbe', figure);
      return { points, best };
    },
  };
}

/** A pass over the images compiles first; all else tells how far it is within seconds. */
const betweenQuietMs = 300_000;

/** One pass over the batches of the first epoch, whose images are augmented by a seed of their own. */
async function viewsOfFirstEpoch(
  images: TrainingLoaderOptions,
  encode: EvaluatedEncoder['encode'],
  progress: BetweenEpochs['progress'],
): Promise<RepresentedViews> {
  const viewSeed = keyed(images.seed, 'before the first epoch').word();
  const source = await openTrainingLoader({ ...images, viewSeed, fromStep: 0 });
  try {
    const index: number[] = [];
    let tables: readonly Float32Array[] = [];
    for (let step = 0; step < source.stepsPerEpoch; step++) {
      const { batch } = await source.next();
      index.push(...batch.index);
      for (const [view, shown] of batch.views.entries()) {
        const { shape, values } = await encode(shown);
        const columns = shape[1]!;
        if (tables.length === 0) tables = batch.views.map(() => new Float32Array(source.count * columns));
        batch.index.forEach((image, row) =>
          tables[view]!.set((values as Float32Array).subarray(row * columns, (row + 1) * columns), image * columns),
        );
      }
      source.release(batch);
      await progress((step + 1) / source.stepsPerEpoch);
    }
    return { index: Int32Array.from(index), views: tables };
  } finally {
    await source.close();
  }
}

/** What the learner does between epochs, with the images and the state it asks for. */
function betweenEpochs(
  context: JobContext,
  engine: Engine,
  config: PretrainConfig,
  beforeEpoch: NonNullable<Learner['beforeEpoch']>,
  course: Pick<TrainingTask, 'steps' | 'stepsPerEpoch'> & { readonly images: TrainingLoaderOptions },
): NonNullable<TrainingTask['beforeEpoch']> {
  const { port } = context;
  const entryOf = (variable: Variable) => engine.entries([{ weights: [variable], state: [] }])[0]!;
  const size = config.views[0]!.size;
  // Each function is compiled once.
  const encoders = new Map<Parameters<BetweenEpochs['represent']>[0], EvaluatedEncoder['encode']>();
  function compiled(compute: Parameters<BetweenEpochs['represent']>[0]): EvaluatedEncoder['encode'] {
    const encode = encoders.get(compute) ?? engine.infer(compute);
    encoders.set(compute, encode);
    return encode;
  }
  return async (epoch) => {
    port.send({ type: 'phase', phase: 'between-epochs', quietForMs: betweenQuietMs });
    const place = { step: epoch * course.stepsPerEpoch, steps: course.steps, epoch, obeys: false };
    const progress = progressOf(context, { ...place, tensors: engine.tensors });
    await beforeEpoch({
      epoch,
      seed: config.seed,
      progress,
      read: (variable) => entryOf(variable).read() as Float32Array,
      write: (variable, values) => entryOf(variable).write(values),
      async represent(compute) {
        const { data, found } = course.images;
        const { values } = await featuresNow(context, engine, config, compiled(compute), {
          data,
          found,
          substitutes: true,
          preprocessing: { resize: null, crop: size, interpolation: 'bilinear', fit: 'squash' },
          withLabels: false,
          progress,
        });
        return values;
      },
      representViews(compute, count) {
        const images = { ...course.images, views: course.images.views.slice(0, count) };
        return viewsOfFirstEpoch(images, compiled(compute), progress);
      },
    });
  };
}

export interface Pretraining {
  readonly course: TrainingTask;
  readonly stepper: Stepper;
}

export interface PretrainingPlace {
  readonly fromStep: number;
  readonly cacheFolder: string | null;
  /** Record of the images to leave out. */
  readonly leftOut: LeftOut;
  /** True if steps may clip gradients. Default: false. */
  readonly clips?: boolean;
}

/** Opens the run's images, in batches from a step on; the loop closes them. */
async function openImages(
  { port, reach }: JobContext,
  config: PretrainConfig,
  { cacheFolder, fromStep, leftOut }: PretrainingPlace,
): Promise<{ readonly images: TrainingLoaderOptions; readonly source: TrainingLoader }> {
  const { data, views, normalization, seed, batch, dropLast } = config;
  const given = await located(leftOut.withoutInspected(data), { port }, cacheFolder);
  const images: TrainingLoaderOptions = {
    paired: config.paired && (await located(leftOut.withoutInspected(config.paired), { port }, cacheFolder)),
    ...given,
    leftOut,
    reach,
    views,
    normalization,
    resizing: resizingOf(config),
    seed,
    batch,
    dropLast,
    fromStep,
    workers: config.execution.loaderWorkers,
  };
  return { images, source: await openTrainingLoader(images) };
}

/**
 * Opens a pretraining: its images, its branches and its method, as a task for the loop.
 *
 * @throws FaultError `wrong-folder` where the method needs labels and there are none
 */
export async function openPretraining(
  context: JobContext,
  engine: Engine,
  config: PretrainConfig,
  pretrainingPlace: PretrainingPlace,
): Promise<Pretraining> {
  const method = methods.get(config.method.id);
  const optimizer = optimizers.get(config.optimizer.id);
  const schedule = schedules.get(config.schedule.id);
  const optimizerOptions = v.parse(optimizer.options, config.optimizer.options);
  const scheduleOptions = v.parse(schedule.options, config.schedule.options);
  const { normalization, seed, batch } = config;
  const { cacheFolder, leftOut, clips = false } = pretrainingPlace;
  const { images, source } = await openImages(context, config, pretrainingPlace);
  if (method.labels && source.classes === 0) {
    await source.close();
    const { path } = config.data;
    throw new FaultError('wrong-folder', `${method.title} needs labels, but ${path} has none.`, { path });
  }

  const builder = engine.builder(seed);
  const built = config.encoders.map((choice, branch) => {
    const path = encoderPath(config.encoders.length, branch);
    return buildEncoder(builder.at(path), choice, normalization.mean.length);
  });
  const branches = [built[0]!, built[1] ?? built[0]!] as const;
  const methodOptions = v.parse(method.options, config.method.options);
  const { stepsPerEpoch } = source;
  const steps = stepsOf(config.epochs, stepsPerEpoch);
  const learner = method.build(branches, methodOptions, builder, {
    classes: source.classes,
    samples: source.count,
    batch,
    steps,
    stepsPerEpoch,
    encoder: (below) => buildEncoder(below.at(encoderPath(1, 0)), config.encoders[0], normalization.mean.length),
  });
  const stepper = engine.stepper(learner, { recipe: optimizer, options: config.optimizer.options, clips }, seed);
  const counters = new Map<string, number>();
  const peak = optimizer.peak(optimizerOptions, batch);
  const course: TrainingTask = {
    steps,
    stepsPerEpoch,
    counters,
    source,
    peak,
    run: stepper.run,
    state: stepper.state,
    rate: (step) => schedule.rate(step, { peak, steps, stepsPerEpoch }, scheduleOptions),
    ...(learner.beforeEpoch
      ? {
          beforeEpoch: betweenEpochs(context, engine, config, learner.beforeEpoch, {
            steps,
            stepsPerEpoch,
            images,
          }),
        }
      : {}),
    ...(config.probe
      ? {
          look: probeLook(context, engine, branches[0], config, config.probe, {
            steps,
            stepsPerEpoch,
            counters,
            cacheFolder,
            leftOut,
          }),
        }
      : {}),
  };
  return { course, stepper };
}
