/** Options of recipes: what a form draws, what a configuration holds. Pure data. */
import * as v from 'valibot';

export const OptionValue = v.union([v.boolean(), v.number(), v.string(), v.array(v.number())]);
export type OptionValue = v.InferOutput<typeof OptionValue>;

export const Options = v.record(v.string(), OptionValue);
export type Options = v.InferOutput<typeof Options>;

/** A recipe by its id, with the options it is given. */
export const Choice = v.strictObject({ id: v.string(), options: v.optional(Options, {}) });
export type Choice = v.InferOutput<typeof Choice>;

/** One option as a form draws it; derived from the recipe's schema, where the default lives. */
export const OptionDescription = v.strictObject({
  key: v.string(),
  /** `file`: the path of a list of names, or nothing. */
  kind: v.picklist(['number', 'integer', 'boolean', 'choice', 'text', 'file', 'numbers']),
  default: OptionValue,
  minimum: v.optional(v.number()),
  maximum: v.optional(v.number()),
  choices: v.optional(v.array(v.string())),
  /** Part of the protocol that a comparison checks (k, temperature, layer, head …). */
  comparable: v.boolean(),
  /** Another value than the default needs this one of another option of the recipe. */
  needs: v.optional(v.strictObject({ option: v.string(), is: OptionValue })),
  /** Seed of a random draw: figures that differ in it alone repeat each other. */
  draws: v.optional(v.literal(true)),
});
export type OptionDescription = v.InferOutput<typeof OptionDescription>;
