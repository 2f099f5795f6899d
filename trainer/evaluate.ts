/** An evaluation: frozen features, a head trained by the loop where the evaluator has one, the figures, image by image. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Engine, HostBatch, HostTensor, StateEntry } from './engine/engine.ts';
import type { ResolvedSubject } from './protocol/commands.ts';
import type { Result } from './protocol/results.ts';
import type { DataSource, EvaluateConfig } from './protocol/run.ts';
import type { EvaluationModel, EvaluatorRecipe, FeatureSet, HeadTraining } from './recipe.ts';
import { percent, topKCorrect } from './nn/top-k.ts';
import { openTrainingLoader } from './data/loader.ts';
import type { TrainingLoader } from './data/pipeline.ts';
import { FaultError } from './fault.ts';
import { readFeatures, type ClassifiedFeatures } from './features.ts';
import { writeAtomically } from './files.ts';
import { progressOf, type JobContext } from './jobs/job.ts';
import type { BatchSource, Course } from './loop.ts';
import { stepsOf } from './pretrain.ts';
import { keyed } from './random.ts';
import { evaluators, optimizers, schedules } from './registry.ts';
import { openSubject, type OpenSubject } from './subject.ts';

const extractQuietMs = 120_000;
/** Rows of features scored at a time. */
const scoreRows = 4096;

export interface Evaluation {
  /** Absent where nothing is trained. */
  readonly course?: Course;
  /** The figures, once the course is done. Files go below the run's folder. */
  measure(runFolder: string): Promise<readonly Result[]>;
}

/** Rows of a feature table in the order of (seed, epoch); a step's batch depends on its number alone. */
function featureSource(train: FeatureSet, batch: number, seed: number, fromStep: number): BatchSource {
  const { rows, columns, values } = train;
  const stepsPerEpoch = Math.ceil(rows / batch);
  let step = fromStep;
  let epoch = -1;
  let order = new Int32Array(0);
  return {
    next() {
      const current = Math.floor(step / stepsPerEpoch);
      if (current !== epoch) {
        epoch = current;
        order = keyed(seed, 'head order', epoch).permutation(rows) as Int32Array<ArrayBuffer>;
      }
      const from = (step % stepsPerEpoch) * batch;
      const index = order.slice(from, Math.min(from + batch, rows));
      step += 1;
      const inputs = new Float32Array(index.length * columns);
      const labels = new Int32Array(index.length);
      for (let row = 0; row < index.length; row++) {
        const at = index[row]!;
        inputs.set(values.subarray(at * columns, (at + 1) * columns), row * columns);
        labels[row] = train.labels[at]!;
      }
      const view = { shape: [index.length, columns], values: inputs };
      return Promise.resolve({ batch: { views: [view], index, labels } });
    },
    close: () => Promise.resolve(),
  };
}

/** Augmented images, encoded on their way to the head. */
function imageSource(loader: TrainingLoader, subject: OpenSubject): BatchSource {
  return {
    async next() {
      const { batch } = await loader.next();
      const encoded: HostBatch = { ...batch, views: [await subject.encode(batch.views[0]!)] };
      return { batch: encoded };
    },
    close: () => loader.close(),
  };
}

/** State of the head that the host keeps and every checkpoint holds: the weights of its best epoch. */
function remembered(entries: readonly StateEntry[]): readonly StateEntry[] {
  return entries.map(({ name, shape, dtype, read }) => {
    let values = read();
    return { name: `best/${name}`, shape, dtype, read: () => values, write: (next) => (values = next) };
  });
}

async function scoreAll(
  score: (input: HostTensor) => Promise<HostTensor>,
  features: FeatureSet,
): Promise<Float32Array> {
  const { rows, columns, values } = features;
  let all = new Float32Array(0);
  for (let from = 0; from < rows; from += scoreRows) {
    const count = Math.min(scoreRows, rows - from);
    const part = { shape: [count, columns], values: values.subarray(from * columns, (from + count) * columns) };
    const scored = await score(part);
    const width = scored.shape[1]!;
    if (from === 0) all = new Float32Array(rows * width);
    all.set(scored.values, from * width);
  }
  return all;
}

interface Head {
  readonly course: Course;
  scores(): Promise<NonNullable<EvaluationModel['heads']>>;
}

function openHead(
  engine: Engine,
  training: HeadTraining,
  source: BatchSource,
  rows: number,
  test: ClassifiedFeatures,
  classes: number,
  seed: number,
): Head {
  const optimizer = optimizers.get(training.optimizer.id);
  const schedule = schedules.get(training.schedule.id);
  const peak = optimizer.peak(v.parse(optimizer.options, training.optimizer.options), training.batch);
  const scheduleOptions = v.parse(schedule.options, training.schedule.options);
  const stepper = engine.stepper(training.learner, { recipe: optimizer, options: training.optimizer.options }, seed);
  const weights = engine.entries(training.learner.trainable);
  const best = remembered(weights);
  const score = engine.infer((input) => training.scores(input));
  const counters = new Map<string, number>();
  const stepsPerEpoch = Math.ceil(rows / training.batch);
  const steps = stepsOf(training.epochs, stepsPerEpoch);

  const copy = (from: readonly StateEntry[], to: readonly StateEntry[]): void =>
    from.forEach((entry, index) => to[index]!.write(entry.read()));
  const course: Course = {
    ...{ steps, stepsPerEpoch, counters, source },
    run: stepper.run,
    state: [...stepper.state, ...best],
    rate: (step) => schedule.rate(step, { peak, steps, stepsPerEpoch }, scheduleOptions),
    look: {
      due: (done) => done % stepsPerEpoch === 0 || done === steps,
      async run(done) {
        const scores = await scoreAll(score, test);
        const accuracy = (k: number): number => percent(topKCorrect(scores, test.labels, classes, k));
        const [top1, top5] = [accuracy(1), accuracy(5)];
        if (top1 > (counters.get('bestTop1') ?? Number.NEGATIVE_INFINITY)) {
          counters.set('bestTop1', top1);
          counters.set('bestHeadStep', done);
          copy(weights, best);
        }
        return { points: { 'test/top1': top1, 'test/top5': top5 }, best: false };
      },
    },
  };
  return {
    course,
    async scores() {
      const last = await scoreAll(score, test);
      const kept = weights.map((entry) => entry.read());
      copy(best, weights);
      const ofBest = await scoreAll(score, test);
      weights.forEach((entry, index) => entry.write(kept[index]!));
      const epochOf = (step: number): number => step / stepsPerEpoch;
      return {
        last,
        best: ofBest,
        lastEpoch: epochOf(steps),
        bestEpoch: epochOf(counters.get('bestHeadStep') ?? steps),
      };
    },
  };
}

