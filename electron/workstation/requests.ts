/** The table of all requests of the window and the terminal: for each, a schema of its arguments and an answer. */
import * as v from 'valibot';
import { Draw, mostNames, mostPictures, PictureFilter } from '../../trainer/protocol/browse.ts';
import { PauseTime } from '../../trainer/protocol/commands.ts';
import { WantedWeights, WeightsFormat } from '../../trainer/protocol/weights.ts';
import { Inspection, Reading } from '../../trainer/protocol/dataset.ts';
import { DetectionRules, ErrorKind, mostErrors } from '../../trainer/protocol/detections.ts';
import { mostPoints } from '../../trainer/protocol/maps.ts';
import { Choice } from '../../trainer/protocol/options.ts';
import { Device, RunConfig, RunId } from '../../trainer/protocol/run.ts';
import { Which } from '../../trainer/protocol/results.ts';
import { CurveName } from '../../trainer/protocol/reference-curves.ts';
import { WhenNotFinite } from '../../trainer/protocol/when-not-finite.ts';
import { Origin, WeightsId } from '../../trainer/protocol/weights.ts';
import type { Selection } from '../api/comparison.ts';
import type { WantedMap } from '../api/maps.ts';
import type { Requests } from '../api/requests.ts';
import type { ReferenceCurvesAnswers } from './curves/reference-curves.ts';
import type { Datasets } from './data/datasets.ts';
import type { Estimates } from './drafts/estimate.ts';
import type { GpuBuilds } from './machine/gpu-build.ts';
import type { Licences } from './machine/licences.ts';
import type { Program } from './machine/program.ts';
import type { DeviceChoice } from './drafts/device-choice.ts';
import type { Plans } from './plans/plans.ts';
import type { Presets } from './drafts/presets.ts';
import type { Reports } from './report/reports.ts';
import type { EmbeddingMaps } from './runs/embedding-maps.ts';
import type { Runs } from './runs/runs.ts';
import { SettingsSchema } from './machine/settings.ts';
import type { Updates } from './updates/updates.ts';
import type { Weights } from './weights/weights.ts';
import { reportFormat, reportFormats } from './report/formats.ts';

export interface Handler<K extends keyof Requests> {
  readonly args: v.GenericSchema<unknown, Parameters<Requests[K]>>;
  readonly answer: (...args: Parameters<Requests[K]>) => ReturnType<Requests[K]> | Promise<ReturnType<Requests[K]>>;
}
export type Handlers = { readonly [K in keyof Requests]: Handler<K> };

const none = v.strictTuple([]);
const fileKind = v.picklist(['weights', 'list', 'bundle', 'detections', 'curves', 'wheels']);
const word = v.pipe(v.string(), v.minLength(1), v.maxLength(200));
const tag = v.pipe(v.string(), v.minLength(1), v.maxLength(60));
/** A NUL would truncate the path in system calls. */
const path = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(4096),
  v.check((text) => !text.includes('\0'), 'a path holds no NUL'),
);
const id = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]{0,79}$/, 'an id is a-z, 0-9 and -'));
const fingerprint = v.pipe(v.string(), v.regex(/^[0-9a-z:-]{1,200}$/, 'not a fingerprint'));
const excludedImage = v.strictObject({
  split: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
  file: v.pipe(v.string(), v.minLength(1), v.maxLength(8192)),
});
/** Places of pictures in a split. */
const places = v.pipe(v.array(v.pipe(v.number(), v.integer(), v.minValue(0))), v.maxLength(500));
const count = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most));
const place = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff));
const seed = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff));
const run = v.strictTuple([RunId]);
const runIds = v.pipe(v.array(RunId), v.maxLength(10_000));
const runAndFlag = v.strictTuple([RunId, v.boolean()]);
const errorChoice = v.strictObject({ kind: ErrorKind, class: v.nullable(place) });
const label = v.nullable(place);
const predictionChoice = v.strictObject({ which: Which, label, guess: label });
const testedPlaces = v.pipe(v.array(place), v.minLength(1), v.maxLength(mostNames));
const points = v.pipe(v.number(), v.integer(), v.minValue(100), v.maxValue(mostPoints));
const wantedMap: v.GenericSchema<unknown, WantedMap> = v.strictObject({
  of: v.variant('kind', [
    v.strictObject({ kind: v.literal('run'), run: RunId, step: place }),
    v.strictObject({ kind: v.literal('weights'), weights: WeightsId }),
  ]),
  fingerprint,
  split: word,
  points,
});
const config = v.strictTuple([RunConfig]);
const plan = v.strictTuple([id]);

