/** Device and precision of a new run: the fastest measured for a training step on this machine. */
import { setTimeout as after } from 'node:timers/promises';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import type { PrecisionTimings } from '../../../trainer/protocol/hardware.ts';
import type { Execution, Precision } from '../../../trainer/protocol/run.ts';
import type { RequestHandler } from '../request-types.ts';
import { gpuCards } from '../machine/gpu-cards.ts';
import { createMeasuredPrecisions, sayNothing, type MeasuringOptions } from './precision-timings.ts';

/** Minimum speed-up that justifies the coarser rounding of a narrower type. */
const leastGain = 1.2;
/** bfloat16 before float16: it has the range of float32 and needs no loss scale. */
const narrower = ['bfloat16', 'tf32', 'float16'] as const;
/** A driver that takes longer to name its GPUs is not waited for by a form. */
const namedWithinMs = 400;

/** float32, unless a narrower type is worth it; float16 only if it is worth it beside bfloat16 too. */
export function preferredPrecision({ timings }: PrecisionTimings): Precision {
  const taken = (precision: Precision): number =>
    timings.find((one) => one.precision === precision)?.milliseconds ?? Infinity;
  return narrower.reduce<Precision>((best, low) => (taken(best) >= leastGain * taken(low) ? low : best), 'float32');
}

export interface DeviceChoice {
  readonly precisions: RequestHandler<'precisions'>;
  /** For a new run: the first working GPU, otherwise the CPU; and the precision preferred there. */
  readonly chosen: () => Promise<Execution>;
  /** The same from what was measured before; float32 where nothing was. Measures nothing, so that a form stands at once. */
  readonly standing: () => Promise<Execution>;
  /** Timings of each precision on a device, as measured before; null: not measured. */
  readonly timed: (device: string) => Promise<PrecisionTimings | null>;
  /** Result of `chosen`, if known without measuring. */
  readonly known: () => Execution | null;
}

export interface DeviceChoiceOptions extends MeasuringOptions {
  readonly complain: (line: string) => void;
}

export function createDeviceChoice(options: DeviceChoiceOptions): DeviceChoice {
  const { complain, gpuBuilds } = options;
  const measured = createMeasuredPrecisions(options);
  let last: Execution | null = null;
  /** By build of TensorFlow; asked for once, where a driver that comes or goes within a session does not matter. */
  const names = new Map<string | null, Promise<readonly string[]>>();

  async function placedOn(device: string, gpus: readonly string[]): Promise<Precision | null> {
    try {
      return preferredPrecision(await measured.on(device, gpus));
    } catch (error) {
      const { code, message } = faultOf(error);
      if (sayNothing.has(code)) return 'float32';
      complain(`${device} was not measured: ${message}`);
      return null;
    }
  }

  /** Those that TensorFlow may compute on: none by the build for processors. */
  async function gpuNames(): Promise<readonly string[]> {
    await gpuBuilds.settle();
    const [canUse, cards] = await Promise.all([gpuBuilds.canUseGpu(), gpuCards()]);
    return canUse ? cards.map(({ name }) => name) : [];
  }
  const namesHere = (): Promise<readonly string[]> =>
    gpuNames().catch((error: unknown) => {
      complain(faultOf(error).message);
      return [];
    });
  async function namesOnce(): Promise<readonly string[]> {
    await gpuBuilds.settle();
    const build = gpuBuilds.inUse;
    const known = names.get(build) ?? namesHere();
    names.set(build, known);
    return known;
  }
  const usual = { engine: 'traced', chunk: null, recompute: false } as const;
  function onCpu(precision: Precision): Execution {
    return { ...usual, threads: options.threads(), device: 'cpu', precision, loaderWorkers: 1 };
  }
  /** The CPU only has to decode. */
  function onGpu(precision: Precision): Execution {
    const threads = options.threads();
    return { ...usual, threads, device: 'gpu:0', precision, loaderWorkers: Math.max(1, threads - 1) };
  }

  return {
    precisions: async (device) => {
      const found = await measured.on(device, device === 'cpu' ? [] : await gpuNames());
      return { timings: found.timings, preferred: preferredPrecision(found), leastGain };
    },
    known: () => last,
    timed: async (device) => measured.stored(measured.keyOf(device, device === 'cpu' ? [] : await namesOnce())),
    standing: async () => {
      const gpus = await Promise.race([namesHere(), after(namedWithinMs, [], { ref: false })]);
      const key = measured.keyOf('gpu:0', gpus);
      const isOnGpu = gpus.length > 0 && !measured.isUnusable(key);
      const found = await measured.stored(isOnGpu ? key : measured.keyOf('cpu', gpus));
      const precision = found === null ? 'float32' : preferredPrecision(found);
      return isOnGpu ? onGpu(precision) : onCpu(precision);
    },
    chosen: async () => {
      const gpus = await namesHere();
      const onFirst = gpus.length === 0 ? null : await placedOn('gpu:0', gpus);
      last = onFirst === null ? onCpu((await placedOn('cpu', gpus)) ?? 'float32') : onGpu(onFirst);
      return last;
    },
  };
}
