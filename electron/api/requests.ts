/** The request table: everything the window and the terminal may ask of the workstation. Types and one list of names. */
import type {
  Draw,
  DrawnViews,
  ListedPicture,
  Picture,
  PictureFilter,
  PictureRange,
} from '../../trainer/protocol/browse.ts';
import type { Catalogue } from '../../trainer/protocol/catalogue.ts';
import type { PauseTime } from '../../trainer/protocol/commands.ts';
import type { Inspection, Reading, Thumbnail } from '../../trainer/protocol/dataset.ts';
import type { DetectionRules, DetectionSummary } from '../../trainer/protocol/detections.ts';
import type { Calibration } from '../../trainer/protocol/events.ts';
import type { Fault } from '../../trainer/protocol/fault.ts';
import type { DoctorReport, HardwareReading } from '../../trainer/protocol/hardware.ts';
import type { Choice } from '../../trainer/protocol/options.ts';
import type { Preset, PresetDifference } from '../../trainer/protocol/preset.ts';
import type { ExcludedFile } from '../../trainer/protocol/left-out.ts';
import type { EvaluatedDetections, Result } from '../../trainer/protocol/results.ts';
import type { Execution, RunConfig } from '../../trainer/protocol/run.ts';
import type { ImportedWeights, Origin, WantedWeights, WeightsFormat } from '../../trainer/protocol/weights.ts';
import type { WhenNotFinite } from '../../trainer/protocol/when-not-finite.ts';
import type { Comparison, RunPalette, Selection } from './comparison.ts';
import type { Series } from './curves.ts';
import type { DatasetRow, KnownData } from './datasets.ts';
import type { ErrorChoice, ErrorRange } from './detections.ts';
import type { Estimate, Evaluated, Precisions } from './drafts.ts';
import type { GpuBuild } from './gpu-build.ts';
import type { EmbeddingMap, MapMoment, WantedMap } from './maps.ts';
import type { AddedPlan, PlanRow } from './plans.ts';
import type { PredictedClasses, PredictedImages, PredictionChoice } from './predictions.ts';
import type { CancelledRuns, QueuedRun } from './queue.ts';
import type { DescribedCurves, ReferenceCurves, WantedCurves } from './reference-curves.ts';
import type { ReportFormat, ReportRow } from './reports.ts';
import type { Interrupted, LogLine, Progress, RunColumns, RunDetail, RunRow } from './runs.ts';
import type { About, Language, Settings } from './settings.ts';
import type { Licence } from './licences.ts';
import type { UpdateState } from './updates.ts';

/** Purpose a file is chosen for: weights, a list of names, a plan bundle, results of a detector, curves, or Python's packages. */
export type FileKind = 'weights' | 'list' | 'bundle' | 'detections' | 'curves' | 'wheels';

/** One function a request: arguments and answer. */
export interface Requests {
  about: () => About;
  changeSettings: (settings: Settings) => Settings;
  chooseHome: () => string | null;
  /** Keeps an error of the window in the workspace's log: where it arose, and what it was. */
  logFailure: (where: string, description: string) => void;

  catalogue: () => Catalogue;
  presets: () => readonly Preset[];
  /**
   * A complete configuration from a preset and a data set; the form edits it. Its device and precision are those known
   * without measuring: `fastestExecution` measures.
   */
  draftRun: (preset: string, fingerprint: string, seed: number) => RunConfig;
  comparePresets: (left: string, right: string) => readonly PresetDifference[];
  /**
   * Device and precision in which a training step is fastest on this machine. Measured once: takes up to a minute then,
   * with progress by `job`.
   */
  fastestExecution: () => Execution;
  /** Timings of each precision on a device. Measured once per machine: takes a few seconds then, with progress by `job`. */
  precisions: (device: string) => Precisions;
  estimate: (config: RunConfig) => Estimate;
  /** Times a few real steps. Progress comes by `job`. */
  calibrate: (config: RunConfig) => Calibration;

