/**
 * Where the values of a preset stand: a file `resources/presets/sources/<preset>.json` beside each preset, written from reading
 * the sources. It repeats every value as it was read there, so that a preset that differs from its source is found by a test.
 */
import * as v from 'valibot';

const Words = v.strictObject({
  en: v.pipe(v.string(), v.minLength(1)),
  zh: v.pipe(v.string(), v.minLength(1)),
});

/**
 * A path in the configuration. `*` stands for every index and `2-7` for those from 2 to 7: `views.2-7.size`. Lists of plain values
 * are one value. A path that is ours stands for all that is below it too.
 */
const Field = v.pipe(v.string(), v.regex(/^[\w-]+(\.([\w-]+|\*))*$/));

const read = {
  field: Field,
  value: v.unknown(),
  /** How the value follows from what stands there, if it does not stand there as it is. */
  note: v.optional(Words),
};

const line = v.pipe(v.number(), v.integer(), v.minValue(1));

const FromRepository = v.strictObject({
  repository: v.pipe(v.string(), v.regex(/^[\w.-]+\/[\w.-]+$/)),
  commit: v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/)),
  values: v.array(v.strictObject({ ...read, file: v.string(), lines: v.pipe(v.array(line), v.minLength(1)) })),
});

const FromPaper = v.strictObject({
  paper: v.string(),
  /** Identifier on arXiv with its version, such as 2105.04906v3. */
  arxiv: v.pipe(v.string(), v.regex(/^\d{4}\.\d{5}(v\d+)?$/)),
  values: v.array(v.strictObject({ ...read, where: Words })),
});

export const PresetSources = v.strictObject({
  preset: v.string(),
  read: v.array(v.union([FromRepository, FromPaper])),
  /** Values that stand in no source, and why they are what they are. */
  ours: v.array(v.strictObject({ fields: v.pipe(v.array(Field), v.minLength(1)), reason: Words })),
});
export type PresetSources = v.InferOutput<typeof PresetSources>;

/** Origin of the values at `field`. */
export type Origin = { readonly field: string } & (
  | {
      readonly kind: 'repository';
      readonly value: unknown;
      readonly repository: string;
      readonly commit: string;
      readonly file: string;
      readonly lines: readonly number[];
      readonly note: Readonly<v.InferOutput<typeof Words>> | null;
    }
  | {
      readonly kind: 'paper';
      readonly value: unknown;
      readonly paper: string;
      readonly arxiv: string;
      readonly where: Readonly<v.InferOutput<typeof Words>>;
      readonly note: Readonly<v.InferOutput<typeof Words>> | null;
    }
  | { readonly kind: 'ours'; readonly reason: Readonly<v.InferOutput<typeof Words>> }
);
