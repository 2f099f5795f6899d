/** Groups curves into charts, in reading order. */
import type { Metric } from '../../../trainer/protocol/catalogue.ts';
import { isPercentage } from './format.ts';

/** Names in reading order; a nested list shares one chart. Names that are not listed follow, each in its own chart. */
const order: readonly (readonly string[])[] = [
  ['loss'],
  ['objectness'],
  ['location'],
  ['classes'],
  ['boxes'],
  ['masks'],
  ['invariance'],
  ['variance'],
  ['covariance'],
  ['redundancy'],
  ['positiveSimilarity'],
  ['teacherDistance'],
  ['codeSpread'],
  ['clustersInUse'],
  ['embeddingStd', 'embeddingStdMin'],
  ['offDiagonalCovariance'],
  ['bagEntropy', 'meanBagEntropy'],
  ['effectiveRank'],
  ['featureCovariance'],
  ['lr'],
];

export interface MetricGroup {
  readonly id: string;
  readonly names: readonly string[];
  /** Recorded occasionally: drawn as dots. */
  readonly dots: boolean;
  /** In percent already. */
  readonly percent: boolean;
}

const isProbe = (name: string): boolean => /^(probe|knn)\b/.test(name);

export function groupsOf(metrics: readonly Pick<Metric, 'name' | 'unit'>[]): readonly MetricGroup[] {
  const units = new Map(metrics.map(({ name, unit }) => [name, unit]));
  const names = [...units.keys()];
  const known = order.map((group) => group.filter((name) => units.has(name))).filter((group) => group.length > 0);
  const taken = new Set(known.flat());
  const probes = names.filter((name) => isProbe(name) && !taken.has(name));
  const rest = names.filter((name) => !taken.has(name) && !isProbe(name));
  return [...known, ...(probes.length > 0 ? [probes] : []), ...rest.map((name) => [name])].map((group) => ({
    id: group[0]!,
    names: group,
    dots: group.some((name) => isProbe(name) || name === 'featureCovariance'),
    percent: group.every((name) => isPercentage(units.get(name)!)),
  }));
}
