/** What the machine is and does; every number says where it was read. Unknown is null, never 0. */
import * as v from 'valibot';
import { precisions } from './run.ts';

const reading = v.strictObject({ value: v.nullable(v.number()), source: v.string() });
export const Reading = reading;
export type Reading = v.InferOutput<typeof Reading>;

export const DeviceReading = v.strictObject({
  id: v.string(),
  name: v.string(),
  kind: v.picklist(['cpu', 'gpu']),
  /** 0 to 100. */
  usePercent: reading,
  memoryUsedBytes: reading,
  memoryTotalBytes: reading,
  temperatureCelsius: reading,
  powerWatts: reading,
});
export type DeviceReading = v.InferOutput<typeof DeviceReading>;

export const HardwareReading = v.strictObject({
  at: v.number(),
  devices: v.array(DeviceReading),
  diskFreeBytes: reading,
  diskTotalBytes: reading,
  trainerMemoryBytes: reading,
});
export type HardwareReading = v.InferOutput<typeof HardwareReading>;

/** The device that really executed a matrix product, and its speed. */
export const DeviceProbe = v.strictObject({
  device: v.string(),
  executedOn: v.string(),
  gigaflops: v.number(),
  milliseconds: v.number(),
  size: v.number(),
  tensorflow: v.string(),
  threads: v.number(),
  instructionSet: v.string(),
  /** Of the time in which one thread asked for a whole core, how much it got: 0 to 1. */
  processorShare: v.number(),
});
export type DeviceProbe = v.InferOutput<typeof DeviceProbe>;

/** How long the same training step takes in each precision on one device. */
export const PrecisionTimings = v.strictObject({
  device: v.string(),
  timings: v.array(
    v.strictObject({
      precision: v.picklist(precisions),
      /** Null where the device cannot compute in it; `refusal` says why. */
      milliseconds: v.nullable(v.number()),
      refusal: v.nullable(v.string()),
    }),
  ),
});
export type PrecisionTimings = v.InferOutput<typeof PrecisionTimings>;

/** One line of the doctor: the window and the terminal word it by `id`, `state` and `values`. */
export const DoctorCheck = v.strictObject({
  id: v.picklist([
    'runtime',
    'tensorflow',
    'device',
    'processor',
    'gpu',
    'driver',
    'disk',
    'memory',
    'display',
    'sandbox',
    'database',
    'data',
  ]),
  state: v.picklist(['ok', 'attention', 'wrong', 'unknown']),
  /** English sentence for the terminal and the report. */
  text: v.string(),
  values: v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])),
});
export type DoctorCheck = v.InferOutput<typeof DoctorCheck>;

export const DoctorReport = v.strictObject({ at: v.number(), checks: v.array(DoctorCheck) });
export type DoctorReport = v.InferOutput<typeof DoctorReport>;