  createRun: (config: RunConfig) => string;
  draftEvaluation: (of: Evaluated, evaluator: Choice, fingerprint: string) => RunConfig;
  runs: () => readonly RunRow[];
  runColumns: () => RunColumns;
  run: (run: string) => RunDetail;
  metric: (run: string, name: string, points: number) => Series;
  log: (run: string, lines: number) => readonly LogLine[];
  /** Of an evaluation of detections, class by class; null for another run, and for one from before it was kept. */
  detections: (run: string) => DetectionSummary | null;
  /** Its errors of a kind, those of one class or all that were kept: `from` … `from + count - 1`. */
  detectionErrors: (run: string, which: ErrorChoice, from: number, count: number) => ErrorRange;
  /** Of a classification, class by class. Fails where it was not kept, or its file is gone or damaged. */
  predictedClasses: (run: string, which: Result['which']) => PredictedClasses;
  /** Images that it took for a class, or for a wrong one: `from` … `from + count - 1`. */
  predictedImages: (run: string, choice: PredictionChoice, from: number, count: number) => PredictedImages;
  /** Pictures of a run's test split by their places, as they were tested: without the images that the run left out. */
  testedPictures: (run: string, places: readonly number[]) => readonly ListedPicture[];
  testedPicture: (run: string, place: number) => Picture;
  /** The moments of a pretraining that a map can be shown of, the first one first. */
  mapMoments: (run: string, fingerprint: string, split: string, points: number) => readonly MapMoment[];
  /** The images of a split as points by their features. Made once: takes a while then, with progress by `job`, cancelled by `cancelJob`. */
  embeddingMap: (wanted: WantedMap) => EmbeddingMap;
  /** Where UMAP puts the points of a map, [points, 2]. Made once, as the map is. */
  mapLayout: (wanted: WantedMap) => Float32Array;
  pauseRun: (run: string, when: PauseTime) => void;
  continueRun: (run: string) => void;
  stopRun: (run: string, how: 'safely' | 'now') => void;
  /** `chosen`: how a run goes on that is paused by losses that are not finite. Default: as before. */
  resumeRun: (run: string, chosen?: WhenNotFinite) => void;
  checkpointNow: (run: string) => void;
  discardRun: (run: string) => void;
  renameRun: (run: string, title: string) => void;
  noteRun: (run: string, note: string) => void;
  archiveRun: (run: string, archived: boolean) => void;
  /** Replaces its tags. */
  tagRun: (run: string, tags: readonly string[]) => void;
  deleteRun: (run: string) => void;
  undoDelete: (run: string) => void;
  /** Runs that wait for the device, in the order of the queue, with their expected ends. */
  queue: () => readonly QueuedRun[];
  /** Puts queued runs, in the order they are given in, where the first of them is at `position`, from 1. */
  moveInQueue: (runs: readonly string[], position: number) => void;
  /** Takes runs out of the queue; those that have begun meanwhile go on. */
  cancelQueued: (runs: readonly string[]) => CancelledRuns;
  undoCancel: (cancelled: CancelledRuns) => void;
  importRun: (folder: string) => string;
  /** Writes the encoder of the newest checkpoint into the run's folder; returns the file. */
  exportWeights: (of: Evaluated, format: WeightsFormat) => string;

  /** Writes the curves of a run as TensorBoard's event file into the run's folder; returns the file. */
  exportCurves: (run: string) => string;
  /** Curves that are drawn under those of runs: imported ones, and runs of presets that came with the program. */
  referenceCurves: () => readonly ReferenceCurves[];
  /** Takes the curves of another program's file, of a folder of TensorBoard's, or of somebody's run folder. */
  importCurves: (path: string, wanted?: WantedCurves) => ReferenceCurves;
  describeCurves: (id: string, described: DescribedCurves) => ReferenceCurves;
  removeCurves: (id: string) => void;
  undoRemoveCurves: (id: string) => void;
  /** One of them by its name in the file; its steps are positions on their axis. */
  referenceSeries: (id: string, source: string, points: number) => Series;

