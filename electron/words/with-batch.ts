/** The options of an evaluator whose schedule is counted in steps, for another batch. */
import type { Catalogue } from '../../trainer/protocol/catalogue.ts';
import type { Options, OptionValue } from '../../trainer/protocol/options.ts';

type Scaling = NonNullable<Catalogue['evaluators'][number]['withBatch']>;

/** Rates are chosen by a few digits. */
const significant = 6;

function times(value: OptionValue | undefined, factor: number, isCount: boolean): OptionValue | undefined {
  const one = (number: number): number =>
    isCount ? Math.round(number * factor) : Number((number * factor).toPrecision(significant));
  if (typeof value === 'number') return one(value);
  return Array.isArray(value) ? value.map((part) => (typeof part === 'number' ? one(part) : part)) : value;
}

/** `options` with a batch of `batch` and what follows from it; as many images are seen as before. */
export function withBatchOf(options: Options, batch: number, { grow, shrink }: Scaling): Options {
  const before = options['batch'];
  if (typeof before !== 'number' || !(before > 0) || !(batch > 0)) return { ...options, batch };
  const changed: Record<string, OptionValue> = { ...options, batch };
  for (const [keys, factor, isCount] of [
    [grow, batch / before, false],
    [shrink, before / batch, true],
  ] as const)
    for (const key of keys) {
      const value = times(options[key], factor, isCount);
      if (value !== undefined) changed[key] = value;
    }
  return changed;
}
