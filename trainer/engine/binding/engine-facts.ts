import type { GraphicsCard } from '../../protocol/graphics-card.ts';

/** Everything besides the configuration that determines the last bits of a result; recorded with every run. */
export interface EngineFacts {
  readonly device: string;
  readonly threads: number;
  readonly instructionSet: string;
  /** By name; on a GPU also `gpu`, the card with its compute capability, `driver`, `cuda` and `cudnn`. */
  readonly versions: Readonly<Record<string, string>>;
  /** The GPU, null on a processor. */
  readonly card: GraphicsCard | null;
}

/** What a checkpoint keeps of them, to be compared when the run goes on. */
export interface Arithmetic {
  readonly instructionSet: string;
  readonly tensorflow: string;
  /** Count of the engine's own changes to its sums. */
  readonly arithmetic: string;
  /** The last three of a run on a GPU: each chooses its own algorithms. */
  readonly gpu?: string;
  readonly cuda?: string;
  readonly cudnn?: string;
}

export function arithmeticOf({ instructionSet, versions }: EngineFacts): Arithmetic {
  const { tensorflow = 'unknown', arithmetic = 'unknown', gpu, cuda = 'unknown', cudnn = 'unknown' } = versions;
  const found = { instructionSet, tensorflow, arithmetic };
  return gpu === undefined ? found : { ...found, gpu, cuda, cudnn };
}
