/** Made-up runs, their progress, and what can be done with them. */
import type { Interrupted, Progress, RunColumns, RunRow } from '../../../electron/api/runs.ts';
import type { Fault } from '../../../trainer/protocol/fault.ts';
import { metricCurve } from './curves.ts';
import { detectorRun } from './detections.ts';
import { detailOf, log } from './run-detail.ts';
import { type FakeAnswers, type FakeWorld, minutes } from './world.ts';

const divergedRun = 'vicreg-lr-9';
const diverged: Fault = {
  code: 'diverged',
  message: 'Training diverged at step 96 (3 steps in a row are not finite: loss); 3 rollbacks did not help.',
  values: { step: 96, terms: 'loss' },
  retry: 'resume',
};

const row = (id: string, title: string, status: RunRow['status'], more: Partial<RunRow> = {}): RunRow => ({
  id,
  kind: 'pretrain',
  title,
  status,
  createdAt: minutes(200),
  startedAt: minutes(190),
  endedAt: null,
  queuePosition: null,
  waitsFor: null,
  method: 'vicreg',
  dataset: 'fashion-mnist',
  seed: 1,
  subject: null,
  plan: 'first',
  planKey: null,
  note: '',
  archived: false,
  tags: [],
  encoder: 'resnet-18 stem small',
  step: 0,
  steps: 744,
  safeStep: null,
  attempts: 1,
  diskBytes: 0,
  headline: null,
  fault: null,
  ...more,
});
const rows: readonly RunRow[] = [
  row('vicreg-small-1', 'VICReg', 'running', {
    planKey: 'vicreg',
    createdAt: minutes(30),
    startedAt: minutes(28),
    step: 412,
    safeStep: 390,
    attempts: 2,
    diskBytes: 48_200_000,
  }),
  row('vicreg-linear-1', 'VICReg, linear', 'queued', {
    kind: 'evaluate',
    subject: 'vicreg-small-1',
    planKey: 'vicreg-linear',
    createdAt: minutes(29),
    startedAt: null,
    steps: null,
    queuePosition: 1,
    waitsFor: { kind: 'run', run: 'vicreg-small-1' },
  }),
  row('no-variance-1', 'VICReg without the variance term', 'queued', {
    planKey: 'no-variance',
    createdAt: minutes(29),
    startedAt: null,
    queuePosition: 2,
    waitsFor: { kind: 'device', run: 'vicreg-small-1' },
  }),
  row('vicreg-wide-7', 'VICReg, expander 1024', 'interrupted', {
    seed: 7,
    plan: null,
    step: 1240,
    steps: 2340,
    safeStep: 1200,
    attempts: 1,
    diskBytes: 161_000_000,
    createdAt: minutes(900),
    startedAt: minutes(899),
    note: 'Wider expander, Table 12. Compare with 512.',
    tags: ['expander'],
  }),
  row('pixels-linear-1', 'Raw pixels, linear', 'done', {
    kind: 'evaluate',
    method: 'pixels',
    planKey: 'pixels-linear',
    step: 300,
    steps: 300,
    safeStep: 300,
    endedAt: minutes(180),
    diskBytes: 1_200_000,
    headline: { metric: 'top1', value: 84.32, unit: 'share' },
  }),
  row('random-linear-1', 'Random encoder, linear', 'done', {
    kind: 'evaluate',
    method: 'random',
    planKey: 'random-linear',
    step: 300,
    steps: 300,
    safeStep: 300,
    endedAt: minutes(170),
    diskBytes: 2_100_000,
    headline: { metric: 'top1', value: 76.49, unit: 'share' },
  }),
  row(detectorRun, 'VICReg, Faster R-CNN C4', 'done', {
    kind: 'evaluate',
    dataset: 'voc',
    plan: null,
    step: 24_000,
    steps: 24_000,
    safeStep: 24_000,
    createdAt: minutes(2000),
    startedAt: minutes(1999),
    endedAt: minutes(1600),
    diskBytes: 341_000_000,
    headline: { metric: 'ap50', value: 62.4, unit: 'percent' },
  }),
  row(divergedRun, 'VICReg, learning rate 0.1', 'interrupted', {
    seed: 9,
    plan: null,
    step: 96,
    safeStep: 60,
    diskBytes: 21_000_000,
    createdAt: minutes(1500),
    startedAt: minutes(1500),
    endedAt: minutes(1490),
    fault: diverged,
  }),
];

/** The runs that are not deleted, under their present titles. */
export function listRuns(world: FakeWorld): readonly RunRow[] {
  if (world.empty) return [];
  return rows
    .filter((one) => !world.gone.has(one.id))
    .map((one) => ({
      ...one,
      title: world.titles.get(one.id) ?? one.title,
      tags: world.tags.get(one.id) ?? one.tags,
      archived: world.archived.get(one.id) ?? one.archived,
      step: one.status === 'running' ? world.step : one.step,
    }));
}

