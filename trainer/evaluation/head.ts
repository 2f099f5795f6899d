/** The head of an evaluation as a course for the loop: what it learns from, batch by batch, and how it does on the test split. */
import * as v from 'valibot';
import type { Engine, StateEntry } from '../engine/engine.ts';
import type { HostBatch, HostInput } from '../host-batch.ts';
import { checkName } from '../protocol/declared-metrics.ts';
import type { EvaluationModel, EvaluatorRecipe, FeatureSet, HeadRecipe, HeadTraining } from '../recipe.ts';
import type { TrainingLoader } from '../data/loading/pipeline.ts';
import type { BatchSource, TrainingTask } from '../training/training-task.ts';
import { stepsOf } from '../training/steps-of.ts';
import { keyed } from '../random.ts';
import { optimizers, schedules } from '../registry.ts';
import type { EvaluatedEncoder } from './evaluated-encoder.ts';

/** Rows of features scored at a time. */
const featureRows = 4096;
/** Counter of a checkpoint: the best leading figure so far, under the name that it has in checkpoints whatever the figure is. */
const bestFigure = 'bestTop1';

/** What a head is examined on: the truth, and its inputs part by part. */
export interface TestSet {
  readonly labels: Int32Array;
  readonly classes: number;
  /** `progress` is told how much was read, 0 to 1, where reading takes time. */
  parts(progress: (fraction: number) => Promise<void>): AsyncIterable<HostInput>;
}

export function testFeatures({ rows, columns, values, labels }: FeatureSet, classes: number): TestSet {
  return {
    labels,
    classes,
    async *parts() {
      for (let from = 0; from < rows; from += featureRows) {
        const count = Math.min(featureRows, rows - from);
        yield { shape: [count, columns], values: values.subarray(from * columns, (from + count) * columns) };
      }
    },
  };
}

/** Rows of a feature table in the order of (seed, epoch); a step's batch depends on its number alone. */
export function featureSource(train: FeatureSet, batch: number, seed: number, fromStep: number): BatchSource {
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
      const label = { shape: [index.length], values: new Int32Array(index.length) };
      for (let row = 0; row < index.length; row++) {
        const at = index[row]!;
        inputs.set(values.subarray(at * columns, (at + 1) * columns), row * columns);
        label.values[row] = train.labels[at]!;
      }
      const view = { shape: [index.length, columns], values: inputs };
      return Promise.resolve({ batch: { views: [view], index, targets: { label } } });
    },
    close: () => Promise.resolve(),
  };
}

/** Augmented images, encoded on their way to the head. */
export function encodedSource(loader: TrainingLoader, subject: EvaluatedEncoder): BatchSource {
  return {
    async next() {
      const { batch } = await loader.next();
      const encoded: HostBatch = { ...batch, views: [await subject.encode(batch.views[0]!)] };
      loader.release(batch);
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

export interface Head {
  readonly course: TrainingTask;
  scores(): Promise<NonNullable<EvaluationModel['heads']>>;
}

export interface HeadRequest {
  /** What its epochs are measured by; the best is that with the highest first metric. */
  readonly metrics: EvaluatorRecipe['metrics'];
  readonly figures: HeadRecipe<unknown>['figures'];
  readonly training: HeadTraining;
  readonly source: BatchSource;
  readonly stepsPerEpoch: number;
  readonly test: TestSet;
  readonly seed: number;
  /** True if steps may clip gradients. Default: false. */
  readonly clips?: boolean;
  /** An examination begins, after so many steps; gives whom to tell how far it is. */
  examining(done: number): (fraction: number) => Promise<void>;
}

export function openHead(
  engine: Engine,
  { metrics, figures, training, source, stepsPerEpoch, test, seed, clips = false, examining }: HeadRequest,
): Head {
  const optimizer = optimizers.get(training.optimizer.id);
  const schedule = schedules.get(training.schedule.id);
  const peak = optimizer.peak(v.parse(optimizer.options, training.optimizer.options), training.batch);
  const scheduleOptions = v.parse(schedule.options, training.schedule.options);
  const { options } = training.optimizer;
  const stepper = engine.stepper(training.learner, { recipe: optimizer, options, clips }, seed);
  const weights = engine.entries(training.learner.trainable);
  const best = remembered(weights);
  const score = engine.infer((input, at) => training.scores(input, at));
  const counters = new Map<string, number>();
  const steps = stepsOf(training.epochs, stepsPerEpoch);

  /** Row by row, [labels, classes]. */
  async function scoreAll(done: number): Promise<Float32Array> {
    const all = new Float32Array(test.labels.length * test.classes);
    let at = 0;
    for await (const part of test.parts(examining(done))) {
      const { values } = await score(part);
      all.set(values, at);
      at += values.length;
    }
    return all;
  }

  const copy = (from: readonly StateEntry[], to: readonly StateEntry[]): void =>
    from.forEach((entry, index) => to[index]!.write(entry.read()));
  const course: TrainingTask = {
    steps,
    stepsPerEpoch,
    counters,
    source,
    run: stepper.run,
    state: [...stepper.state, ...best],
    rate: (step) => schedule.rate(step, { peak, steps, stepsPerEpoch }, scheduleOptions),
    look: {
      due: (done) => done % stepsPerEpoch === 0 || done === steps,
      async run(done) {
        const scores = await scoreAll(done);
        const found = figures(scores, test.labels, test.classes);
        const leading = found.find(({ metric }) => metric === metrics[0].name)?.value ?? Number.NEGATIVE_INFINITY;
        if (leading > (counters.get(bestFigure) ?? Number.NEGATIVE_INFINITY)) {
          counters.set(bestFigure, leading);
          counters.set('bestHeadStep', done);
          copy(weights, best);
        }
        const points = Object.fromEntries(found.map(({ metric, value }) => [checkName('evaluate', metric), value]));
        return { points, best: false };
      },
    },
  };
  return {
    course,
    async scores() {
      const last = await scoreAll(steps);
      const kept = weights.map((entry) => entry.read());
      copy(best, weights);
      const ofBest = await scoreAll(steps);
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
