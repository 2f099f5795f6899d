/** The page of a made-up run. */
import type { AttemptRow, CheckpointRow, LogLine, ResultRow, RunDetail, RunRow } from '../../../electron/api/runs.ts';
import { metrics } from './curves.ts';
import { draftFrom, presets } from './drafts.ts';
import { detectorResults, detectorRun } from './detections.ts';
import { minutes, now } from './world.ts';

function attemptsOf(run: RunRow): readonly AttemptRow[] {
  if (run.startedAt === null) return [];
  const first: AttemptRow = {
    attempt: 1,
    fromStep: 0,
    startedAt: run.startedAt,
    lastSeenAt: minutes(14),
    lastStep: 268,
    ended: run.attempts > 1 ? 'lost' : run.status === 'done' ? 'done' : null,
    fault: null,
  };
  const second: AttemptRow = {
    attempt: 2,
    fromStep: 220,
    startedAt: minutes(13),
    lastSeenAt: now,
    lastStep: null,
    ended: null,
    fault: null,
  };
  return run.attempts > 1 ? [first, second] : [first];
}

const checkpoints: readonly CheckpointRow[] = [120, 220, 300, 390].map((at) => ({
  attempt: 1,
  step: at,
  epoch: at / 234,
  folder: `checkpoints/000${at}`,
  bytes: 16_100_000,
  at: minutes(20 - at / 30),
  reason: 'time',
  present: at > 120,
}));

function resultsOf(run: RunRow): readonly ResultRow[] {
  if (run.kind !== 'evaluate' || run.status !== 'done') return [];
  if (run.id === detectorRun) return detectorResults;
  return (['top1', 'top5'] as const).map((metric) => ({
    evaluator: 'linear',
    dataset: 'fashion-mnist',
    split: 'test',
    metric,
    unit: 'share' as const,
    value: metric === 'top1' ? (run.headline?.value ?? 80) : 99.1,
    n: 10_000,
    which: 'last' as const,
    ...(metric === 'top1' ? { predictions: 'results/linear-top1-last.predictions.bin.gz' } : {}),
    fingerprint: 'fashion',
    epoch: 15,
    withoutCopies:
      metric === 'top1' ? { images: 26, value: (run.headline?.value ?? 80) - 0.1, splits: ['train'] } : null,
    protocol: { epochs: 15, inputs: 'features' },
  }));
}

const holds: RunDetail['holds'] = [
  { part: 'encoder', tensors: 100, bytes: 2_809_152 },
  { part: 'teacher', tensors: 107, bytes: 5_995_840 },
  { part: 'queue', tensors: 1, bytes: 2_097_152 },
  { part: 'optimizer', tensors: 140, bytes: 7_720_832 },
];

const signs: RunDetail['signs'] = [
  { metric: 'embeddingStd', limit: 0.1, trouble: 'below', code: 'collapse-suspected', text: 'No spread.' },
];

const marks: RunDetail['marks'] = [
  { step: 120, kind: 'checkpoint', text: 'time' },
  { step: 220, kind: 'checkpoint', text: 'time' },
  { step: 220, kind: 'resume', text: '2' },
  { step: 268, kind: 'interrupted', text: 'lost' },
  { step: 300, kind: 'checkpoint', text: 'time' },
  { step: 390, kind: 'checkpoint', text: 'time' },
];

export function detailOf(run: RunRow): RunDetail {
  const isTrained = run.kind === 'pretrain' && run.status !== 'queued';
  return {
    row: run,
    config: draftFrom(presets[0]!, run.seed),
    folder: `/home/me/Reprise/runs/${run.id}`,
    attempts: attemptsOf(run),
    checkpoints: isTrained ? checkpoints : [],
    results: resultsOf(run),
    metrics: isTrained ? metrics : [],
    spectrum: isTrained ? [2, 4, 8, 16, 32, 64].map((rank) => ({ rank, name: `spectrum-${rank}` })) : [],
    holds: isTrained ? holds : [],
    leftOut: { images: 0, reasons: [] },
    signs: isTrained ? signs : [],
    hello: {
      device: 'CPU',
      threads: 2,
      instructionSet: 'AVX2 FMA',
      versions: { node: '22.23.3', tensorflow: '2.21.0' },
    },
    marks: isTrained ? marks : [],
  };
}

export const log: readonly LogLine[] = [
  { at: minutes(13), level: 'attention', code: 'torn-event', text: '', values: {} },
  {
    at: minutes(12),
    level: 'info',
    code: 'data-opened',
    text: 'Opened 60,000 images of the training split.',
    values: {},
  },
  { at: minutes(2), level: 'info', code: 'saved', text: 'Checkpoint of step 390 saved in 0.4 s.', values: {} },
];
