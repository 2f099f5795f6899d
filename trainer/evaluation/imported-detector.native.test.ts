/**
 * A detector of detectron2's is imported and finds the same, to the bit, as the one it was written from; it is measured as it is,
 * and what does not fit is said.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPort } from '../channel/port.ts';
import { openLeftOut } from '../data/loading/left-out.ts';
import type { Engine } from '../engine/engine.ts';
import { openEngine } from '../engine/steps/open.ts';
import type { HostTensor } from '../host-batch.ts';
import { run as importWeights } from '../jobs/import-weights.ts';
import { formula } from '../nn/testing/golden.ts';
import type { TrainerEvent } from '../protocol/events.ts';
import type { Choice } from '../protocol/options.ts';
import { EvaluateConfig } from '../protocol/run.ts';
import { inEnglish } from '../protocol/sentence.ts';
import type { FoundWeights, WantedWeights } from '../protocol/weights.ts';
import type { Detector, Shape } from '../recipe.ts';
import { encoders, evaluators } from '../registry.ts';
import { tinyDetection, withoutWorkers } from '../testing/killing.ts';
import { writeTinyCoco } from '../testing/tiny-coco.ts';
import { findEncoder } from '../weights/find-encoder.ts';
import { openWeights } from '../weights/open.ts';
import { writePth } from '../weights/pth-writer.ts';
import type { WrittenTensor } from '../weights/safetensors.ts';
import { encoderName, inDetectron2 } from '../weights/testing/detectron2-state.ts';
import { writeZooPickle } from '../weights/testing/zoo-pickle.ts';
import { openEvaluation } from './evaluate.ts';
import { buildEncoder, openEncoder } from './evaluated-encoder.ts';
import { takeImportedDetector } from './imported-detector.ts';
import type { EvaluationScope } from './evaluation-scope.ts';

const folder = mkdtempSync(join(tmpdir(), 'imported-detector-'));
const data = join(folder, 'data');
beforeAll(() => writeTinyCoco(data));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const classes = ['bright', 'light'];

type Kind = 'detection-c4' | 'detection-fpn';
const resnet18 = { id: 'resnet-18', options: { stem: 'imagenet', width: 4 } };
const resnet50 = { id: 'resnet-50', options: { stem: 'imagenet', width: 4 } };
const caffe2 = { id: 'resnet-caffe2', options: { layers: '50', width: 4 } };
const pyramid = { channels: 8, boxWidth: 16 };

interface Made {
  readonly kind: Kind;
  readonly encoder: Choice;
  /** Told by the file. */
  readonly options: Choice['options'];
  readonly folded?: true;
}

const tiny = (kind: Kind) => withoutWorkers(tinyDetection(data, kind));
const optionsOf = ({ kind, options }: Pick<Made, 'kind' | 'options'>, more: Choice['options'] = {}) => ({
  ...tiny(kind).evaluator.options,
  ...options,
  ...more,
});

function detectorOf(
  engine: Engine,
  made: Made,
  encoder: Parameters<NonNullable<(typeof evaluators.all)[number]['detection']>['build']>[2]['encoder'],
) {
  const recipe = evaluators.get(made.kind);
  const options = v.parse(recipe.options, optionsOf(made)) as never;
  return recipe.detection!.build(options, engine.builder(5).at(recipe.id), { encoder, classes: classes.length });
}

/** A picture of noise, the same for both. */
const picture: HostTensor = { shape: [1, 64, 96, 3], values: formula('picture', [64, 96, 3], 2) };
const sizes: HostTensor = { shape: [1, 2], values: Float32Array.of(64, 96) };

async function foundBy(engine: Engine, detector: Detector): Promise<readonly Float32Array[]> {
  const run = engine.inferAll(([images, shown], at) => {
    const { boxes, scores, classes: labels, masks } = detector.find({ images: images!, sizes: shown! }, at);
    return [boxes, scores, labels, ...(masks ? [masks] : [])];
  });
  return (await run(picture, sizes)).map(({ values }) => Float32Array.from(values));
}

