/** What this build can do: written at build time from the registry, read by the workstation to draw forms and check values. */
import * as v from 'valibot';
import { OptionDescription } from './options.ts';
import { Protocol } from './results.ts';
import { Layer } from './run.ts';

export const RecipeDescription = v.strictObject({
  id: v.string(),
  title: v.string(),
  options: v.array(OptionDescription),
});
export type RecipeDescription = v.InferOutput<typeof RecipeDescription>;

/** What kind of number an evaluator gives. */
export const Metric = v.strictObject({
  name: v.string(),
  /** `share`: images that are right, in percent; `percent`: another figure from 0 to 100; `number`: on a scale of its own. */
  unit: v.picklist(['share', 'percent', 'number']),
  /** Says in another way what an earlier one says: it stands in full tables, not in a summary. */
  secondary: v.optional(v.literal(true)),
});
export type Metric = v.InferOutput<typeof Metric>;

/** How far from a paper's figure still counts as the same, in points; another distance where a field of the protocol says so. */
export const Margin = v.strictObject({
  points: v.number(),
  where: v.optional(
    v.array(
      v.strictObject({ field: v.string(), is: v.union([v.string(), v.number(), v.boolean()]), points: v.number() }),
    ),
  ),
});
export type Margin = v.InferOutput<typeof Margin>;

export const Catalogue = v.strictObject({
  version: v.string(),
  methods: v.array(
    v.strictObject({
      ...RecipeDescription.entries,
      paper: v.nullable(v.string()),
      branches: v.number(),
      /** The fewest a sample may be shown in, and the most. */
      views: v.number(),
      mostViews: v.number(),
      labels: v.boolean(),
    }),
  ),
  encoders: v.array(
    v.strictObject({
      ...RecipeDescription.entries,
      /** For imported weights: a pretraining cannot have it. */
      evaluationOnly: v.optional(v.literal(true)),
    }),
  ),
  optimizers: v.array(RecipeDescription),
  schedules: v.array(RecipeDescription),
  evaluators: v.array(
    v.strictObject({
      ...RecipeDescription.entries,
      /** The first is the one that stands for a run. */
      metrics: v.array(Metric),
      margin: Margin,
      /** What its protocol states without an option for it. */
      states: Protocol,
      /** As in the recipe: the class of an image where this says nothing. */
      targets: v.optional(v.picklist(['class', 'presence', 'objects', 'none'])),
      /** Trains a head or a detector by the loop. */
      trains: v.optional(v.literal(true)),
      /** Can look at an encoder while that is pretrained. */
      probe: v.boolean(),
      /** As in the recipe: the centre of an image and the pooled representation where this says nothing. */
      shows: v.optional(v.strictObject({ fit: v.literal('squash'), layer: Layer })),
      /** Options that change with its `batch`: in proportion to it, and against it. */
      withBatch: v.optional(v.strictObject({ grow: v.array(v.string()), shrink: v.array(v.string()) })),
    }),
  ),
  datasets: v.array(
    v.strictObject({
      ...RecipeDescription.entries,
      licence: v.nullable(v.string()),
      homepage: v.nullable(v.string()),
      splits: v.array(v.string()),
      channels: v.nullable(v.number()),
    }),
  ),
});
export type Catalogue = v.InferOutput<typeof Catalogue>;