function progressOf({ step }: FakeWorld): Progress {
  return {
    run: 'vicreg-small-1',
    phase: 'training',
    pausedBy: null,
    quietForMs: 8000,
    silentMs: 300,
    liveness: 'alive',
    step,
    steps: 744,
    epoch: step / 234,
    fraction: null,
    samplesPerSecond: 512.4,
    waitShare: 0.06,
    secondsLeft: (744 - step) * 0.5,
    secondsLeftSpread: 14,
    memoryBytes: 912_000_000,
    safeStep: 390,
    safeAt: minutes(2),
    device: 'cpu',
  };
}

/** Trains on and on, once a push. */
export function keepTraining(world: FakeWorld): void {
  setInterval(() => {
    world.step = world.step >= 740 ? 412 : world.step + 1;
    world.push('progress', progressOf(world));
  }, 700);
}

function columnsOf(listed: readonly RunRow[]): RunColumns {
  const trained = (value: number, other: number) =>
    listed.map(({ kind, plan }) => (kind === 'pretrain' ? (plan === null ? value : other) : null));
  return {
    runs: listed.map(({ id }) => id),
    settings: [
      { field: 'optimizer.options.rate', values: trained(0.1, 0.004) },
      { field: 'batch', values: trained(512, 256) },
    ],
    figures: [],
  };
}

const cutOff: readonly Interrupted[] = [
  {
    run: 'vicreg-wide-7',
    title: 'VICReg, expander 1024',
    step: 1240,
    safeStep: 1200,
    cause: 'trainer-killed',
    fault: null,
    whenNotFinite: null,
    changes: [{ field: 'dataset', theirs: 'a9c1e0d4', ours: '77b0c2ff' }],
  },
  {
    run: divergedRun,
    title: 'VICReg, learning rate 0.1',
    step: 96,
    safeStep: 60,
    cause: 'failed',
    fault: diverged,
    whenNotFinite: { policy: 'lower-rate' },
    changes: [],
  },
];

/** Requests about runs that change nothing here. */
const unchanged = {
  pauseRun: () => undefined,
  continueRun: () => undefined,
  recordsHeld: () => null,
  tryRecordsAgain: () => undefined,
  stopRun: () => undefined,
  resumeRun: () => undefined,
  checkpointNow: () => undefined,
  discardRun: () => undefined,
  noteRun: () => undefined,
  moveInQueue: () => undefined,
  undoCancel: () => undefined,
};

export function runAnswers(
  world: FakeWorld,
): FakeAnswers<
  | 'runs'
  | 'runColumns'
  | 'run'
  | 'metric'
  | 'log'
  | 'pauseRun'
  | 'continueRun'
  | 'recordsHeld'
  | 'tryRecordsAgain'
  | 'stopRun'
  | 'resumeRun'
  | 'checkpointNow'
  | 'discardRun'
  | 'renameRun'
  | 'noteRun'
  | 'archiveRun'
  | 'tagRun'
  | 'deleteRun'
  | 'undoDelete'
  | 'queue'
  | 'moveInQueue'
  | 'cancelQueued'
  | 'undoCancel'
  | 'importRun'
  | 'exportWeights'
  | 'interrupted'
  | 'progress'
> {
  return {
    ...unchanged,
    runs: () => listRuns(world),
    queue: () =>
      listRuns(world)
        .filter(({ status }) => status === 'queued')
        .map(({ id }, at) => ({ run: id, seconds: 90, isRough: at > 0, endsAt: minutes(-3 - at) })),
    cancelQueued: (runs) => ({ runs, order: runs }),
    runColumns: () => columnsOf(listRuns(world)),
    run: (id) => {
      const found = listRuns(world).find((one) => one.id === id) ?? rows[0]!;
      return { ...detailOf(found), folder: `/home/me/Reprise/runs/${id}` };
    },
    metric: (run, name) =>
      metricCurve(name, run === 'vicreg-small-1' ? world.step : (rows.find((one) => one.id === run)?.step ?? 400)),
    log: () => log,
    renameRun: (run, title) => {
      world.titles.set(run, title);
    },
    archiveRun: (run, archived) => {
      world.archived.set(run, archived);
    },
    tagRun: (run, tags) => {
      world.tags.set(run, tags);
    },
    deleteRun: (run) => {
      world.gone.add(run);
    },
    undoDelete: (run) => {
      world.gone.delete(run);
    },
    importRun: () => 'vicreg-small-1',
    exportWeights: (_of, format) => `/home/me/Reprise/runs/vicreg-small-1/exports/resnet-18.${format}`,
    interrupted: () => (world.empty ? [] : cutOff),
    progress: () => (world.empty ? [] : [progressOf(world)]),
  };
}
