/** Every recipe there is, found by its folder: one file a recipe, called like its id. */
import { FaultError } from './durable/fault-error.ts';
import type {
  DatasetRecipe,
  EncoderRecipe,
  EvaluatorRecipe,
  MethodRecipe,
  OptimizerRecipe,
  ScheduleRecipe,
} from './recipe.ts';

export interface Registry<Recipe> {
  /** Sorted by id. */
  readonly all: readonly Recipe[];
  /** The recipe of this id; an unknown one is a fault that lists the known ones. */
  get(id: string): Recipe;
}

/** `files`: what a glob found, path → module. `name`: what is in them, and what they must export it as. */
export function createRegistry<Recipe extends { readonly id: string }>(
  name: string,
  files: Readonly<Record<string, unknown>>,
): Registry<Recipe> {
  const recipes = new Map<string, Recipe>();
  for (const [path, module] of Object.entries(files)) {
    const recipe = (module as Readonly<Record<string, Recipe | undefined>>)[name];
    if (!recipe) throw new Error(`${path} exports no "${name}": every file of its folder must hold one.`);
    const file = path.slice(path.lastIndexOf('/') + 1).replace(/\.ts$/, '');
    if (recipes.has(recipe.id)) throw new Error(`Two files hold ${name} "${recipe.id}"; the second is ${path}.`);
    if (file !== recipe.id) throw new Error(`${path} holds ${name} "${recipe.id}": call it ${recipe.id}.ts.`);
    recipes.set(recipe.id, recipe);
  }
  const ids = [...recipes.keys()].sort();
  return {
    all: ids.map((id) => recipes.get(id)!),
    get(id) {
      const recipe = recipes.get(id);
      if (recipe) return recipe;
      throw new FaultError('unknown-id', `No ${name} "${id}". Known: ${ids.join(', ')}.`, {
        id,
        known: ids.join(', '),
      });
    },
  };
}

export const methods = createRegistry<MethodRecipe>(
  'method',
  import.meta.glob(['./methods/*.ts', '!./methods/*.test.ts'], { eager: true }),
);
export const encoders = createRegistry<EncoderRecipe>(
  'encoder',
  import.meta.glob(['./encoders/*.ts', '!./encoders/*.test.ts'], { eager: true }),
);
export const datasets = createRegistry<DatasetRecipe>(
  'dataset',
  import.meta.glob(['./datasets/*.ts', '!./datasets/*.test.ts'], { eager: true }),
);
export const evaluators = createRegistry<EvaluatorRecipe>(
  'evaluator',
  import.meta.glob(['./evaluators/*.ts', '!./evaluators/*.test.ts'], { eager: true }),
);
export const optimizers = createRegistry<OptimizerRecipe>(
  'optimizer',
  import.meta.glob(['./optim/optimizers/*.ts', '!./optim/optimizers/*.test.ts'], { eager: true }),
);
export const schedules = createRegistry<ScheduleRecipe>(
  'schedule',
  import.meta.glob(['./optim/schedules/*.ts', '!./optim/schedules/*.test.ts'], { eager: true }),
);