/** Both splits must speak of the same classes. */
function classesOf(
  train: { readonly classes: number },
  test: { readonly classes: number },
  config: EvaluateConfig,
): number {
  if (train.classes === test.classes && train.classes > 0) return train.classes;
  throw new FaultError(
    'wrong-folder',
    `The training split has ${train.classes} classes, the test split ${test.classes}: they must be the same data set.`,
    { train: config.train.path, test: config.test.path },
  );
}

async function openImages(config: EvaluateConfig, training: HeadTraining, fromStep: number): Promise<TrainingLoader> {
  const { train: data, normalization, preprocessing, seed } = config;
  if (!training.augmentation) throw new Error(`${config.evaluator.id} trains on images but says not how to show them.`);
  return openTrainingLoader({
    ...{ data, normalization, seed, fromStep, dropLast: false, batch: training.batch },
    views: [{ ...training.augmentation, size: preprocessing.crop }],
    workers: config.execution.loaderWorkers,
  });
}

export async function openEvaluation(
  context: JobContext,
  engine: Engine,
  config: EvaluateConfig,
  resolved: ResolvedSubject,
  cacheFolder: string,
  fromStep: number,
): Promise<Evaluation> {
  const { port } = context;
  const { seed, preprocessing, normalization } = config;
  const recipe: EvaluatorRecipe = evaluators.get(config.evaluator.id);
  const options = v.parse(recipe.options, config.evaluator.options) as Readonly<Record<string, unknown>>;
  const subject = await openSubject(engine, resolved, normalization.mean.length);
  const place = { step: fromStep, safeStep: fromStep > 0 ? fromStep : null, tensors: engine.tensors };

  async function features(data: DataSource): Promise<ClassifiedFeatures> {
    port.send({ type: 'phase', phase: 'extracting', quietForMs: extractQuietMs, detail: data.split });
    return readFeatures({
      ...{ subject, data, preprocessing, normalization, cacheFolder },
      execution: config.execution,
      facts: engine.facts,
      progress: progressOf(context, place),
      notice: (code, text, values) => port.log('attention', code, text, values),
    });
  }

  // An evaluator whose head is shown augmented images says so by its option `inputs`.
  const onImages = recipe.head !== undefined && options['inputs'] === 'images';
  const test = await features(config.test);
  const train = onImages ? null : await features(config.train);
  let head: Head | null = null;
  let classes = test.classes;
  if (recipe.head) {
    const builder = engine.builder(seed).at(recipe.id);
    const describe = (rows: number) => ({ columns: test.columns, classes: test.classes, rows, train });
    if (train) {
      classes = classesOf(train, test, config);
      const training = recipe.head(options, builder, describe(train.rows));
      const source = featureSource(train, training.batch, seed, fromStep);
      head = openHead(engine, training, source, train.rows, test, classes, seed);
    } else {
      const training = recipe.head(options, builder, describe(0));
      const loader = await openImages(config, training, fromStep);
      classes = classesOf(loader, test, config);
      head = openHead(engine, training, imageSource(loader, subject), loader.count, test, classes, seed);
    }
  } else if (train) classes = classesOf(train, test, config);

  async function keep(runFolder: string, name: string, correct: Uint8Array): Promise<string> {
    await mkdir(join(runFolder, 'results'), { recursive: true });
    await writeAtomically(join(runFolder, 'results', name), [correct]);
    return `results/${name}`;
  }

  return {
    ...(head ? { course: head.course } : {}),
    async measure(runFolder) {
      port.send({ type: 'phase', phase: 'evaluating', quietForMs: extractQuietMs });
      const steps = head?.course.steps ?? 0;
      const progress = progressOf(context, { ...place, step: steps, steps, epoch: 0, safeStep: steps || null });
      const nothing: FeatureSet = {
        rows: 0,
        columns: test.columns,
        values: new Float32Array(0),
        labels: new Int32Array(0),
      };
      const model: EvaluationModel = {
        ...{ test, classes, progress },
        train: train ?? nothing,
        ...(head ? { heads: await head.scores() } : {}),
      };
      const protocol = recipe.protocol(options);
      const { dataset, split, fingerprint } = config.test;
      const results: Result[] = [];
      for await (const { correct, epoch, ...figure } of recipe.measure(model, options)) {
        const name = `${recipe.id}-${figure.metric}-${figure.which}.bin`;
        results.push({
          ...{ evaluator: recipe.id, dataset, split, protocol },
          ...figure,
          ...(fingerprint === undefined ? {} : { fingerprint }),
          ...(epoch === undefined ? {} : { epoch }),
          ...(correct ? { perImage: await keep(runFolder, name, correct) } : {}),
        });
      }
      return results;
    },
  };
}
