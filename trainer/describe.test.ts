import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { describeAll, describeRecipe } from './describe.ts';
import { Catalogue } from './protocol/catalogue.ts';
import { encoders, evaluators, methods, optimizers, schedules } from './registry.ts';

describe('catalogue', () => {
  const catalogue = describeAll();

  it('is what the workstation reads, and holds every recipe', () => {
    expect(() => v.parse(Catalogue, JSON.parse(JSON.stringify(catalogue)))).not.toThrow();
    expect(catalogue.methods.map(({ id }) => id)).toEqual(methods.all.map(({ id }) => id));
    expect(catalogue.methods.map(({ id }) => id)).toContain('vicreg');
    expect(catalogue.evaluators.map(({ id }) => id)).toEqual(evaluators.all.map(({ id }) => id));
  });

  it('describes defaults, bounds and choices that the recipe itself accepts', () => {
    for (const { all } of [methods, encoders, optimizers, schedules, evaluators])
      for (const recipe of all) {
        const described = describeRecipe(recipe);
        const defaults = Object.fromEntries(described.options.map((option) => [option.key, option.default]));
        expect(v.parse(recipe.options, defaults), recipe.id).toEqual(v.parse(recipe.options, {}));
        for (const option of described.options) {
          for (const value of [...(option.choices ?? []), option.minimum, option.maximum])
            if (value !== undefined)
              expect(
                v.is(recipe.options, { ...defaults, [option.key]: value }),
                `${recipe.id}.${option.key} = ${String(value)}`,
              ).toBe(true);
          if (option.minimum !== undefined)
            expect(v.is(recipe.options, { ...defaults, [option.key]: option.minimum - 1 })).toBe(false);
        }
      }
  });

  it('marks what a comparison checks', () => {
    const knn = catalogue.evaluators.find(({ id }) => id === 'knn');
    expect(knn?.options.filter((option) => option.comparable).map((option) => option.key)).toEqual([
      ...['k', 'temperature', 'similarity'],
    ]);
  });

  it('refuses an option without a default', () => {
    expect(() => describeRecipe({ id: 'x', title: 'X', options: v.object({ k: v.number() }) })).toThrow(
      '"k" of "x" has no default',
    );
  });
});
