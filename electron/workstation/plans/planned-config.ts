/** Turns the configurations of a plan into those of runs on this machine. */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { PlannedRun } from '../../../trainer/protocol/plan.ts';
import type { RunConfig } from '../../../trainer/protocol/run.ts';
import type { ImportedWeights } from '../../../trainer/protocol/weights.ts';
import { withSources } from '../data/sources.ts';
import { subjectOf } from '../drafts/evaluated-encoder.ts';

/** What of a plan's names is here. */
export interface FoundHere {
  readonly folders: ReadonlyMap<string, string>;
  readonly weights: ReadonlyMap<string, ImportedWeights>;
}

/** Replaces `$name` in a planned path by the folder on this machine. */
export function withData(
  config: RunConfig,
  found: ReadonlyMap<string, { readonly path: string; readonly fingerprint?: string }>,
): RunConfig {
  return withSources(config, (source) => {
    const data = source.path.startsWith('$') ? found.get(source.path.slice(1)) : undefined;
    if (data === undefined) return source;
    return { ...source, path: data.path, ...(data.fingerprint === undefined ? {} : { fingerprint: data.fingerprint }) };
  });
}

/** Name of the weights that a planned run evaluates, where the plan names them. */
export function plannedWeights(config: RunConfig): string | null {
  if (config.kind !== 'evaluate' || config.subject.kind !== 'weights') return null;
  const { weights } = config.subject;
  return weights.startsWith('$') ? weights.slice(1) : null;
}

/** Replaces `$name` of a planned subject by the weights of this workspace. */
export function withWeights(config: RunConfig, found: ReadonlyMap<string, ImportedWeights>): RunConfig {
  const name = plannedWeights(config);
  const weights = name === null ? undefined : found.get(name);
  return config.kind !== 'evaluate' || weights === undefined ? config : { ...config, subject: subjectOf(weights) };
}

/** Replaces the key of a planned run by the id of the run it became. */
export function withSubject(config: RunConfig, ids: ReadonlyMap<string, string>): RunConfig {
  if (config.kind !== 'evaluate' || config.subject.kind !== 'run') return config;
  const run = ids.get(config.subject.run);
  if (run === undefined)
    throw new FaultError('internal', `The plan evaluates "${config.subject.run}", which it does not have before it.`);
  return { ...config, subject: { ...config.subject, run } };
}

/** The planned configuration of the run that an evaluation evaluates, if that run is in the plan. */
export function subjectConfig(config: RunConfig, planned: readonly PlannedRun[]): RunConfig | null {
  if (config.kind !== 'evaluate' || config.subject.kind !== 'run') return null;
  const { run } = config.subject;
  return planned.find((other) => other.key === run)?.config ?? null;
}

/** Substitutes a random encoder for one that is not trained yet: an evaluation takes the same time with any weights. */
export function withRandomSubject(config: RunConfig, subject: RunConfig | null): RunConfig {
  if (config.kind !== 'evaluate' || config.subject.kind !== 'run' || subject?.kind !== 'pretrain') return config;
  const encoder = subject.encoders[config.subject.branch] ?? subject.encoders[0];
  return { ...config, subject: { kind: 'random', encoder, seed: config.seed } };
}