const chosenRuns = v.pipe(v.array(RunId), v.maxLength(1000));
/** View options of a selection. */
const viewed = { baseline: v.optional(word), epoch: v.optional(v.picklist(['paper', 'last', 'best'])) };
const selection: v.GenericSchema<unknown, Selection> = v.variant('kind', [
  v.strictObject({ kind: v.literal('plan'), plan: id, ...viewed }),
  v.strictObject({
    kind: v.literal('runs'),
    runs: chosenRuns,
    ...viewed,
  }),
]);
const metrics = v.record(CurveName, v.nullable(CurveName));
const wantedCurves = v.strictObject({
  name: v.optional(word),
  method: v.optional(id),
  metrics: v.optional(metrics),
});
const branch = v.picklist([0, 1]);
const evaluated = v.variant('kind', [
  v.strictObject({ kind: v.literal('run'), run: RunId, branch: v.optional(branch) }),
  v.strictObject({ kind: v.literal('weights'), weights: WeightsId }),
]);
const https = v.pipe(v.string(), v.maxLength(2000), v.startsWith('https://', 'only https addresses are opened'));

export interface Answers {
  readonly machine: Program;
  readonly gpuBuilds: GpuBuilds;
  readonly updates: Updates;
  readonly licences: Licences;
  readonly placement: DeviceChoice;
  readonly presets: Presets;
  readonly estimates: Estimates;
  readonly runs: Runs;
  readonly maps: EmbeddingMaps;
  readonly plans: Plans;
  readonly datasets: Datasets;
  readonly reports: Reports;
  readonly weights: Weights;
  readonly curves: ReferenceCurvesAnswers;
}

/** A request without a handler does not compile. */
export function createHandlers(answers: Answers): Handlers {
  return {
    ...programHandlers(answers),
    ...draftHandlers(answers),
    ...runHandlers(answers),
    ...mapHandlers(answers),
    ...weightsHandlers(answers),
    ...curvesHandlers(answers),
    ...planHandlers(answers),
    ...dataHandlers(answers),
    ...reportHandlers(answers),
  };
}

function programHandlers({ machine, gpuBuilds, updates, licences }: Answers) {
  return {
    about: { args: none, answer: machine.about },
    changeSettings: { args: v.strictTuple([SettingsSchema]), answer: machine.changeSettings },
    chooseHome: { args: none, answer: machine.chooseHome },
    logFailure: {
      args: v.strictTuple([word, v.pipe(v.string(), v.maxLength(20_000))]),
      answer: machine.logFailure,
    },
    chooseFile: {
      args: v.strictTuple([fileKind]),
      answer: machine.chooseFile,
    },
    chooseFiles: { args: v.strictTuple([fileKind]), answer: machine.chooseFiles },
    chooseFolder: { args: none, answer: machine.chooseFolder },
    hardware: { args: none, answer: machine.hardware },
    doctor: { args: none, answer: machine.doctor },
    gpuBuild: { args: none, answer: () => gpuBuilds.status() },
    installGpuBuild: {
      args: v.strictTuple([v.nullable(v.pipe(v.array(path), v.minLength(1), v.maxLength(1000)))]),
      answer: (from) => gpuBuilds.install(from),
    },
    tryGpuBuild: { args: none, answer: () => gpuBuilds.tryAgain() },
    removeGpuBuild: { args: none, answer: () => gpuBuilds.remove() },
    openLink: { args: v.strictTuple([https]), answer: machine.openLink },
    updates: { args: none, answer: updates.state },
    checkForUpdates: { args: none, answer: updates.check },
    licences: { args: none, answer: licences.all },
    licenceText: { args: v.strictTuple([place]), answer: licences.text },
    openLicence: { args: v.strictTuple([place]), answer: licences.open },
  } satisfies Partial<Handlers>;
}

