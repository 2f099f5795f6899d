/** The shape of a run: runs of one shape have the same step time and share one calibration. */
import { createHash } from 'node:crypto';
import type { EvaluateConfig, RunConfig } from '../../../trainer/protocol/run.ts';
import type { StoredRun } from '../store/store.ts';

/** Hash of everything that affects the duration of a step, which excludes seeds, rates and lengths. */
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

function encoderOf(config: EvaluateConfig, subject: RunConfig | null): unknown {
  if (config.subject.kind === 'pixels') return 'pixels';
  if (config.subject.kind === 'random' || config.subject.kind === 'weights') return config.subject.encoder;
  return subject?.kind === 'pretrain' ? subject.encoders[config.subject.branch] : config.subject.run;
}

/** The configuration of the run under evaluation. */
export function subjectConfigOf(config: RunConfig, all: ReadonlyMap<string, StoredRun>): RunConfig | null {
  if (config.kind !== 'evaluate' || config.subject.kind !== 'run') return null;
  return all.get(config.subject.run)?.config ?? null;
}
