/** A named set of values for a pretraining. */
import * as v from 'valibot';
import type { Origin } from './preset-origins.ts';

/** A value by its path in the configuration: `optimizer`, `views`, `batch`, `method.options.temperature`. */
const PresetValue = v.strictObject({ path: v.string(), value: v.unknown() });

/** A file in `resources/presets/`. */
export const PresetFile = v.strictObject({
  id: v.string(),
  method: v.string(),
  title: v.string(),
  summary: v.strictObject({ en: v.string(), zh: v.string() }),
  values: v.array(PresetValue),
});
export type PresetFile = v.InferOutput<typeof PresetFile>;

export type Preset = PresetFile & {
  /** Where each value stands, or why it is ours. */
  readonly origins: readonly Origin[];
};

export interface PresetDifference {
  readonly path: string;
  readonly left: unknown;
  readonly right: unknown;
  readonly leftOrigins: readonly Origin[];
  readonly rightOrigins: readonly Origin[];
}