  weights: () => readonly ImportedWeights[];
  /**
   * Takes the encoder out of a file of weights: what is wanted of it, or the one that its method evaluates. The same
   * tensors are taken once. Progress comes by `job`.
   */
  importWeights: (file: string, wanted?: WantedWeights) => ImportedWeights;
  describeWeights: (weights: string, name: string, origin: Origin) => ImportedWeights;
  /** Moves them where the system keeps deleted things. */
  removeWeights: (weights: string) => void;
  /** Asks the user for a file of weights. */
  chooseFile: (kind: FileKind) => string | null;
  /** Asks the user for several files; none: the dialog was cancelled. */
  chooseFiles: (kind: FileKind) => readonly string[];
  /** Why records cannot be written at the moment, and are held; null: they can. */
  recordsHeld: () => Fault | null;
  /** Tries at once what is tried every few seconds. */
  tryRecordsAgain: () => void;
  interrupted: () => readonly Interrupted[];
  progress: () => readonly Progress[];

  plans: () => readonly PlanRow[];
  /** `seeds`: the number of seeds for its runs; null: leave it as it is. */
  startPlan: (plan: string, seeds: number | null) => void;
  pausePlan: (plan: string) => void;
  /** Times a few real steps of each kind of run in the plan. */
  calibratePlan: (plan: string) => PlanRow;
  /** Adds the plan of a report's bundle, to be run here; starts nothing. */
  addPlan: (file: string) => AddedPlan;
  /** Removes a plan that was added from a bundle; its runs stay. */
  removePlan: (plan: string) => void;
  undoRemovePlan: (plan: string) => void;

  datasets: () => readonly DatasetRow[];
  knownData: () => readonly KnownData[];
  chooseFolder: () => string | null;
  /**
   * Scans a folder; progress comes by `job`; cancelled by `cancelJob`. Of a large data set names and sizes are taken, and its
   * contents are checked only when `contents` asks for it.
   */
  inspect: (path: string, contents: boolean, reading?: Reading) => Inspection;
  addDataset: (inspection: Inspection, name: string) => DatasetRow;
  removeDataset: (fingerprint: string) => void;
  /** Of an added or just inspected data set. `which`: how many, spread evenly, or their places in the split. */
  thumbnails: (fingerprint: string, split: string, which: number | readonly number[]) => readonly Thumbnail[];
  /** Pictures `from` … `from + count - 1` of those that a filter leaves, with thumbnails. A listing that takes long comes as a `job`. */
  pictures: (fingerprint: string, filter: PictureFilter, from: number, count: number) => PictureRange;
  /** The picture at a place of a filter's order, as large as a window can show it. */
  picture: (fingerprint: string, filter: PictureFilter, place: number) => Picture;
  /** Its views as training would make them, with what was drawn for each. */
  augmentedViews: (fingerprint: string, filter: PictureFilter, place: number, draw: Draw) => DrawnViews;
  /** Leaves an image out of runs made from now on, or takes it in again; gives how many of the data set are left out. */
  excludePicture: (fingerprint: string, image: ExcludedFile, isLeftOut: boolean) => number;
  /** Shows its file in the system's file manager; of one that is no file of its own, the data set. */
  showPicture: (fingerprint: string, filter: PictureFilter, place: number) => void;
  /**
   * Counts what anyone's detector found in the pictures of a split: COCO's result file, or a folder of PASCAL VOC's. Keeps
   * nothing. Progress comes by `job`.
   */
  evaluateDetections: (file: string, fingerprint: string, split: string, rules: DetectionRules) => EvaluatedDetections;
  writeSampleSet: () => Inspection;
  /** Cancels the jobs that somebody waits for. */
  cancelJob: () => void;
  /** Cancels the check of contents beside the runs. */
  cancelContentsCheck: () => void;

  compare: (selection: Selection) => Comparison;
  /** Titles and places in the palette of these runs, as their comparison has them; no figure is computed. */
  runPalette: (runs: readonly string[]) => RunPalette;
  exportReport: (selection: Selection, formats: readonly ReportFormat[], language: Language) => ReportRow;
  reports: () => readonly ReportRow[];
  /** Fails if the page of a report is gone or was changed. The window shows it from `app://report/` and its id. */
  checkReport: (id: string) => void;
  openReport: (id: string, format: ReportFormat) => void;
  showInFolder: (what: {
    readonly kind: 'run' | 'report' | 'home' | 'dataset' | 'weights';
    readonly id: string;
  }) => void;

