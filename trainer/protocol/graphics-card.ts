/** NVIDIA GPUs as `nvidia-smi` describes them, and what TensorFlow's build for GPUs needs of each. */
import type { Fault } from './fault.ts';

export interface GraphicsCard {
  readonly name: string;
  /** CUDA's version of its instructions, as "9.0". */
  readonly capability: string;
  readonly driver: string;
  /** Null where the driver does not tell. */
  readonly memoryTotalBytes: number | null;
  readonly memoryUsedBytes: number | null;
}

/** Arguments of `nvidia-smi`; `cardsOf` reads what it prints. */
export const cardQuery: readonly string[] = [
  '--query-gpu=index,uuid,name,compute_cap,driver_version,memory.total,memory.used',
  '--format=csv,noheader,nounits',
];

/** "[N/A]" and "[Not Supported]" are unknown, not zero. */
function bytesOf(mebibytes: string): number | null {
  return /^\d+$/.test(mebibytes) ? Number(mebibytes) * 2 ** 20 : null;
}

/**
 * The cards in CUDA's order by bus: `gpu:0` is the first.
 *
 * @param visible CUDA_VISIBLE_DEVICES: numbers or beginnings of UUIDs, up to the first that names no card; undefined: all. An
 * instance of a divided card (MIG) is described by no line, so all cards are given then.
 */
export function cardsOf(printed: string, visible: string | undefined): readonly GraphicsCard[] {
  const found = printed.split('\n').flatMap((line) => {
    const [index, uuid, name, capability, driver, total, used, ...more] = line.split(',').map((cell) => cell.trim());
    if (used === undefined || more.length > 0 || !/^\d+$/.test(index!)) return [];
    const memory = { memoryTotalBytes: bytesOf(total!), memoryUsedBytes: bytesOf(used) };
    const card: GraphicsCard = { name: name!, capability: capability!, driver: driver!, ...memory };
    return [{ index: index!, uuid: uuid!, card }];
  });
  if (visible === undefined || visible.includes('MIG')) return found.map(({ card }) => card);
  const cards: GraphicsCard[] = [];
  for (const asked of visible.split(',').map((one) => one.trim())) {
    const named = found.find(
      ({ index, uuid }) => index === asked || (asked.startsWith('GPU-') && uuid.startsWith(asked)),
    );
    if (named === undefined) break;
    cards.push(named.card);
  }
  return cards;
}

/** Of a version or a capability, its first two numbers as one that can be compared. */
function ordinal(version: string): number {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major * 1000 + minor;
}

/**
 * The least driver for a card, from the contents of TensorFlow 2.21's build for CUDA 12.5 and NVIDIA's tables; not tested on
 * cards. Up to 8.9 the build has machine code, for which the driver of CUDA 12.0 suffices. For 9.0 most of its parts are PTX 8.5,
 * which drivers translate from CUDA 12.5's on. Newer cards are known to drivers from CUDA 12.8's on.
 */
const leastDrivers: readonly (readonly [capability: string, driver: string])[] = [
  ['10.0', '570'],
  ['9.0', '555'],
  ['0.0', '525.60'],
];
/** From Blackwell on; public reports of CUDA_ERROR_INVALID_PTX with TensorFlow of about this version. */
const firstUnknown = '10.0';

/** True if TensorFlow can compute float32 products in TensorFloat-32 on this card: Ampere and newer. */
export const hasTensorFloat32 = ({ capability }: Pick<GraphicsCard, 'capability'>): boolean =>
  ordinal(capability) >= ordinal('8.0');

/** What may keep a card from computing, to be told before it is used; it is tried all the same. */
export function concernsOf({ name, capability, driver }: GraphicsCard): readonly Fault[] {
  const concerns: Fault[] = [];
  const of = { name, capability };
  const [, least = ''] = leastDrivers.find(([from]) => ordinal(capability) >= ordinal(from)) ?? [];
  if (ordinal(driver) < ordinal(least))
    concerns.push({
      code: 'old-driver',
      message:
        `${name} has driver ${driver}, and this build of TensorFlow needs at least ${least} for compute capability ` +
        `${capability}, as far as its files tell: update the driver.`,
      values: { ...of, driver, least },
    });
  if (ordinal(capability) >= ordinal(firstUnknown))
    concerns.push({
      code: 'unmeasured-gpu',
      message:
        `${name} (compute capability ${capability}) is newer than this build of TensorFlow, which has no code of its own for ` +
        'it. Such cards are unmeasured, and errors of the driver with them have been reported: let the doctor try it first.',
      values: of,
    });
  return concerns;
}
