/** A named set of values for a pretraining or evaluation, each with its source. */
import * as v from 'valibot';

/** A value by its path in the configuration (`optimizer.options.momentum`, `views`, `batch`), with where it was read. */
export const PresetValue = v.strictObject({
  path: v.string(),
  value: v.unknown(),
  source: v.string(),
});
export type PresetValue = v.InferOutput<typeof PresetValue>;

export const Preset = v.strictObject({
  id: v.string(),
  method: v.string(),
  title: v.string(),
  summary: v.strictObject({ en: v.string(), zh: v.string() }),
  values: v.array(PresetValue),
});
export type Preset = v.InferOutput<typeof Preset>;

export const PresetDifference = v.strictObject({
  path: v.string(),
  left: v.nullable(v.unknown()),
  right: v.nullable(v.unknown()),
  leftSource: v.nullable(v.string()),
  rightSource: v.nullable(v.string()),
});
export type PresetDifference = v.InferOutput<typeof PresetDifference>;
