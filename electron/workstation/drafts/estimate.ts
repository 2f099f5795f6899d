/** What a run will take, before the button: from a calibration of real steps, else from an earlier run of the same shape, else unknown. */
import { createHash } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import * as v from 'valibot';
import { Calibration } from '../../../trainer/protocol/events.ts';
import type { Fault } from '../../../trainer/protocol/fault.ts';
import type { Paper } from '../../../trainer/protocol/paper.ts';
import type { RunConfig } from '../../../trainer/protocol/run.ts';
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { Estimate } from '../../api/drafts.ts';
import { completeConfig } from './check-config.ts';
import { fitsOf } from './memory-fit.ts';
import { resolveSubject } from './evaluated-encoder.ts';
import type { SideJobs } from '../trainer/side-jobs.ts';
import type { Store, StoredDataset, StoredRun } from '../store/store.ts';
import type { TrainerHost } from '../trainer/trainer-host.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { availableMemory } from '../machine/available-memory.ts';

export interface Estimates {
  readonly estimate: (config: RunConfig) => Promise<Estimate>;
  /** Of many at once: what they share is read once. `subject`: of what an evaluation looks at, where that run is not made yet. */
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
  readonly now: () => number;
}

/** Everything that decides how long a step takes, and nothing else: seeds, rates and lengths do not. */
export function calibrationKey(config: RunConfig, subject: RunConfig | null): string {
  const { execution } = config;
  const shape =
    config.kind === 'pretrain'
      ? {
          method: config.method,
          encoders: config.encoders,
          optimizer: config.optimizer.id,
          data: config.data.fingerprint ?? config.data.path,
          paired: config.paired && (config.paired.fingerprint ?? config.paired.path),
          views: config.views.map(({ size, blur, interpolation }) => ({ size, blur, interpolation })),
          channels: config.normalization.mean.length,
          batch: config.batch,
        }
      : {
          evaluator: config.evaluator,
          encoder: encoderOf(config, subject),
          train: config.train.fingerprint ?? config.train.path,
          test: config.test.fingerprint ?? config.test.path,
          preprocessing: config.preprocessing,
          layer: config.layer,
          channels: config.normalization.mean.length,
        };
  const { engine, device, precision, threads, chunk, recompute } = execution;
  const text = JSON.stringify({ kind: config.kind, shape, engine, device, precision, threads, chunk, recompute });
  return createHash('sha256').update(text).digest('hex');
}

function encoderOf(config: Extract<RunConfig, { kind: 'evaluate' }>, subject: RunConfig | null): unknown {
  if (config.subject.kind === 'pixels') return 'pixels';
  if (config.subject.kind === 'random' || config.subject.kind === 'weights') return config.subject.encoder;
  return subject?.kind === 'pretrain' ? subject.encoders[config.subject.branch] : config.subject.run;
}

/** Optimisation steps of a pretraining: whole batches where the last is dropped. */
export function stepsOf(config: Extract<RunConfig, { kind: 'pretrain' }>, images: number): number {
  const stepsPerEpoch = config.dropLast ? Math.floor(images / config.batch) : Math.ceil(images / config.batch);
  return Math.max(1, Math.round(config.epochs * stepsPerEpoch));
}

/** Room for what is kept, one more being written, and a tenth on top. */
export function diskNeeded(checkpointBytes: number, keepLast: number): number {
  return Math.round(checkpointBytes * (keepLast + 1) * 1.1);
}