  hardware: () => HardwareReading;
  doctor: () => DoctorReport;
  /** TensorFlow's build for NVIDIA GPUs; null where there is nothing to offer. */
  gpuBuild: () => GpuBuild | null;
  /**
   * Downloads it, or takes it from wheels or folders that hold them, and tries it. Progress comes by `job`; cancelled by
   * `cancelJob`, it goes on another time from where it was.
   */
  installGpuBuild: (from: readonly string[] | null) => GpuBuild;
  /** Tries it again after it did not work. */
  tryGpuBuild: () => GpuBuild;
  removeGpuBuild: () => GpuBuild | null;
  openLink: (url: string) => void;

  /** What is known of newer versions, from the last check, or from that which this start began. */
  updates: () => UpdateState;
  /** Asks the host that this build names. */
  checkForUpdates: () => UpdateState;

  /** Everything in this package; null: this is a checkout. */
  licences: () => readonly Licence[] | null;
  /** By its place in the list. */
  licenceText: (index: number) => string;
  /** Shows one that is a page of its own in the browser. */
  openLicence: (index: number) => void;
}

const every = {
  about: true,
  changeSettings: true,
  chooseHome: true,
  logFailure: true,
  catalogue: true,
  presets: true,
  draftRun: true,
  comparePresets: true,
  fastestExecution: true,
  precisions: true,
  estimate: true,
  calibrate: true,
  createRun: true,
  draftEvaluation: true,
  runs: true,
  runColumns: true,
  run: true,
  metric: true,
  log: true,
  detections: true,
  detectionErrors: true,
  predictedClasses: true,
  predictedImages: true,
  testedPictures: true,
  testedPicture: true,
  mapMoments: true,
  embeddingMap: true,
  mapLayout: true,
  pauseRun: true,
  continueRun: true,
  stopRun: true,
  resumeRun: true,
  checkpointNow: true,
  discardRun: true,
  renameRun: true,
  noteRun: true,
  archiveRun: true,
  tagRun: true,
  deleteRun: true,
  undoDelete: true,
  queue: true,
  moveInQueue: true,
  cancelQueued: true,
  undoCancel: true,
  importRun: true,
  exportWeights: true,
  exportCurves: true,
  referenceCurves: true,
  importCurves: true,
  describeCurves: true,
  removeCurves: true,
  undoRemoveCurves: true,
  referenceSeries: true,
  weights: true,
  importWeights: true,
  describeWeights: true,
  removeWeights: true,
  chooseFile: true,
  chooseFiles: true,
  recordsHeld: true,
  tryRecordsAgain: true,
  interrupted: true,
  progress: true,
  plans: true,
  startPlan: true,
  pausePlan: true,
  calibratePlan: true,
  addPlan: true,
  removePlan: true,
  undoRemovePlan: true,
  datasets: true,
  knownData: true,
  chooseFolder: true,
  inspect: true,
  addDataset: true,
  removeDataset: true,
  thumbnails: true,
  pictures: true,
  picture: true,
  augmentedViews: true,
  excludePicture: true,
  showPicture: true,
  evaluateDetections: true,
  writeSampleSet: true,
  cancelJob: true,
  cancelContentsCheck: true,
  compare: true,
  runPalette: true,
  exportReport: true,
  reports: true,
  checkReport: true,
  openReport: true,
  showInFolder: true,
  hardware: true,
  doctor: true,
  gpuBuild: true,
  installGpuBuild: true,
  tryGpuBuild: true,
  removeGpuBuild: true,
  openLink: true,
  updates: true,
  checkForUpdates: true,
  licences: true,
  licenceText: true,
  openLicence: true,
} satisfies Record<keyof Requests, true>;

export const requestNames = Object.keys(every) as (keyof Requests)[];
