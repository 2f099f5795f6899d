/**
 * Estimates of a run before it starts: from a calibration of real steps, otherwise from an earlier run of the same
 * shape, otherwise unknown.
 */
import { statfs } from 'node:fs/promises';
import * as v from 'valibot';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import { Calibration } from '../../../trainer/protocol/events.ts';
import { concernsOf, type GraphicsCard } from '../../../trainer/protocol/graphics-card.ts';
import type { Paper } from '../../../trainer/protocol/paper.ts';
import type { RunConfig } from '../../../trainer/protocol/run.ts';
import type { Estimate } from '../../api/drafts.ts';
import { availableMemory } from '../machine/available-memory.ts';
import { freeMemoryOf, gpuCards } from '../machine/gpu-cards.ts';
import type { Store, StoredDataset, StoredRun } from '../store/store.ts';
import type { SideJobs } from '../trainer/side-jobs.ts';
import type { TrainerHost } from '../trainer/trainer-host.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { calibrationKey, subjectConfigOf } from './calibration-key.ts';
import { dataWarnings } from './data-warnings.ts';
import { completeConfig } from './check-config.ts';
import { resolveSubject } from './evaluated-encoder.ts';
import { fitsOf } from './memory-fit.ts';
import type { DeviceChoice } from './device-choice.ts';
import { RecordedPaces, type RecordedPace } from './recorded-pace.ts';
import { RoughTimes } from './rough-time.ts';
import { diskNeeded, warningsOf } from './resource-needs.ts';
import { stepsFor } from './step-count.ts';

export interface Estimates {
  readonly estimate: (config: RunConfig) => Promise<Estimate>;
  /**
   * Estimates many runs, reading shared data once. `subject`: configuration of the run under evaluation, if that is not
   * created yet.
   */
  readonly estimateAll: (
    wanted: readonly { readonly config: RunConfig; readonly subject: RunConfig | null }[],
    runs: readonly StoredRun[],
  ) => Promise<readonly Estimate[]>;
  readonly calibrate: (config: RunConfig) => Promise<Calibration>;
}

export interface EstimatesOptions {
  readonly workspace: Workspace;
  readonly store: Store;
  readonly host: TrainerHost;
  readonly jobs: SideJobs;
  readonly catalogue: Catalogue;
  readonly papers: readonly Paper[];
  readonly placement: Pick<DeviceChoice, 'timed'>;
  readonly complain: (line: string) => void;
  readonly now: () => number;
}

/** Data shared by the estimates of one request. */
interface Known {
  readonly runs: readonly StoredRun[];
  readonly all: ReadonlyMap<string, StoredRun>;
  readonly datasets: readonly StoredDataset[];
  readonly diskFreeBytes: number | null;
  /** On a device; null: not known. */
  readonly memoryFreeOn: (device: string) => number | null;
  /** The GPUs, where a run is estimated for one. */
  readonly cards: readonly GraphicsCard[];
  /** Seconds of a run of which nothing like it was timed. */
  readonly roughly: ReturnType<RoughTimes['within']>;
}

/** Known pace of a run; fields are null if unknown. */
interface Pace {
  /** Number of steps from the configuration and its data. */
  readonly counted: number | null;
  readonly measured: Calibration | null;
  readonly recorded: RecordedPace | null;
}

export function createEstimates(options: EstimatesOptions): Estimates {
  const { store, catalogue, papers, placement } = options;
  const paces = new RecordedPaces(store);
  const rough = new RoughTimes(store, placement.timed);

  async function estimateOf(given: RunConfig, planned: RunConfig | null, known: Known): Promise<Estimate> {
    const { runs, all, datasets } = known;
    const config = completeConfig(given, catalogue);
    const subject = subjectConfigOf(config, all) ?? (planned && completeConfig(planned, catalogue));
    const key = calibrationKey(config, subject);
    const stored = await store.calibration(key);
    const measured = stored === null ? null : v.parse(Calibration, JSON.parse(stored.calibration));
    const recorded = measured === null ? await paces.of(key, runs, all) : null;
    const pace = { counted: stepsFor(config, datasets), measured, recorded };
    const found = estimateFrom(config, pace, known, papers);
    return found.seconds === null ? { ...found, roughSeconds: await known.roughly(config, subject) } : found;
  }

  return {
    estimate: async (config) =>
      estimateOf(config, null, await gatherKnown(options, rough, await store.runs(), [config])),
    estimateAll: async (wanted, runs) => {
      const configs = wanted.map(({ config }) => config);
      const shared = await gatherKnown(options, rough, runs, configs);
      return Promise.all(wanted.map(({ config, subject }) => estimateOf(config, subject, shared)));
    },
    calibrate: (config) => calibrate(options, config),
  };
}

