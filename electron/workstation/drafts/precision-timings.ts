/** How long a training step takes in each precision, measured once per machine, program and device. */
import { cpus } from 'node:os';
import * as v from 'valibot';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import type { FaultCode } from '../../../trainer/protocol/fault.ts';
import { PrecisionTimings } from '../../../trainer/protocol/hardware.ts';
import { precisionsOn, type Precision } from '../../../trainer/protocol/run.ts';
import type { Store } from '../store/store.ts';
import type { GpuBuilds } from '../machine/gpu-build.ts';
import type { SideJobs } from '../trainer/side-jobs.ts';
import type { TrainerHost } from '../trainer/trainer-host.ts';

/** Faults not caused by the device, which may be measured again later. */
export const sayNothing: ReadonlySet<FaultCode> = new Set(['busy', 'cancelled', 'locked']);

/**
 * Precisions that one process times. TensorFloat-32 is allowed or not for a whole process, which keeps the algorithms that cuDNN
 * chose for the first.
 */
const processesOn = (device: string): readonly (readonly Precision[])[] =>
  device === 'cpu' ? [precisionsOn(device)] : [precisionsOn(device).filter((one) => one !== 'tf32'), ['tf32']];

export interface MeasuringOptions {
  readonly store: Store;
  readonly host: TrainerHost;
  readonly jobs: SideJobs;
  readonly threads: () => number;
  readonly version: string;
  readonly gpuBuilds: Pick<GpuBuilds, 'settle' | 'inUse' | 'canUseGpu'>;
  /** False disables measuring, since another workstation may be training here. */
  readonly write: boolean;
  readonly now: () => number;
}

export interface MeasuredPrecisions {
  /** Everything that may affect which precision is fastest. */
  readonly keyOf: (device: string, gpus: readonly string[]) => string;
  /** As measured before; null: not measured. */
  readonly stored: (key: string) => Promise<PrecisionTimings | null>;
  /** As measured before, or now. */
  readonly on: (device: string, gpus: readonly string[]) => Promise<PrecisionTimings>;
  /** True if TensorFlow could not use the device in this session. */
  readonly isUnusable: (key: string) => boolean;
}

export function createMeasuredPrecisions(options: MeasuringOptions): MeasuredPrecisions {
  const { store, host, jobs } = options;
  /** Once per session and device, even on failure: a GPU that TensorFlow cannot use is not tried for every draft. */
  const asked = new Map<string, Promise<PrecisionTimings>>();
  /** Devices that TensorFlow could not use in this session, by their key. */
  const unusable = new Set<string>();

  function keyOf(device: string, gpus: readonly string[]): string {
    const name = device === 'cpu' ? cpus()[0]?.model : gpus[Number(device.slice(4))];
    return JSON.stringify({
      kind: 'precisions',
      device,
      name: name ?? '',
      threads: options.threads(),
      version: options.version,
      ...(options.gpuBuilds.inUse !== null && { build: options.gpuBuilds.inUse }),
    });
  }

  async function stored(key: string): Promise<PrecisionTimings | null> {
    const found = await store.calibration(key);
    return found === null ? null : v.parse(PrecisionTimings, JSON.parse(found.calibration));
  }

  async function measured(device: string, key: string): Promise<PrecisionTimings> {
    const known = await stored(key);
    if (known !== null) return known;
    if (!options.write) throw new FaultError('locked', 'The workspace is open for reading only.');
    const threads = options.threads();
    const timings = await host.hold('precisions', async () => {
      const found: PrecisionTimings['timings'] = [];
      for (const precisions of processesOn(device)) {
        const job = { kind: 'precisions' as const, device, threads, precisions: [...precisions] };
        found.push(...(await jobs.run(job, 'precisions')).precisions.timings);
      }
      return found;
    });
    const precisions: PrecisionTimings = { device, timings };
    await store.saveCalibration(key, JSON.stringify(precisions), options.now());
    return precisions;
  }

  async function on(device: string, gpus: readonly string[]): Promise<PrecisionTimings> {
    const key = keyOf(device, gpus);
    const known = asked.get(key);
    if (known !== undefined) return known;
    const found = measured(device, key);
    asked.set(key, found);
    found.catch((error: unknown) => {
      if (sayNothing.has(faultOf(error).code)) asked.delete(key);
      else unusable.add(key);
    });
    return found;
  }

  return { keyOf, stored, on, isUnusable: (key) => unusable.has(key) };
}
