import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { describeAll, describeRecipe } from './describe.ts';
import { Catalogue } from './protocol/catalogue.ts';
import { checkName, curveUnit, declaredMetric, leadingMetric } from './protocol/declared-metrics.ts';
import type { RunConfig } from './protocol/run.ts';
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

  it('names the option that another needs, and a choice of it', () => {
    const recipes = [...catalogue.methods, ...catalogue.encoders, ...catalogue.evaluators];
    const needed = recipes.flatMap(({ options }) =>
      options.flatMap(({ needs }) => (needs ? [{ needs, options }] : [])),
    );
    expect(needed.length).toBeGreaterThan(0);
    for (const { needs, options } of needed)
      expect(options.find(({ key }) => key === needs.option)?.choices).toContain(needs.is);
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

describe('figures', () => {
  const catalogue = describeAll();
  const training = (kind: RunConfig['kind'], evaluator: string) =>
    (kind === 'evaluate'
      ? { kind, evaluator: { id: evaluator } }
      : { kind, probe: { evaluator: { id: evaluator } } }) as RunConfig;

  it('have the unit that their evaluator declares, as a result and as a curve', () => {
    for (const { id, metrics } of catalogue.evaluators)
      for (const { name, unit } of metrics) {
        expect(declaredMetric(catalogue, id, name).unit, `${id} ${name}`).toBe(unit);
        for (const kind of ['pretrain', 'evaluate'] as const)
          expect(curveUnit(catalogue, training(kind, id), checkName(kind, name)), `${kind} ${id} ${name}`).toBe(unit);
      }
  });

  it('of a training step are numbers, but for what is declared; of an evaluator that is gone they are in percent', () => {
    const run = training('pretrain', 'knn');
    expect(['loss', 'lr', 'effectiveRank', 'accuracy'].map((name) => curveUnit(catalogue, run, name))).toEqual([
      ...['number', 'number', 'number', 'share'],
    ]);
    expect(declaredMetric(catalogue, 'gone', 'box-ap').unit).toBe('percent');
    expect(curveUnit(catalogue, { kind: 'pretrain' } as RunConfig, 'probe/top1')).toBe('percent');
    expect(leadingMetric(catalogue, 'gone')).toBe('top1');
  });

  it('of a head in training are declared by its evaluator, the leading one among them', () => {
    for (const { id, head, metrics } of evaluators.all) {
      expect(leadingMetric(catalogue, id)).toBe(metrics[0].name);
      expect(metrics[0].secondary, id).toBeUndefined();
      if (!head) continue;
      const found = head.figures(Float32Array.of(1, 0, 0, 1), Int32Array.of(0, 0), 2).map(({ metric }) => metric);
      expect(
        metrics.map(({ name }) => name),
        id,
      ).toEqual(expect.arrayContaining([...found]));
      expect(found, id).toContain(metrics[0].name);
    }
  });
});