/** @param wanted what is estimated: a driver is only asked for a run on a GPU */
async function gatherKnown(
  { store, workspace, complain }: EstimatesOptions,
  rough: RoughTimes,
  runs: readonly StoredRun[],
  wanted: readonly RunConfig[],
): Promise<Known> {
  const [datasets, diskFreeBytes, memoryFreeBytes, cards] = await Promise.all([
    store.datasets(),
    statfs(workspace.home).then(
      (found) => found.bavail * found.bsize,
      () => null,
    ),
    availableMemory(),
    wanted.some(({ execution }) => execution.device !== 'cpu') ? cardsHere(complain) : [],
  ]);
  const all = byId(runs);
  const memoryFreeOn = (device: string): number | null => {
    if (device === 'cpu') return memoryFreeBytes;
    const card = cardOf(device, cards);
    return card === null ? null : freeMemoryOf(card);
  };
  const roughly = rough.within(runs, all, datasets);
  return { runs, all, datasets, diskFreeBytes, memoryFreeOn, cards, roughly };
}

const cardsHere = (complain: (line: string) => void): Promise<readonly GraphicsCard[]> =>
  gpuCards().catch((error: unknown) => {
    complain(faultOf(error).message);
    return [];
  });

const cardOf = (device: string, cards: readonly GraphicsCard[]): GraphicsCard | null =>
  (device === 'cpu' ? null : cards[Number(device.slice('gpu:'.length))]) ?? null;

function byId(runs: readonly StoredRun[]): ReadonlyMap<string, StoredRun> {
  return new Map(runs.map((run) => [run.id, run]));
}

function estimateFrom(
  config: RunConfig,
  { counted, measured, recorded }: Pace,
  { datasets, diskFreeBytes, memoryFreeOn, cards }: Known,
  papers: readonly Paper[],
): Estimate {
  const { device } = config.execution;
  const card = cardOf(device, cards);
  const memoryFreeBytes = memoryFreeOn(device);
  const pace = measured ?? recorded;
  const steps = counted ?? measured?.stepsTotal ?? recorded?.steps ?? null;
  const seconds = pace === null || steps === null ? null : pace.loadSeconds + pace.secondsPerStep * steps;
  const checkpointBytes = pace?.checkpointBytes ?? null;
  const diskBytes = checkpointBytes === null ? null : diskNeeded(checkpointBytes, config.checkpoint.keepLast);
  const memoryBytes = measured?.peakMemoryBytes ?? null;
  return {
    steps,
    seconds,
    // The spread of single steps averages out, but slow changes of the machine do not, so it is not divided by √steps.
    secondsSpread: measured === null || steps === null ? null : measured.spreadSeconds * steps,
    roughSeconds: null,
    basis: measured !== null ? 'measured' : recorded !== null ? 'recorded' : 'none',
    diskBytes,
    diskFreeBytes,
    memoryBytes,
    memoryFreeBytes,
    warnings: [
      ...(card === null ? [] : concernsOf(card)),
      ...dataWarnings(config, datasets),
      ...warningsOf({ diskBytes, diskFreeBytes, memoryBytes, memoryFreeBytes }),
    ],
    fits:
      memoryBytes === null || memoryFreeBytes === null || checkpointBytes === null
        ? []
        : fitsOf(config, { memoryBytes, checkpointBytes, freeBytes: memoryFreeBytes }, papers),
  };
}

/** Times real steps of a run of this shape, and keeps the result. */
async function calibrate(options: EstimatesOptions, given: RunConfig): Promise<Calibration> {
  const { workspace, store, host, jobs, catalogue, now } = options;
  const config = completeConfig(given, catalogue);
  const all = byId(await store.runs());
  const key = calibrationKey(config, subjectConfigOf(config, all));
  const subject =
    config.kind === 'evaluate' ? await resolveSubject(store, config.subject, all, workspace.weights) : null;
  const job = {
    kind: 'calibrate' as const,
    config,
    cacheFolder: workspace.cache,
    datasetsFolder: workspace.datasets,
    subject,
  };
  const { calibration } = await host.hold('calibrate', () => jobs.run(job, 'calibration'));
  await store.saveCalibration(key, JSON.stringify(calibration), now());
  return calibration;
}
