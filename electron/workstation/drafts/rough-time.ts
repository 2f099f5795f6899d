/**
 * A first idea of the time a run takes, before anything of its shape was timed: its work by a table of usual speeds, corrected by what
 * this machine took for other work.
 */
import type { PrecisionTimings } from '../../../trainer/protocol/hardware.ts';
import { evaluatedRun, type Execution, type PretrainConfig, type RunConfig } from '../../../trainer/protocol/run.ts';
import { sample } from '../data/known-data.ts';
import type { Store, StoredDataset, StoredRun } from '../store/store.ts';
import { encoderMacs, roughWork, type ImagesOf, type RoughWork } from './rough-work.ts';

/** Multiply-accumulates a second that training reaches: of one thread of a processor, and of a data-centre GPU. */
const usualSpeeds = {
  cpuThread: 8e9,
  gpu: { float32: 5e12, tf32: 1e13, bfloat16: 2e13, float16: 2e13 },
} as const;
/** Starting the trainer and reading the data. */
const startSeconds = 5;
const secondsPerStep = { cpu: 0.003, gpu: 0.001 } as const;
/** Decoding and augmenting, on one thread. */
const secondsPerPixel = 1e-7;

/** Seconds by the table alone. */
export function usualSeconds({ macs, steps, pixels }: RoughWork, execution: Execution): number {
  const { device, precision, threads, loaderWorkers } = execution;
  const isOnGpu = device !== 'cpu';
  const speed = isOnGpu ? usualSpeeds.gpu[precision] : usualSpeeds.cpuThread * threads;
  const loading = (pixels * secondsPerPixel) / Math.max(1, loaderWorkers);
  return startSeconds + Math.max(macs / speed, loading) + steps * secondsPerStep[isOnGpu ? 'gpu' : 'cpu'];
}

/** Sizes of the published data sets, for plans whose data is not here: by the name of a plan's data, or its kind. */
const publishedImages: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  imagenet: { train: 1_281_167, val: 50_000 },
  places205: { train: 2_448_873, val: 20_500 },
  inaturalist18: { train: 437_513, val: 24_426 },
  voc07: { trainval: 5_011, test: 4_952 },
  'voc07+12': { trainval: 16_551, test: 4_952 },
  coco: { train: 117_266, val: 5_000 },
  'fashion-mnist': { train: 60_000, test: 10_000 },
  idx: { train: 60_000, test: 10_000 },
  sample: { train: sample.train, val: sample.val },
};

/** Images of a source: as inspected here, else as published. */
export function imagesIn(datasets: readonly StoredDataset[]): ImagesOf {
  return ({ fingerprint, path, dataset, split }: PretrainConfig['data']) => {
    const row = datasets.find((one) => one.fingerprint === fingerprint || one.path === path);
    const found = row?.inspection.splits.find((one) => one.split === split)?.images;
    if (found !== undefined) return found;
    const published = publishedImages[path.replace(/^\$/, '')] ?? publishedImages[dataset];
    return published?.[split] ?? null;
  };
}

/** Runs looked at for the speed of this machine, the newest. */
const mostRuns = 5;
/** Shorter ones say more of starting than of computing. */
const leastSeconds = 20;

export class RoughTimes {
  readonly #store: Store;
  readonly #timings: (device: string) => Promise<PrecisionTimings | null>;
  /** Seconds of work by run: of a finished one they never change. */
  readonly #taken = new Map<string, number>();

  /** @param timings the training step of a small network, as timed on a device of this machine before */
  constructor(store: Store, timings: (device: string) => Promise<PrecisionTimings | null>) {
    this.#store = store;
    this.#timings = timings;
  }

  /** Estimates in the surroundings of one request. */
  within(
    runs: readonly StoredRun[],
    all: ReadonlyMap<string, StoredRun>,
    datasets: readonly StoredDataset[],
  ): (config: RunConfig, evaluated: RunConfig | null) => Promise<number | null> {
    const imagesOf = imagesIn(datasets);
    const factors = new Map<string, Promise<number>>();
    const factorFor = (config: RunConfig): Promise<number> => {
      const { device, precision } = config.execution;
      const key = `${config.kind} ${device} ${precision}`;
      const found = factors.get(key) ?? this.#factor(config, runs, all, imagesOf);
      factors.set(key, found);
      return found;
    };
    return async (config, evaluated) => {
      const work = roughWork(config, evaluated, imagesOf);
      return work === null ? null : (await factorFor(config)) * usualSeconds(work, config.execution);
    };
  }

  /** By how much this machine differs from the table: from its own runs, else from the step that chooses the precision. */
  async #factor(
    { kind, execution }: RunConfig,
    runs: readonly StoredRun[],
    all: ReadonlyMap<string, StoredRun>,
    imagesOf: ImagesOf,
  ): Promise<number> {
    const { device, precision } = execution;
    const alike = runs.filter(
      ({ status, deleted, config }) =>
        status === 'done' && !deleted && config.execution.device === device && config.execution.precision === precision,
    );
    const sameKind = alike.filter(({ config }) => config.kind === kind);
    const factors: number[] = [];
    for (const run of [...sameKind, ...alike].slice(0, mostRuns)) {
      const { config } = run;
      const subject = all.get(evaluatedRun(config) ?? '')?.config;
      const work = roughWork(config, subject ?? null, imagesOf);
      const seconds = await this.#secondsOf(run.id);
      if (work !== null && seconds >= leastSeconds) factors.push(seconds / usualSeconds(work, config.execution));
    }
    return median(factors) ?? (await this.#factorOfStep(execution)) ?? 1;
  }

  async #secondsOf(run: string): Promise<number> {
    const known = this.#taken.get(run);
    if (known !== undefined) return known;
    const attempts = await this.#store.attempts(run);
    const seconds = attempts.reduce(
      (sum, { startedAt, lastSeenAt }) => sum + ((lastSeenAt ?? startedAt) - startedAt),
      0,
    );
    this.#taken.set(run, seconds / 1000);
    return seconds / 1000;
  }

  async #factorOfStep(execution: Execution): Promise<number | null> {
    const { device, precision } = execution;
    const timed = (await this.#timings(device))?.timings.find((one) => one.precision === precision)?.milliseconds;
    if (timed == null) return null;
    const isOnGpu = device !== 'cpu';
    const usual = usualSeconds({ macs: timedStepMacs(isOnGpu), steps: 1, pixels: 0 }, execution) - startSeconds;
    return timed / 1000 / usual;
  }
}

/** The step that is timed in every precision: `shapeOn` of the trainer's job. */
function timedStepMacs(isOnGpu: boolean): number {
  const { pairs, width } = isOnGpu ? { pairs: 256, width: 64 } : { pairs: 8, width: 32 };
  const encoder = { id: 'resnet-18', options: { stem: 'small', width } };
  const expander = width * 8 * 512 + 2 * 512 ** 2;
  return 2 * pairs * 3 * (encoderMacs(encoder, 32) + expander);
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}
