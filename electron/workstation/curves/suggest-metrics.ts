/** Which of our metrics a curve of another program is, by the name it has there. */

/** Names of ours that others use for the same. */
const sameName = new Set([
  ...['loss', 'invariance', 'variance', 'covariance', 'redundancy', 'lr', 'positiveSimilarity', 'teacherDistance'],
  ...['embeddingStd', 'embeddingStdMin', 'offDiagonalCovariance', 'effectiveRank', 'probe/top1'],
]);

/**
 * What VICReg's official code, solo-learn, lightly, PyTorch Lightning and their like write. The terms of VICReg's loss are matched
 * as they are before their weights.
 */
const patterns: readonly (readonly [pattern: RegExp, metric: string])[] = [
  [/^(?:(?:total|train|vicreg|barlow|barlow_twins|simclr|nce|infonce|info_nce|contrastive|byol|ssl)_)*loss$/, 'loss'],
  [/^(?:sim|repr|inv|similarity|representation|invariance)_loss$|^invariance$/, 'invariance'],
  [/^(?:std|var|variance)_loss$|^variance$/, 'variance'],
  [/^(?:cov|covariance)_loss$|^covariance$/, 'covariance'],
  [/^(?:lr|learning_rate)(?:_(?:lars|sgd|adam|adamw|pg1|0))?$/, 'lr'],
  [/^(?:embedding|z)_std$/, 'embeddingStd'],
  [/^(?:val_)?knn_(?:acc|acc1|top1|accuracy)$/, 'probe/top1'],
];

/** Prefixes that say that a figure is of training, or which run of W&B it is of. */
const prefix = /^(?:.* - )?(?:(?:train|training|trainer|pretrain|metrics|losses)[/_.])*/;
/** PyTorch Lightning's, of a figure that it records in both ways. */
const suffix = /_(?:step|epoch)$/;

function suggestion(source: string): string | null {
  if (sameName.has(source)) return source;
  const name = source
    .toLowerCase()
    .replaceAll(/[\s-]+/g, (gap) => (gap === ' - ' ? gap : '_'))
    .replace(prefix, '')
    .replaceAll('/', '_')
    .replace(suffix, '');
  return patterns.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}

/** Of each curve the metric of ours, at most one curve for each; a curve of our own name goes before others. */
export function suggestMetrics(sources: readonly string[]): readonly (string | null)[] {
  const taken = new Set(sources.filter((source) => sameName.has(source)));
  return sources.map((source) => {
    const metric = suggestion(source);
    if (metric === null || metric === source) return metric;
    if (taken.has(metric)) return null;
    taken.add(metric);
    return metric;
  });
}