function draftHandlers({ presets, placement, estimates }: Answers) {
  return {
    catalogue: { args: none, answer: presets.catalogue },
    presets: { args: none, answer: presets.all },
    draftRun: { args: v.strictTuple([id, fingerprint, seed]), answer: presets.draftRun },
    comparePresets: { args: v.strictTuple([id, id]), answer: presets.compare },
    fastestExecution: { args: none, answer: placement.chosen },
    precisions: { args: v.strictTuple([Device]), answer: placement.precisions },
    estimate: { args: config, answer: (given) => estimates.estimate(given) },
    calibrate: { args: config, answer: estimates.calibrate },
    draftEvaluation: { args: v.strictTuple([evaluated, Choice, fingerprint]), answer: presets.draftEvaluation },
  } satisfies Partial<Handlers>;
}

function mapHandlers({ maps }: Answers) {
  return {
    mapMoments: { args: v.strictTuple([RunId, fingerprint, word, points]), answer: maps.moments },
    embeddingMap: { args: v.strictTuple([wantedMap]), answer: maps.map },
    mapLayout: { args: v.strictTuple([wantedMap]), answer: maps.layout },
  } satisfies Partial<Handlers>;
}

function runHandlers({ runs }: Answers) {
  return {
    createRun: { args: config, answer: runs.create },
    runs: { args: none, answer: runs.rows },
    runColumns: { args: none, answer: runs.columns },
    run: { args: run, answer: runs.detail },
    metric: { args: v.strictTuple([RunId, word, count(20_000)]), answer: runs.metric },
    log: { args: v.strictTuple([RunId, count(100_000)]), answer: runs.log },
    detections: { args: run, answer: runs.detections.summary },
    detectionErrors: {
      args: v.strictTuple([RunId, errorChoice, place, count(mostErrors)]),
      answer: runs.detections.errors,
    },
    predictedClasses: { args: v.strictTuple([RunId, Which]), answer: runs.predictions.classes },
    predictedImages: {
      args: v.strictTuple([RunId, predictionChoice, place, count(mostNames)]),
      answer: runs.predictions.images,
    },
    testedPictures: { args: v.strictTuple([RunId, testedPlaces]), answer: runs.predictions.pictures },
    testedPicture: { args: v.strictTuple([RunId, place]), answer: runs.predictions.picture },
    pauseRun: { args: v.strictTuple([RunId, PauseTime]), answer: runs.pause },
    continueRun: { args: run, answer: runs.continue },
    recordsHeld: { args: none, answer: runs.recordsHeld },
    tryRecordsAgain: { args: none, answer: runs.tryRecordsAgain },
    stopRun: { args: v.strictTuple([RunId, v.picklist(['safely', 'now'])]), answer: runs.stop },
    resumeRun: { args: v.strictTuple([RunId, v.optional(WhenNotFinite)]), answer: runs.resume },
    checkpointNow: { args: run, answer: runs.checkpointNow },
    discardRun: { args: run, answer: runs.discard },
    renameRun: { args: v.strictTuple([RunId, word]), answer: runs.rename },
    noteRun: { args: v.strictTuple([RunId, v.pipe(v.string(), v.maxLength(20_000))]), answer: runs.note },
    archiveRun: { args: runAndFlag, answer: runs.archive },
    tagRun: { args: v.strictTuple([RunId, v.pipe(v.array(tag), v.maxLength(50))]), answer: runs.tag },
    deleteRun: { args: run, answer: runs.delete },
    undoDelete: { args: run, answer: runs.undoDelete },
    queue: { args: none, answer: runs.queued },
    moveInQueue: { args: v.strictTuple([runIds, count(10_000)]), answer: runs.moveInQueue },
    cancelQueued: { args: v.strictTuple([runIds]), answer: runs.cancelQueued },
    undoCancel: { args: v.strictTuple([v.strictObject({ runs: runIds, order: runIds })]), answer: runs.undoCancel },
    importRun: { args: v.strictTuple([path]), answer: runs.import },
    interrupted: { args: none, answer: runs.interrupted },
    progress: { args: none, answer: runs.progress },
  } satisfies Partial<Handlers>;
}

