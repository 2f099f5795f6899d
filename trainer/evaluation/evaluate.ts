/** An evaluation: frozen features, a head trained by the loop where the evaluator has one, the figures, image by image. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import * as v from 'valibot';
import { FaultError } from '../durable/fault-error.ts';
import type { Engine } from '../engine/engine.ts';
import type { ResolvedSubject } from '../protocol/commands.ts';
import type { Result } from '../protocol/results.ts';
import type { EvaluateConfig } from '../protocol/run.ts';
import type { EvaluationModel, EvaluatorRecipe, FeatureSet, HeadRecipe, HeadTraining } from '../recipe.ts';
import type { Located } from '../data/listing/image-table.ts';
import { openTrainingLoader } from '../data/loading/loader.ts';
import type { TrainingLoader } from '../data/loading/pipeline.ts';
import { openData } from '../data/loading/open-data.ts';
import { readFeatures } from './features.ts';
import { bytesOf, writeAtomically } from '../durable/files.ts';
import { encodedSource, featureSource, openHead, testFeatures, testImages, type Head } from './head.ts';
import { progressOf, type JobContext } from '../channel/job.ts';
import type { TrainingTask } from '../training/loop.ts';
import { located } from '../data/loading/locate-data.ts';
import { readPairs } from './view-pair-features.ts';
import { stepsOf } from '../training/steps-of.ts';
import { evaluators } from '../registry.ts';
import { openEncoder, openEvaluatedEncoder, type EvaluatedEncoder } from './evaluated-encoder.ts';

const compressed = promisify(gzip);

const extractQuietMs = 120_000;
const examineQuietMs = 300_000;

export interface Evaluation {
  /** Absent where nothing is trained. */
  readonly course?: TrainingTask;
  /** The figures, once the course is done. Files go below the run's folder. */
  measure(runFolder: string): Promise<readonly Result[]>;
}

type Options = Readonly<Record<string, unknown>>;

/** What there is to measure, once the data and the encoder are open. */
interface Material {
  readonly train: FeatureSet;
  readonly test: FeatureSet;
  readonly head: Head | null;
  readonly pairs?: Pairs;
}

type Pairs = NonNullable<EvaluationModel['pairs']>;
type WantedPairs = ReturnType<NonNullable<EvaluatorRecipe['pairs']>>;

/** What is known of the images of a split, without them. */
interface Truth {
  readonly labels: Int32Array;
  readonly presence?: Int8Array;
  readonly names: readonly string[];
}

/** Both splits must speak of the same classes. */
function classesOf(train: Truth, test: Truth, config: EvaluateConfig): number {
  const [own, tested] = [train.names.length, test.names.length];
  if (own === tested && own > 0) return own;
  throw new FaultError(
    'wrong-folder',
    `The training split has ${own} classes, the test split ${tested}: they must be the same data set.`,
    { train: config.train.path, test: config.test.path },
  );
}

/** The truth an evaluator asks for; a split that has it not is refused with what would fit it. */
async function truthOf({ data, found }: Located, { title, targets = 'class' }: EvaluatorRecipe): Promise<Truth> {
  const opened = await openData(data, found);
  try {
    const [labels, presence] = [await opened.labels(), (await opened.presence?.()) ?? null];
    const names = opened.classes;
    const unknown = new Int32Array(opened.count).fill(-1);
    if (targets === 'none') return { labels: unknown, names: [] };
    if (targets === 'class' && labels) return { labels, names };
    if (targets === 'presence' && presence) return { labels: unknown, presence, names };
    const why =
      targets === 'presence'
        ? 'needs images with several classes, such as PASCAL VOC; here each image has at most one'
        : presence
          ? 'needs one class per image, but here an image may show several: use the linear SVM'
          : 'needs labels, but there are none';
    const text = `${title} ${why} (split "${data.split}" of ${data.path}).`;
    throw new FaultError('wrong-folder', text, { path: data.path, split: data.split });
  } finally {
    await opened.close();
  }
}

/** The truth about a split that is not looked at. */
const untold: Truth = { labels: new Int32Array(0), names: [] };

