/** Flattens configurations to paths and selects those in which runs differ. */
import { canonicalJson } from '../../../trainer/durable/canonical-json.ts';
import { resizingOf } from '../../../trainer/protocol/run.ts';
import { whenNotFiniteOf } from '../../../trainer/protocol/when-not-finite.ts';
import type { Comparison } from '../../api/comparison.ts';
import type { StoredRun } from '../store/store.ts';

/** `optimizer.options.rate` → text. Arrays of plain values stay whole. */
export function flatten(value: unknown, path = ''): readonly (readonly [string, string])[] {
  const isPlain = (item: unknown): boolean => typeof item !== 'object' || item === null;
  if (isPlain(value)) return [[path, typeof value === 'string' ? value : canonicalJson(value)]];
  if (Array.isArray(value) && value.every(isPlain)) return [[path, value.map((item) => String(item)).join(', ')]];
  return Object.entries(value as object)
    .filter(([, entry]) => entry !== undefined)
    .flatMap(([key, entry]) => flatten(entry, path === '' ? key : `${path}.${key}`));
}

/** Fields that always differ between runs, or do not affect training. */
const unimportant = new Set(['version', 'title', 'preset', 'kind']);

/** Compares the pretraining runs if there are at least two; otherwise the evaluations. */
export function differingParameters(runs: readonly Pick<StoredRun, 'id' | 'config'>[]): Comparison['parameters'] {
  const pretrained = runs.filter(({ config }) => config.kind === 'pretrain');
  const compared = pretrained.length > 1 ? pretrained : runs.filter(({ config }) => config.kind === 'evaluate');
  const flat = compared.map(({ id, config }) => ({
    id,
    values: new Map(flatten({ ...config, resizing: resizingOf(config), whenNotFinite: whenNotFiniteOf(config) })),
  }));
  const paths = [...new Set(flat.flatMap(({ values }) => [...values.keys()]))].filter((path) => !unimportant.has(path));
  return paths
    .filter((path) => new Set(flat.map(({ values }) => values.get(path))).size > 1)
    .map((path) => ({
      path,
      values: Object.fromEntries(
        flat.flatMap(({ id, values }) => {
          const value = values.get(path);
          return value === undefined ? [] : [[id, value] as const];
        }),
      ),
    }));
}