function weightsHandlers({ weights }: Answers) {
  return {
    exportWeights: { args: v.strictTuple([evaluated, WeightsFormat]), answer: weights.export },
    weights: { args: none, answer: weights.rows },
    importWeights: { args: v.strictTuple([path, v.optional(WantedWeights)]), answer: weights.import },
    describeWeights: { args: v.strictTuple([WeightsId, word, Origin]), answer: weights.describe },
    removeWeights: { args: v.strictTuple([WeightsId]), answer: weights.remove },
  } satisfies Partial<Handlers>;
}

function curvesHandlers({ curves }: Answers) {
  return {
    exportCurves: { args: run, answer: curves.export },
    referenceCurves: { args: none, answer: curves.all },
    importCurves: { args: v.strictTuple([path, v.optional(wantedCurves)]), answer: curves.import },
    describeCurves: { args: v.strictTuple([id, v.strictObject({ name: word, metrics })]), answer: curves.describe },
    removeCurves: { args: v.strictTuple([id]), answer: curves.remove },
    undoRemoveCurves: { args: v.strictTuple([id]), answer: curves.undoRemove },
    referenceSeries: { args: v.strictTuple([id, CurveName, count(20_000)]), answer: curves.series },
  } satisfies Partial<Handlers>;
}

function planHandlers({ plans }: Answers) {
  return {
    plans: { args: none, answer: plans.rows },
    startPlan: { args: v.strictTuple([id, v.nullable(count(100))]), answer: plans.start },
    pausePlan: { args: plan, answer: plans.pause },
    calibratePlan: { args: plan, answer: plans.calibrate },
    addPlan: { args: v.strictTuple([path]), answer: plans.add },
    removePlan: { args: plan, answer: plans.remove },
    undoRemovePlan: { args: plan, answer: plans.undoRemove },
  } satisfies Partial<Handlers>;
}

function dataHandlers({ datasets }: Answers) {
  const { pictures } = datasets;
  return {
    datasets: { args: none, answer: datasets.rows },
    knownData: { args: none, answer: datasets.known },
    inspect: { args: v.strictTuple([path, v.boolean(), v.optional(Reading)]), answer: datasets.inspect },
    addDataset: { args: v.strictTuple([Inspection, word]), answer: datasets.add },
    removeDataset: { args: v.strictTuple([fingerprint]), answer: datasets.remove },
    thumbnails: {
      args: v.strictTuple([fingerprint, word, v.union([count(500), places])]),
      answer: datasets.thumbnails,
    },
    pictures: { args: v.strictTuple([fingerprint, PictureFilter, place, count(mostPictures)]), answer: pictures.range },
    picture: { args: v.strictTuple([fingerprint, PictureFilter, place]), answer: pictures.picture },
    augmentedViews: { args: v.strictTuple([fingerprint, PictureFilter, place, Draw]), answer: pictures.views },
    excludePicture: { args: v.strictTuple([fingerprint, excludedImage, v.boolean()]), answer: pictures.exclude },
    showPicture: { args: v.strictTuple([fingerprint, PictureFilter, place]), answer: pictures.show },
    evaluateDetections: {
      args: v.strictTuple([path, fingerprint, word, DetectionRules]),
      answer: datasets.evaluateDetections,
    },
    writeSampleSet: { args: none, answer: datasets.writeSampleSet },
    cancelJob: { args: none, answer: datasets.cancel },
    cancelContentsCheck: { args: none, answer: datasets.cancelContentsCheck },
  } satisfies Partial<Handlers>;
}

function reportHandlers({ reports }: Answers) {
  return {
    compare: { args: v.strictTuple([selection]), answer: reports.compare },
    runPalette: { args: v.strictTuple([chosenRuns]), answer: reports.palette },
    exportReport: {
      args: v.strictTuple([
        selection,
        v.pipe(v.array(reportFormat), v.minLength(1), v.maxLength(reportFormats.length)),
        v.picklist(['en', 'zh']),
      ]),
      answer: reports.export,
    },
    reports: { args: none, answer: reports.rows },
    checkReport: { args: v.strictTuple([id]), answer: reports.check },
    openReport: { args: v.strictTuple([id, reportFormat]), answer: reports.open },
    showInFolder: {
      args: v.strictTuple([
        v.strictObject({
          kind: v.picklist(['run', 'report', 'home', 'dataset', 'weights']),
          id: v.pipe(v.string(), v.maxLength(200)),
        }),
      ]),
      answer: reports.showInFolder,
    },
  } satisfies Partial<Handlers>;
}
