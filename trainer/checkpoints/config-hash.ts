/** The hash of a run's configuration that every checkpoint carries. */
import { canonicalJson } from '../durable/canonical-json.ts';
import { sha256 } from '../durable/files.ts';
import type { RunConfig } from '../protocol/run.ts';

/** SHA-256 of what decides a run's numbers: not where its data lies, its title or how often it is saved. */
export function configHash(config: RunConfig): string {
  const { title: _title, preset: _preset, checkpoint: _checkpoint, execution, ...rest } = config;
  const { loaderWorkers: _workers, recompute: _recompute, ...arithmetic } = execution;
  const withoutPlaces = JSON.parse(JSON.stringify(rest), (_key, value: unknown) => {
    if (value === null || typeof value !== 'object' || !('fingerprint' in value) || !('path' in value)) return value;
    const { path: _path, ...source } = value;
    return source;
  }) as unknown;
  return sha256(canonicalJson({ config: withoutPlaces, execution: arithmetic }));
}
