/**
 * Ways to fit a pretraining into the available memory: fewer samples at once, or a smaller batch with the paper's rate
 * for it.
 */
import type { Paper } from '../../../trainer/protocol/paper.ts';
import type { RunConfig } from '../../../trainer/protocol/run.ts';
import type { Estimate } from '../../api/drafts.ts';

type Fit = Estimate['fits'][number];

/** Weights, momenta and gradients: 1.5 times a checkpoint, which has the first two. */
const stateShare = 1.5;
/** The program and its libraries without data; on a GPU, those of CUDA. */
const programBytes = 512 << 20;
const fewestAtOnce = 2;

interface Known {
  /** Measured, for the whole batch. */
  readonly memoryBytes: number;
  readonly checkpointBytes: number;
  readonly freeBytes: number;
}

/** The rest of the measured memory is assumed proportional to the samples processed at once. */
export function fitsOf(
  config: RunConfig,
  { memoryBytes, checkpointBytes, freeBytes }: Known,
  papers: readonly Paper[],
): readonly Fit[] {
  if (config.kind !== 'pretrain' || memoryBytes <= freeBytes) return [];
  const { batch, method, execution, optimizer, dropLast } = config;
  const atOnce = execution.chunk ?? batch;
  const fixed = Math.min(memoryBytes, stateShare * checkpointBytes + programBytes);
  const needed = (samples: number): number => Math.round(fixed + ((memoryBytes - fixed) * samples) / atOnce);
  const fits = (samples: number): boolean => needed(samples) <= freeBytes;

  const found: Fit[] = [];
  if (execution.engine === 'traced' && dropLast) {
    let chunk = atOnce;
    while (!fits(chunk) && chunk % 2 === 0 && chunk / 2 >= fewestAtOnce) chunk /= 2;
    if (chunk < atOnce && fits(chunk)) found.push({ kind: 'chunk', value: chunk, memoryBytes: needed(chunk) });
  }
  // A base rate scales with the batch.
  const rates = 'baseRate' in optimizer.options ? ratesOf(papers, method.id) : [];
  const [largest] = rates
    .filter((rate) => rate.batch < batch && rate.batch <= atOnce && fits(rate.batch))
    .sort((one, other) => other.batch - one.batch);
  if (largest !== undefined) {
    const { batch: value, baseRate, where } = largest;
    found.push({ kind: 'batch', value, baseRate, where, memoryBytes: needed(value) });
  }
  return found;
}

/** Base rates that the papers' figures for a batch were made with. */
function ratesOf(
  papers: readonly Paper[],
  method: string,
): readonly { readonly batch: number; readonly baseRate: number; readonly where: string }[] {
  const cells = papers.flatMap((paper) => paper.cells).filter((cell) => cell.method === method);
  return cells.flatMap(({ setting: { batch }, change = [] }) => {
    const rate = change.find(({ path }) => path === 'optimizer.options.baseRate');
    if (batch === undefined || typeof rate?.value !== 'number') return [];
    return [{ batch, baseRate: rate.value, where: rate.source }];
  });
}