/** Layers keep the size of what they are given; boxes stay near their anchors, and no class wins everywhere. */
function scaleOf(name: string, shape: Shape): number {
  if (/bbox_pred|anchor_deltas/.test(name)) return 0.01;
  if (name.includes('cls_score')) return 0.1;
  return shape.length < 2 ? 0.2 : Math.sqrt(3 / shape.slice(0, -1).reduce((inputs, size) => inputs * size, 1));
}

/** A detector with values by formula, what it finds, and its tensors as detectron2 has them. */
async function made(given: Made): Promise<{ found: readonly Float32Array[]; tensors: readonly WrittenTensor[] }> {
  const { kind, encoder: choice, folded } = given;
  const engine = await openEngine(tiny(kind).execution);
  const encoder = buildEncoder(engine.builder(5).at('encoder'), choice, 3);
  const { detector } = detectorOf(engine, given, encoder);
  const tensors = engine.entries([detector]).map((entry) => {
    const { name, shape } = entry;
    const own = name.slice(name.indexOf('/') + 1);
    let values = formula(name, shape, scaleOf(name, shape), /norm\/weight|bn\d\/weight/.test(name) ? 1 : 0);
    if (name.endsWith('running_var')) values = values.map((value) => (folded ? Math.fround(1 - 1e-5) : 1 + value ** 2));
    if (name.endsWith('running_mean') && folded) values = new Float32Array(values.length);
    // Background last.
    if (name.endsWith('cls_score/bias')) values = Float32Array.of(0, 0.05, -1);
    entry.write(values);
    const theirs = inDetectron2({ path: own, shape, values });
    if (!name.startsWith('encoder/')) return { name: own.replaceAll('/', '.'), ...theirs };
    // Blue first.
    if (folded && own === 'conv1/weight') theirs.values.set(blueFirst(theirs.values));
    const backbone = kind === 'detection-fpn' ? 'backbone.bottom_up.' : 'backbone.';
    const name2 = encoderName(own);
    return {
      name: (kind === 'detection-c4' && name2.startsWith('res5.') ? 'roi_heads.' : backbone) + name2,
      ...theirs,
    };
  });
  return { found: await foundBy(engine, detector), tensors };
}

/** [out, 3, k, k] with its second axis turned around. */
function blueFirst(values: Float32Array): Float32Array {
  const plane = 49;
  return values.map((_, at) => values[at + (2 - 2 * (Math.floor(at / plane) % 3)) * plane]!);
}

let count = 0;
async function imported(file: string, wanted: WantedWeights = {}) {
  const own = join(folder, `weights-${count++}`);
  mkdirSync(own);
  const heard: FoundWeights[] = [];
  const send = (event: TrainerEvent, done: (error: Error | null) => void): void => {
    if (event.type === 'result' && event.outcome.kind === 'weights') heard.push(event.outcome.found);
    done(null);
  };
  const port = openPort({ channel: { send }, now: Date.now });
  const job = { kind: 'importWeights' as const, file, folder: own, threads: 1, ...wanted };
  await importWeights(job, { port, clock: () => performance.now() });
  await port.close();
  return { found: heard[0]!, checkpointFolder: join(own, 'checkpoints', '000000') };
}

function subjectOf({ found, checkpointFolder }: Awaited<ReturnType<typeof imported>>): EvaluationScope['subject'] {
  const { id, encoder, detector } = found;
  const origin = { method: null, pretrainedOn: null, epochs: null, batch: null };
  return {
    subject: {
      kind: 'weights',
      weights: id,
      name: 'zoo',
      encoder,
      origin,
      ...(detector && { detector: { evaluator: detector.evaluator, classes: detector.classes } }),
    },
    checkpointFolder,
    config: null,
  };
}

const context = () => ({ port: openPort({ channel: null, now: Date.now }), clock: () => performance.now() });

/** What the imported detector finds. */
async function foundAgain(
  given: Made,
  weights: Awaited<ReturnType<typeof imported>>,
): Promise<readonly Float32Array[]> {
  const engine = await openEngine(tiny(given.kind).execution);
  const subject = subjectOf(weights);
  const opened = await openEncoder(engine, subject, 3);
  const training = detectorOf(engine, { ...given, options: weights.found.detector!.options }, opened!.encoder);
  const scope = {
    engine,
    context: context(),
    recipe: evaluators.get(given.kind),
    subject,
    classes: 2,
    truth: { test: { names: classes } },
  };
  await takeImportedDetector(scope as unknown as EvaluationScope, training);
  return foundBy(engine, training.detector);
}

