/** Three steps of every method that has a golden file, against its formulas in PyTorch's float64 (golden/*.py). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { openEngine } from '../engine/steps/open.ts';
import { Execution } from '../protocol/run.ts';
import { methods } from '../registry.ts';
import { goldenSteps, type GoldenCase } from '../testing/golden-method.ts';

const folder = join(import.meta.dirname, 'golden');
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

describe.each(files.map((file) => file.replace('.json', '')))('%s', (id) => {
  const cases = JSON.parse(readFileSync(join(folder, `${id}.json`), 'utf8')) as Record<string, GoldenCase>;

  const names = Object.keys(cases).flatMap((name) =>
    (['eager', 'traced'] as const).map((kind) => [name, kind] as const),
  );
  it.each(names)('%s, %s engine: the same losses and the same state', async (name, kind) => {
    const { losses, state, ...given } = cases[name]!;
    const engine = await openEngine(v.parse(Execution, { engine: kind, threads: 2 }));
    const found = await goldenSteps(engine, methods.get(id), given);
    found.losses.forEach((loss, step) => {
      const apart = Math.abs(loss - losses[step]!);
      expect(apart, `loss of step ${step}`).toBeLessThan(1e-5 * Math.max(1, Math.abs(losses[step]!)));
    });
    expect(Object.keys(found.state).sort()).toEqual(Object.keys(state).sort());
    for (const [key, wanted] of Object.entries(state)) {
      const apart = Math.max(...wanted.map((value, at) => Math.abs(value - found.state[key]![at]!)));
      expect(apart, key).toBeLessThan(1e-4 * Math.max(1, ...wanted.map(Math.abs)));
    }
  });
});