const withoutValues = ({ labels }: Truth): FeatureSet => ({
  rows: labels.length,
  columns: 0,
  values: new Float32Array(0),
  labels,
});

async function openImages(
  config: EvaluateConfig,
  located: Located,
  training: HeadTraining,
  { fromStep, dropLast }: { readonly fromStep: number; readonly dropLast: boolean },
): Promise<TrainingLoader> {
  const { normalization, preprocessing, seed } = config;
  if (!training.augmentation)
    throw new Error(`${config.evaluator.id} trains on images but does not define their preprocessing.`);
  return openTrainingLoader({
    ...located,
    normalization,
    seed,
    fromStep,
    dropLast,
    batch: training.batch,
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
  const { seed, preprocessing, normalization, layer = 'pooled' } = config;
  const recipe: EvaluatorRecipe = evaluators.get(config.evaluator.id);
  const options = v.parse(recipe.options, config.evaluator.options) as Options;
  const channels = normalization.mean.length;
  const place = { step: fromStep, safeStep: fromStep > 0 ? fromStep : null, tensors: engine.tensors };
  const builder = engine.builder(seed).at(recipe.id);

  const { head: headRecipe = null } = recipe;
  const inputs = headRecipe?.inputs(options) ?? 'features';
  const subset = headRecipe?.subset?.(options);
  const isLabelFree = recipe.targets === 'none';
  const tested = await located(config.test, port, cacheFolder);
  const trained: Located = isLabelFree
    ? { data: config.train, found: undefined }
    : await located(subset ? { ...config.train, subset } : config.train, port, cacheFolder);
  // The test split first: of a part of one that does not fit it would only be said that no part can be taken.
  const testTruth = await truthOf(tested, recipe);
  const truth = { test: testTruth, train: isLabelFree ? untold : await truthOf(trained, recipe) };
  const classes = isLabelFree ? 0 : classesOf(truth.train, truth.test, config);

  async function features(of: Located, subject: EvaluatedEncoder, known: Truth): Promise<FeatureSet> {
    port.send({ type: 'phase', phase: 'extracting', quietForMs: extractQuietMs, detail: of.data.split });
    const { rows, columns, values } = await readFeatures({
      subject,
      preprocessing,
      normalization,
      cacheFolder,
      ...of,
      withLabels: false,
      execution: config.execution,
      facts: engine.facts,
      progress: progressOf(context, place),
      notice: (code, text, values) => port.log('attention', code, text, values),
    });
    const { labels, presence } = known;
    return { rows, columns, values, labels, ...(presence ? { presence } : {}) };
  }

  /** Two views of each of so many test images, the same for every subject of this seed. */
  async function pairs(subject: EvaluatedEncoder, { images, augmentation }: WantedPairs): Promise<Pairs> {
    port.send({ type: 'phase', phase: 'extracting', quietForMs: extractQuietMs, detail: config.test.split });
    const view = { ...augmentation, size: preprocessing.crop };
    return readPairs({
      subject,
      images,
      view,
      ...tested,
      normalization,
      seed,
      workers: config.execution.loaderWorkers,
      progress: progressOf(context, place),
    });
  }

  /** Frozen features, and a head on them where the evaluator has one. */
  async function onFeatures(): Promise<Material> {
    const subject = await openEvaluatedEncoder(engine, resolved, channels, { initialWhereMissing, layer });
    const test = await features(tested, subject, truth.test);
    const { columns } = test;
    const examination = { test: testFeatures(test, classes), seed, examining: () => () => Promise.resolve() };
    if (headRecipe && inputs === 'augmented-features') {
      const training = headRecipe.build(options, builder, { columns, classes, train: null, encoder: null });
      const loader = await openImages(config, trained, training, { fromStep, dropLast: false });
      const { stepsPerEpoch } = loader;
      const source = encodedSource(loader, subject);
      return {
        train: withoutValues(truth.train),
        test,
        head: openHead(engine, { ...examination, training, source, stepsPerEpoch }),
      };
    }
    const train = isLabelFree ? withoutValues(truth.train) : await features(trained, subject, truth.train);
    if (!headRecipe) {
      const wanted = recipe.pairs?.(options);
      return { train, test, head: null, ...(wanted ? { pairs: await pairs(subject, wanted) } : {}) };
    }
    const training = headRecipe.build(options, builder, { columns, classes, train, encoder: null });
    const source = featureSource(train, training.batch, seed, fromStep);
    const stepsPerEpoch = Math.ceil(train.rows / training.batch);
    return { train, test, head: openHead(engine, { ...examination, training, source, stepsPerEpoch }) };
  }

  /** The encoder learns too: no features are kept. */
  async function onImages(head: HeadRecipe<unknown>): Promise<Material> {
    const opened = await openEncoder(engine, resolved, channels, { initialWhereMissing });
    if (!opened) {
      const text = `${recipe.title} trains an encoder, but raw pixels have none: choose a run, weights or a random encoder.`;
      throw new FaultError('bad-argument', text, { evaluator: recipe.id });
    }
    const { encoder } = opened;
    if (layer !== 'pooled')
      throw new FaultError(
        'bad-argument',
        `${recipe.title} trains the pooled representation, not ${layer}: choose "pooled".`,
        {
          layer,
        },
      );
    const training = head.build(options, builder, { columns: encoder.outputs, classes, train: null, encoder });
    // The statistics of a single image are none: such a last batch is left out.
    const dropLast = truth.train.labels.length % training.batch === 1;
    const source = await openImages(config, trained, training, { fromStep, dropLast });
    const { stepsPerEpoch } = source;
    const examining = (done: number) => {
      port.send({ type: 'phase', phase: 'evaluating', quietForMs: examineQuietMs });
      const at = { step: done, steps: stepsOf(training.epochs, stepsPerEpoch), epoch: done / stepsPerEpoch };
      return progressOf(context, { ...place, ...at, obeys: false });
    };
    const test = testImages(config, truth.test.labels, classes, tested.found);
    return {
      train: withoutValues(truth.train),
      test: withoutValues(truth.test),
      head: openHead(engine, { training, source, stepsPerEpoch, test, seed, examining }),
    };
  }

  const { head, ...material } = headRecipe && inputs === 'images' ? await onImages(headRecipe) : await onFeatures();

  async function keep(runFolder: string, name: string, parts: readonly Uint8Array[]): Promise<string> {
    await mkdir(join(runFolder, 'results'), { recursive: true });
    await writeAtomically(join(runFolder, 'results', name), [await compressed(Buffer.concat(parts))]);
    return `results/${name}`;
  }

  return {
    ...(head ? { course: head.course } : {}),
    async measure(runFolder) {
      port.send({ type: 'phase', phase: 'evaluating', quietForMs: extractQuietMs });
      const steps = head?.course.steps ?? 0;
      const progress = progressOf(context, { ...place, step: steps, steps, epoch: 0, safeStep: steps || null });
      const model: EvaluationModel = {
        ...material,
        classes,
        progress,
        ...(head ? { heads: await head.scores() } : {}),
      };
      const protocol = { ...recipe.protocol(options), layer };
      const { dataset, split, fingerprint } = config.test;
      const results: Result[] = [];
      for await (const { correct, epoch, byClass, ranking, ...figure } of recipe.measure(model, options)) {
        const name = `${recipe.id}-${figure.metric}-${figure.which}`;
        results.push({
          evaluator: recipe.id,
          dataset,
          split,
          protocol,
          ...figure,
          ...(fingerprint === undefined ? {} : { fingerprint }),
          ...(epoch === undefined ? {} : { epoch }),
          ...(correct ? { perImage: await keep(runFolder, `${name}.bin.gz`, [correct]) } : {}),
          ...(byClass ? { byClass: byClass.map((one, label) => ({ name: truth.test.names[label]!, ...one })) } : {}),
          ...(ranking
            ? {
                ranking: await keep(
                  runFolder,
                  `${name}.ranking.bin.gz`,
                  [ranking.scores, ranking.presence].map(bytesOf),
                ),
              }
            : {}),
        });
      }
      return results;
    },
  };
}
