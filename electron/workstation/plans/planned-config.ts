/** Configurations as a plan holds them, made those of runs on this machine. */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { PlannedRun } from '../../../trainer/protocol/plan.ts';
import type { RunConfig } from '../../../trainer/protocol/run.ts';
import { withSources } from '../data/sources.ts';

/** `$name` in a planned path becomes the folder on this machine. */
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

/** The key of a planned run becomes the id of the run it was made into. */
export function withSubject(config: RunConfig, ids: ReadonlyMap<string, string>): RunConfig {
  if (config.kind !== 'evaluate' || config.subject.kind !== 'run') return config;
  const run = ids.get(config.subject.run);
  if (run === undefined)
    throw new FaultError('internal', `The plan evaluates "${config.subject.run}", which it does not have before it.`);
  return { ...config, subject: { ...config.subject, run } };
}

/** The planned configuration of what an evaluation looks at, where that is a run of the plan. */
export function subjectConfig(config: RunConfig, planned: readonly PlannedRun[]): RunConfig | null {
  if (config.kind !== 'evaluate' || config.subject.kind !== 'run') return null;
  const { run } = config.subject;
  return planned.find((other) => other.key === run)?.config ?? null;
}

/** What an evaluation costs does not depend on what the weights have learned: a random encoder stands in for one not trained yet. */
export function withRandomSubject(config: RunConfig, subject: RunConfig | null): RunConfig {
  if (config.kind !== 'evaluate' || config.subject.kind !== 'run' || subject?.kind !== 'pretrain') return config;
  const encoder = subject.encoders[config.subject.branch] ?? subject.encoders[0];
  return { ...config, subject: { kind: 'random', encoder, seed: config.seed } };
}
