/** What a healthy training keeps to, whatever its method: figures that it records, and a limit each stays on one side of. */

export interface Sign {
  /** Name under which the figure is recorded. */
  readonly metric: string;
  readonly limit: number;
  /** On which side of the limit the trouble lies. */
  readonly trouble: 'below' | 'above';
  /** Of the line of the log that says so. */
  readonly code: string;
  /** The same for who reads the log as it is. */
  readonly text: string;
}

/** Mean standard deviation of the embedding over the batch. */
export const embeddingStd = 'embeddingStd';

/**
 * A method is watched by those signs whose figures it records. VICReg's variance term asks every dimension for a standard
 * deviation of 1, and directions that point everywhere have 1; an encoder that maps everything to one point has 0. All rows on
 * one line have an effective rank of 1. Codes that lie on all prototypes alike are what SwAV's loss of ln K means.
 */
export const signs: readonly Sign[] = [
  {
    metric: embeddingStd,
    limit: 0.1,
    trouble: 'below',
    code: 'collapse-suspected',
    text: 'Possible collapse: the standard deviation of the embedding is close to 0.',
  },
  {
    metric: 'effectiveRank',
    limit: 1.5,
    trouble: 'below',
    code: 'rank-lost',
    text: 'The embeddings span little more than one dimension.',
  },
  {
    metric: 'codeSpread',
    limit: 0.98,
    trouble: 'above',
    code: 'codes-alike',
    text: 'The codes are nearly uniform over the prototypes.',
  },
  {
    metric: 'clustersInUse',
    limit: 1.5,
    trouble: 'below',
    code: 'one-cluster',
    text: 'Nearly all images are in one cluster.',
  },
  {
    metric: 'meanBagEntropy',
    limit: 0.1,
    trouble: 'below',
    code: 'one-word',
    text: 'Nearly all images are assigned the same visual word.',
  },
];

export function isTroubled({ limit, trouble }: Sign, value: number): boolean {
  return trouble === 'below' ? value < limit : value > limit;
}