const c4: Made = { kind: 'detection-c4', encoder: resnet18, options: { extraNorm: true } };
const fpn: Made = { kind: 'detection-fpn', encoder: resnet18, options: { ...pyramid, pyramidNorm: false } };

describe('a detector of detectron2', () => {
  it.each([
    ['C4 without a norm after res5', { ...c4, options: { extraNorm: false } }],
    ['FPN', fpn],
    [
      'FPN with norms in its pyramid, of Caffe’s network',
      { ...fpn, options: { ...pyramid, pyramidNorm: true }, encoder: caffe2, folded: true },
    ],
    ['C4 of Caffe’s network', { ...c4, encoder: caffe2, folded: true }],
  ] satisfies readonly (readonly [string, Made])[])('finds the same once imported: %s', async (_name, given: Made) => {
    const original = await made(given);
    const file = join(folder, 'zoo.pkl');
    writeZooPickle(file, original.tensors);
    const weights = await imported(file);
    const { detector, encoder, convention, unmatched, noDetector, prefix } = weights.found;
    expect(noDetector).toBeNull();
    expect(unmatched).toEqual([]);
    expect(prefix).toBe(given.kind === 'detection-fpn' ? 'model.backbone.bottom_up.' : 'model.backbone.');
    expect(detector).toMatchObject({
      evaluator: given.kind,
      prefix: 'model.',
      classes: 2,
      options: { ...given.options, norm: 'frozen' },
    });
    expect(convention).toEqual(given.folded ? { is: 'caffe2', from: 'norms' } : { is: 'torchvision', from: 'usual' });
    expect(encoder).toMatchObject(given.encoder);
    const again = await foundAgain(given, weights);
    expect(original.found[1]!.filter((score) => score > 0).length).toBeGreaterThan(3);
    expect(again).toEqual(original.found);
  });

  it('is the same from a training checkpoint, which tells how pixels are seen and that norms learned', async () => {
    const { tensors, found } = await made({ ...c4, encoder: resnet50 });
    const file = join(folder, 'model_final.pth');
    const counted = tensors
      .filter(({ name }) => name.endsWith('running_var'))
      .map(({ name }) => ({ name: name.replace('running_var', 'num_batches_tracked'), value: 9 }));
    const pixels = [
      { name: 'pixel_mean', shape: [3, 1, 1], values: Float32Array.of(123.675, 116.28, 103.53) },
      { name: 'pixel_std', shape: [3, 1, 1], values: Float32Array.of(58.395, 57.12, 57.375) },
    ];
    await writePth(file, [...tensors, ...counted, ...pixels]);
    const weights = await imported(file);
    expect(weights.found.detector).toMatchObject({ prefix: '', options: { extraNorm: true, norm: 'batch' } });
    expect(weights.found.convention).toEqual({ is: 'torchvision', from: 'pixels' });
    expect(await foundAgain({ ...c4, encoder: resnet50 }, weights)).toEqual(found);
    const asked = await imported(file, { convention: 'caffe2' });
    expect(asked.found).toMatchObject({ convention: { is: 'caffe2', from: 'asked' }, encoder: caffe2 });
  });

  it('is measured as it is or trained on, by the ids of the data, and not on data with other classes', async () => {
    const { tensors } = await made(fpn);
    const file = join(folder, 'measured.pkl');
    writeZooPickle(file, tensors);
    const weights = await imported(file);
    const { detector } = weights.found;
    const measureOnly = { ...detector!.options, startFrom: 'detector', steps: 0 };
    const config: EvaluateConfig = v.parse(EvaluateConfig, {
      ...tiny('detection-fpn'),
      subject: subjectOf(weights).subject,
      evaluator: { id: 'detection-fpn', options: optionsOf(fpn, measureOnly) },
    });
    const runFolder = mkdtempSync(join(folder, 'run-'));
    const leftOut = openLeftOut({ runFolder, inspected: [], isAccepted: false, notice: () => undefined });
    const place = { subject: subjectOf(weights), cacheFolder: null, fromStep: 0, leftOut };
    const opened = await openEvaluation(context(), await openEngine(config.execution), config, place);
    expect(opened.course).toBeUndefined();
    const rehearsal = await opened.rehearse!.open();
    // Six pictures, four at a time: it begins again.
    for (let looks = 0; looks < 3; looks++) expect(await rehearsal.next()).toBe(true);
    await rehearsal.close();
    const results = await opened.measure(runFolder);
    expect(results[0]).toMatchObject({
      which: 'only',
      metric: 'box-ap',
      protocol: { startFrom: 'detector', steps: 0 },
    });
    expect(results[0]!.protocol).not.toHaveProperty('rate');
    const found = JSON.parse(readFileSync(join(runFolder, 'results/detections.json'), 'utf8')) as {
      category_id: number;
    }[];
    expect(new Set(found.map((one) => one.category_id)).size).toBe(2);

    const { subject } = place.subject;
    if (subject.kind !== 'weights') throw new Error('not reached');
    const other = { ...place.subject, subject: { ...subject, detector: { evaluator: 'detection-fpn', classes: 80 } } };
    await expect(
      openEvaluation(context(), await openEngine(config.execution), config, { ...place, subject: other }),
    ).rejects.toThrow('finds 80 classes, and the data has 2 (bright, light, …)');
    const learning = { ...measureOnly, steps: 2 };
    const trained = { ...config, evaluator: { id: 'detection-fpn', options: optionsOf(fpn, learning) } };
    const { course } = await openEvaluation(context(), await openEngine(config.execution), trained, place);
    const bias = course!.state.find(({ name }) => name === 'detection-fpn/roi_heads/box_predictor/cls_score/bias')!;
    expect(bias.read()).toEqual(Float32Array.of(0, 0.05, -1));
    await course!.source.close();
    const fresh = { ...config, evaluator: { id: 'detection-fpn', options: optionsOf(fpn, { steps: 0 }) } };
    await expect(openEvaluation(context(), await openEngine(config.execution), fresh, place)).rejects.toThrow(
      'A new detector that takes 0 steps has learned nothing',
    );
  });

  it.each([
    [
      'another shape',
      (tensors: readonly WrittenTensor[]) =>
        tensors.map((one) =>
          one.name === 'roi_heads.mask_head.deconv.weight' ? { ...one, shape: [8, 16, 2, 1] } : one,
        ),
      'roi_heads.mask_head.deconv.weight of the detector has the shape [8, 16, 2, 1], where ours has [8, 8, 2, 2]',
    ],
    [
      'a missing tensor',
      (tensors: readonly WrittenTensor[]) => tensors.filter(({ name }) => name !== 'roi_heads.box_head.fc2.bias'),
      'roi_heads.box_head.fc2.bias of the detector is not in the file',
    ],
    [
      'a layer more',
      (tensors: readonly WrittenTensor[]) => [
        ...tensors,
        { name: 'roi_heads.box_head.fc3.weight', shape: [2, 2], values: new Float32Array(4) },
      ],
      'roi_heads.box_head.fc3.weight of the detector, of the shape [2, 2], has no counterpart in ours',
    ],
    [
      'no masks',
      (tensors: readonly WrittenTensor[]) => tensors.filter(({ name }) => !name.includes('mask_head')),
      'no head for masks',
    ],
    [
      'several stages',
      (tensors: readonly WrittenTensor[]) =>
        tensors.map((one) => ({ ...one, name: one.name.replace('box_predictor.', 'box_predictor.0.') })),
      'the detector is Cascade R-CNN, which is not built here',
    ],
  ])('with %s is said, and its encoder is imported all the same', async (_name, change, reason) => {
    const { tensors } = await made(fpn);
    const file = join(folder, 'other.pkl');
    writeZooPickle(file, change(tensors));
    const opened = await openWeights(file);
    const found = await findEncoder(opened, encoders.all);
    await opened.close();
    expect(found.detector).toBeUndefined();
    expect(inEnglish(found.noDetector!)).toContain(reason);
    expect(found.encoder).toMatchObject(resnet18);
  });
});
