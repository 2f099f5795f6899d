/** An evaluation: frozen features, a head trained by the loop where the evaluator has one, the figures, image by image. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Engine } from './engine/engine.ts';
import type { ResolvedSubject } from './protocol/commands.ts';
import type { Result } from './protocol/results.ts';
import type { DataSource, EvaluateConfig } from './protocol/run.ts';
import type { EvaluationModel, EvaluatorRecipe, FeatureSet, HeadRecipe, HeadTraining } from './recipe.ts';
import { openTrainingLoader } from './data/loader.ts';
import type { TrainingLoader } from './data/pipeline.ts';
import { openData } from './data/workshop.ts';
import { FaultError } from './fault.ts';
import { readFeatures, type ClassifiedFeatures } from './features.ts';
import { writeAtomically } from './files.ts';
import { encodedSource, featureSource, openHead, testFeatures, testImages, type Head } from './head.ts';
import { progressOf, type JobContext } from './jobs/job.ts';
import type { Course } from './loop.ts';
import { stepsOf } from './pretrain.ts';
import { evaluators } from './registry.ts';
import { openEncoder, openSubject } from './subject.ts';

const extractQuietMs = 120_000;
const examineQuietMs = 300_000;

export interface Evaluation {
  /** Absent where nothing is trained. */
  readonly course?: Course;
  /** The figures, once the course is done. Files go below the run's folder. */
  measure(runFolder: string): Promise<readonly Result[]>;
}

type Options = Readonly<Record<string, unknown>>;

/** What there is to measure, once the data and the encoder are open. */
interface Material {
  readonly train: FeatureSet;
  readonly test: FeatureSet;
  readonly classes: number;
  readonly head: Head | null;
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

/** Labels of a split without its images. */
async function labelsOf(data: DataSource): Promise<{ readonly labels: Int32Array; readonly classes: number }> {
  const opened = await openData(data);
  try {
    const labels = await opened.labels();
    if (labels) return { labels, classes: opened.classes.length };
  } finally {
    await opened.close();
  }
  throw new FaultError('wrong-folder', `The split "${data.split}" of ${data.path} has no labels to evaluate with.`, {
    ...{ path: data.path, split: data.split },
  });
}

const withoutValues = (labels: Int32Array): FeatureSet => ({
  ...{ rows: labels.length, columns: 0, values: new Float32Array(0), labels },
});
const nothing = withoutValues(new Int32Array(0));

async function openImages(
  config: EvaluateConfig,
  data: DataSource,
  training: HeadTraining,
  { fromStep, dropLast }: { readonly fromStep: number; readonly dropLast: boolean },
): Promise<TrainingLoader> {
  const { normalization, preprocessing, seed } = config;
  if (!training.augmentation) throw new Error(`${config.evaluator.id} trains on images but says not how to show them.`);
  return openTrainingLoader({
    ...{ data, normalization, seed, fromStep, dropLast, batch: training.batch },
    views: [{ ...training.augmentation, size: preprocessing.crop }],
    workers: config.execution.loaderWorkers,
  });
}

export interface EvaluationPlace {
  readonly subject: ResolvedSubject;
  /** Null: no features are kept. */
  readonly cacheFolder: string | null;
  readonly fromStep: number;
  /** An encoder that is not trained yet is taken at its initial weights, to time it. */
  readonly initialWhereMissing?: boolean;
}

export async function openEvaluation(
  context: JobContext,
  engine: Engine,
  config: EvaluateConfig,
  { subject: resolved, cacheFolder, fromStep, initialWhereMissing = false }: EvaluationPlace,
): Promise<Evaluation> {
  const { port } = context;
  const { seed, preprocessing, normalization } = config;
  const recipe: EvaluatorRecipe = evaluators.get(config.evaluator.id);
  const options = v.parse(recipe.options, config.evaluator.options) as Options;
  const channels = normalization.mean.length;
  const place = { step: fromStep, safeStep: fromStep > 0 ? fromStep : null, tensors: engine.tensors };
  const builder = engine.builder(seed).at(recipe.id);

  /** Frozen features, and a head on them where the evaluator has one. */
  async function onFeatures(head: HeadRecipe<unknown> | null): Promise<Material> {
    const subject = await openSubject(engine, resolved, channels, { initialWhereMissing });
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

    const test = await features(config.test);
    const { columns, classes } = test;
    const examination = { test: testFeatures(test, classes), seed, examining: () => () => Promise.resolve() };
    if (head?.inputs(options) === 'augmented-features') {
      const training = head.build(options, builder, { columns, classes, train: null, encoder: null });
      const loader = await openImages(config, config.train, training, { fromStep, dropLast: false });
      classesOf(loader, test, config);
      const { stepsPerEpoch } = loader;
      const source = encodedSource(loader, subject);
      return {
        ...{ train: nothing, test, classes },
        head: openHead(engine, { ...examination, training, source, stepsPerEpoch }),
      };
    }
    const train = await features(config.train);
    classesOf(train, test, config);
    if (!head) return { train, test, classes, head: null };
    const training = head.build(options, builder, { columns, classes, train, encoder: null });
    const source = featureSource(train, training.batch, seed, fromStep);
    const stepsPerEpoch = Math.ceil(train.rows / training.batch);
    return {
      ...{ train, test, classes },
      head: openHead(engine, { ...examination, training, source, stepsPerEpoch }),
    };
  }

  /** The encoder learns too: no features are kept. */
  async function onImages(head: HeadRecipe<unknown>): Promise<Material> {
    const opened = await openEncoder(engine, resolved, channels, { initialWhereMissing });
    if (!opened) {
      const text = `${recipe.title} trains an encoder, and pixels have none: choose a run, weights or a random encoder.`;
      throw new FaultError('bad-argument', text, { evaluator: recipe.id });
    }
    const { encoder } = opened;
    const subset = head.subset?.(options);
    const data: DataSource = subset ? { ...config.train, subset } : config.train;
    const [train, test] = [await labelsOf(data), await labelsOf(config.test)];
    const classes = classesOf(train, test, config);
    const training = head.build(options, builder, { columns: encoder.outputs, classes, train: null, encoder });
    // The statistics of a single image are none: such a last batch is left out.
    const dropLast = train.labels.length % training.batch === 1;
    const loader = await openImages(config, data, training, { fromStep, dropLast });
    const { stepsPerEpoch } = loader;
    const examining = (done: number) => {
      port.send({ type: 'phase', phase: 'evaluating', quietForMs: examineQuietMs });
      const at = { step: done, steps: stepsOf(training.epochs, stepsPerEpoch), epoch: done / stepsPerEpoch };
      return progressOf(context, { ...place, ...at, obeys: false });
    };
    const examined = testImages(config, test.labels, classes);
    return {
      ...{ train: withoutValues(train.labels), test: withoutValues(test.labels), classes },
      head: openHead(engine, { training, source: loader, stepsPerEpoch, test: examined, seed, examining }),
    };
  }

  const { head: headRecipe = null } = recipe;
  const { train, test, classes, head } =
    headRecipe?.inputs(options) === 'images' ? await onImages(headRecipe) : await onFeatures(headRecipe);

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
      const model: EvaluationModel = {
        ...{ train, test, classes, progress },
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