export function createEstimates(options: EstimatesOptions): Estimates {
  const { workspace, store, host, jobs, catalogue, papers } = options;

  const byId = (runs: readonly StoredRun[]): ReadonlyMap<string, StoredRun> =>
    new Map(runs.map((run) => [run.id, run]));
  const subjectOf = (config: RunConfig, all: ReadonlyMap<string, StoredRun>): RunConfig | null =>
    config.kind === 'evaluate' && config.subject.kind === 'run' ? (all.get(config.subject.run)?.config ?? null) : null;

  /** By run: its configuration never changes, and there may be a thousand. */
  const keys = new Map<string, string>();
  function keyOf({ id, config }: StoredRun, all: ReadonlyMap<string, StoredRun>): string {
    const key = keys.get(id) ?? calibrationKey(config, subjectOf(config, all));
    keys.set(id, key);
    return key;
  }

  function stepsFor(config: RunConfig, datasets: readonly StoredDataset[]): number | null {
    if (config.kind !== 'pretrain') return null;
    const dataset = datasets.find(
      (row) => row.fingerprint === config.data.fingerprint || row.path === config.data.path,
    );
    const split = dataset?.inspection.splits.find((one) => one.split === config.data.split);
    return split === undefined ? null : stepsOf(config, split.images);
  }

  interface Known {
    readonly runs: readonly StoredRun[];
    readonly all: ReadonlyMap<string, StoredRun>;
    readonly datasets: readonly StoredDataset[];
    readonly diskFreeBytes: number | null;
    readonly memoryFreeBytes: number;
  }
  async function known(runs: readonly StoredRun[]): Promise<Known> {
    const [datasets, diskFreeBytes, memoryFreeBytes] = await Promise.all([
      store.datasets(),
      statfs(workspace.home).then(
        (found) => found.bavail * found.bsize,
        () => null,
      ),
      availableMemory(),
    ]);
    return { runs, all: byId(runs), datasets, diskFreeBytes, memoryFreeBytes };
  }

  async function estimateOf(
    given: RunConfig,
    planned: RunConfig | null,
    { runs, all, datasets, diskFreeBytes, memoryFreeBytes }: Known,
  ): Promise<Estimate> {
    const config = completeConfig(given, catalogue);
    const subject = subjectOf(config, all) ?? (planned && completeConfig(planned, catalogue));
    const key = calibrationKey(config, subject);
    const stored = await store.calibration(key);
    const counted = stepsFor(config, datasets);
    const measured = stored === null ? null : v.parse(Calibration, JSON.parse(stored.calibration));
    const recorded = measured === null ? await fromRuns(key, runs, all) : null;
    const pace = measured ?? recorded;
    const steps = counted ?? measured?.stepsTotal ?? recorded?.steps ?? null;
    const seconds = pace === null || steps === null ? null : pace.loadSeconds + pace.secondsPerStep * steps;
    const checkpointBytes = pace?.checkpointBytes ?? null;
    const diskBytes = checkpointBytes === null ? null : diskNeeded(checkpointBytes, config.checkpoint.keepLast);
    const memoryBytes = measured?.peakMemoryBytes ?? null;
    return {
      steps,
      seconds,
      // The spread of single steps averages out; the machine's mood over a long run does not, so it is not divided by √steps.
      secondsSpread: measured === null || steps === null ? null : measured.spreadSeconds * steps,
      basis: measured !== null ? 'measured' : recorded !== null ? 'recorded' : 'none',
      diskBytes,
      diskFreeBytes,
      memoryBytes,
      memoryFreeBytes,
      warnings: warningsOf({ diskBytes, diskFreeBytes, memoryBytes, memoryFreeBytes }),
      fits:
        memoryBytes === null || checkpointBytes === null
          ? []
          : fitsOf(config, { memoryBytes, checkpointBytes, freeBytes: memoryFreeBytes }, papers),
    };
  }

  /** Seconds a step in the newest finished run of the same shape. */
  async function fromRuns(key: string, runs: readonly StoredRun[], all: ReadonlyMap<string, StoredRun>) {
    for (const run of runs) {
      if (run.status !== 'done' || run.deleted || keyOf(run, all) !== key) continue;
      const [attempts, checkpoints] = await Promise.all([store.attempts(run.id), store.checkpoints(run.id)]);
      const spans = attempts.map(({ startedAt, lastSeenAt }) => ((lastSeenAt ?? startedAt) - startedAt) / 1000);
      const seconds = spans.reduce((sum, span) => sum + span, 0);
      const steps = run.steps ?? run.step;
      const checkpointBytes = checkpoints.at(-1)?.bytes ?? null;
      return {
        secondsPerStep: steps > 0 ? seconds / steps : 0,
        loadSeconds: steps > 0 ? 0 : seconds,
        steps,
        checkpointBytes,
      };
    }
    return null;
  }

  async function calibrate(given: RunConfig): Promise<Calibration> {
    const config = completeConfig(given, catalogue);
    const all = byId(await store.runs());
    const key = calibrationKey(config, subjectOf(config, all));
    const subject =
      config.kind === 'evaluate' ? await resolveSubject(store, config.subject, all, workspace.weights) : null;
    const job = { kind: 'calibrate' as const, config, cacheFolder: workspace.cache, subject };
    const { calibration } = await host.hold('calibrate', () => jobs.run(job, 'calibration'));
    await store.saveCalibration(key, JSON.stringify(calibration), options.now());
    return calibration;
  }

  return {
    estimate: async (config) => estimateOf(config, null, await known(await store.runs())),
    estimateAll: async (wanted, runs) => {
      const shared = await known(runs);
      return Promise.all(wanted.map(({ config, subject }) => estimateOf(config, subject, shared)));
    },
    calibrate,
  };
}

function warningsOf(
  estimate: Pick<Estimate, 'diskBytes' | 'diskFreeBytes' | 'memoryBytes' | 'memoryFreeBytes'>,
): readonly Fault[] {
  const { diskBytes, diskFreeBytes, memoryBytes, memoryFreeBytes } = estimate;
  const warnings: Fault[] = [];
  if (diskBytes !== null && diskFreeBytes !== null && diskBytes > diskFreeBytes)
    warnings.push({
      code: 'disk-full',
      message: `The run needs about ${mebibytes(diskBytes)} MiB of disk space, ${mebibytes(diskFreeBytes)} MiB are free.`,
      values: { needed: diskBytes, free: diskFreeBytes },
      retry: 'free-space',
    });
  if (memoryBytes !== null && memoryFreeBytes !== null && memoryBytes > memoryFreeBytes)
    warnings.push({
      code: 'out-of-memory',
      message: `The run needs about ${mebibytes(memoryBytes)} MiB of memory, ${mebibytes(memoryFreeBytes)} MiB are free.`,
      values: { needed: memoryBytes, free: memoryFreeBytes },
      retry: 'smaller-batch',
    });
  return warnings;
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
