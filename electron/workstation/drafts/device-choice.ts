/** Device and precision of a new run: the fastest measured for a training step on this machine. */
import { cpus } from 'node:os';
import * as v from 'valibot';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import type { FaultCode } from '../../../trainer/protocol/fault.ts';
import { PrecisionTimings } from '../../../trainer/protocol/hardware.ts';
import type { Execution, Precision } from '../../../trainer/protocol/run.ts';
import type { RequestHandler } from '../request-types.ts';
import { gpuNames } from '../machine/gpu-names.ts';
import type { SideJobs } from '../trainer/side-jobs.ts';
import type { Store } from '../store/store.ts';
import type { TrainerHost } from '../trainer/trainer-host.ts';

/** Minimum speed-up that justifies the coarser rounding of a narrower type. */
const leastGain = 1.2;
/** bfloat16 first: it has the range of float32 and needs no loss scale. */
const narrower = ['bfloat16', 'float16'] as const;
/** Faults not caused by the device, which may be measured again later. */
const sayNothing: ReadonlySet<FaultCode> = new Set(['busy', 'cancelled', 'locked']);

/** The first narrower type that is worth it, else float32. */
export function preferredPrecision({ timings }: PrecisionTimings): Precision {
  const taken = (precision: Precision): number =>
    timings.find((one) => one.precision === precision)?.milliseconds ?? Infinity;
  return narrower.find((low) => taken('float32') >= leastGain * taken(low)) ?? 'float32';
}

export interface DeviceChoice {
  readonly precisions: RequestHandler<'precisions'>;
  /** For a new run: the first working GPU, otherwise the CPU; and the precision preferred there. */
  readonly chosen: () => Promise<Execution>;
  /** Result of `chosen`, if known without measuring. */
  readonly known: () => Execution | null;
}

export interface DeviceChoiceOptions {
  readonly store: Store;
  readonly host: TrainerHost;
  readonly jobs: SideJobs;
  readonly threads: () => number;
  readonly version: string;
  /** False disables measuring, since another workstation may be training here. */
  readonly write: boolean;
  readonly now: () => number;
  readonly complain: (line: string) => void;
}

export function createDeviceChoice(options: DeviceChoiceOptions): DeviceChoice {
  const { store, host, jobs, complain } = options;
  /** Once per session and device, even on failure: a GPU that TensorFlow cannot use is not tried for every draft. */
  const asked = new Map<string, Promise<PrecisionTimings>>();
  let last: Execution | null = null;

  /** Everything that may affect which precision is fastest. */
  function keyOf(device: string, gpus: readonly string[]): string {
    const name = device === 'cpu' ? cpus()[0]?.model : gpus[Number(device.slice(4))];
    return JSON.stringify({
      kind: 'precisions',
      device,
      name: name ?? '',
      threads: options.threads(),
      version: options.version,
    });
  }

  async function measured(device: string, key: string): Promise<PrecisionTimings> {
    const stored = await store.calibration(key);
    if (stored !== null) return v.parse(PrecisionTimings, JSON.parse(stored.calibration));
    if (!options.write) throw new FaultError('locked', 'The workspace is open for reading only.');
    const job = { kind: 'precisions' as const, device, threads: options.threads() };
    const { precisions } = await host.hold('precisions', () => jobs.run(job, 'precisions'));
    await store.saveCalibration(key, JSON.stringify(precisions), options.now());
    return precisions;
  }

  async function timings(device: string, gpus: readonly string[]): Promise<PrecisionTimings> {
    const key = keyOf(device, gpus);
    const known = asked.get(key);
    if (known !== undefined) return known;
    const found = measured(device, key);
    asked.set(key, found);
    found.catch((error: unknown) => {
      if (sayNothing.has(faultOf(error).code)) asked.delete(key);
    });
    return found;
  }

  async function placedOn(device: string, gpus: readonly string[]): Promise<Precision | null> {
    try {
      return preferredPrecision(await timings(device, gpus));
    } catch (error) {
      const { code, message } = faultOf(error);
      if (sayNothing.has(code)) return 'float32';
      complain(`${device} was not measured: ${message}`);
      return null;
    }
  }

  return {
    precisions: async (device) => {
      const found = await timings(device, device === 'cpu' ? [] : await gpuNames());
      return { timings: found.timings, preferred: preferredPrecision(found), leastGain };
    },
    known: () => last,
    chosen: async () => {
      const gpus = await gpuNames().catch((error: unknown) => {
        complain(faultOf(error).message);
        return [];
      });
      const onGpu = gpus.length === 0 ? null : await placedOn('gpu:0', gpus);
      const rest = { engine: 'traced', chunk: null, recompute: false, threads: options.threads() } as const;
      last =
        onGpu === null
          ? { ...rest, device: 'cpu', precision: (await placedOn('cpu', gpus)) ?? 'float32', loaderWorkers: 1 }
          : // The CPU only has to decode.
            { ...rest, device: 'gpu:0', precision: onGpu, loaderWorkers: Math.max(1, options.threads() - 1) };
      return last;
    },
  };
}
