/** Every value of every preset against the table of what was read in its sources. */
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { PresetSources, type Origin } from '../../trainer/protocol/preset-origins.ts';
import { PresetFile } from '../../trainer/protocol/preset.ts';
import { covers, presetOf } from './preset-origins.ts';

const read = (files: Record<string, unknown>): readonly unknown[] => Object.values(files);
const presets = read(import.meta.glob('../../resources/presets/*.json', { eager: true, import: 'default' })).map(
  (raw) => v.parse(PresetFile, raw),
);
const tables = Object.entries(
  import.meta.glob('../../resources/presets/sources/*.json', { eager: true, import: 'default' }),
).map(([file, raw]) => ({ file, table: v.parse(PresetSources, raw) }));

interface Leaf {
  readonly path: string;
  readonly value: unknown;
}

/** Single values; lists of plain values are one. */
function leavesOf(value: unknown, path: string): readonly Leaf[] {
  const isPlain = (one: unknown): boolean => typeof one !== 'object' || one === null;
  if (isPlain(value) || (Array.isArray(value) && value.every(isPlain))) return [{ path, value }];
  return Object.entries(value as object).flatMap(([key, inner]) => leavesOf(inner, `${path}.${key}`));
}

const leavesIn = ({ values }: PresetFile): readonly Leaf[] =>
  values.flatMap(({ path, value }) => leavesOf(value, path));

/** What is wrong between a preset's values and its origins; empty if nothing is. */
function problemsOf(leaves: readonly Leaf[], origins: readonly Origin[]): readonly string[] {
  const unsaid = leaves.flatMap(({ path, value }) => {
    const own = origins.filter((origin) => covers(origin, path));
    if (own.length !== 1) return [`${path} has ${own.length} origins`];
    const [origin] = own as [Origin];
    const isSame = origin.kind === 'ours' || JSON.stringify(origin.value) === JSON.stringify(value);
    return isSame ? [] : [`${path} is ${JSON.stringify(value)}, and its source says ${JSON.stringify(origin.value)}`];
  });
  const idle = origins.filter((origin) => !leaves.some(({ path }) => covers(origin, path)));
  return [...unsaid, ...idle.map(({ field }) => `${field} is no value of the preset`)];
}

test('each preset has a table, and each table its preset', () => {
  for (const { file, table } of tables) expect(file.endsWith(`/${table.preset}.json`), file).toBe(true);
  const ids = presets.map(({ id }) => id);
  expect(tables.map(({ table }) => table.preset).sort()).toEqual(ids.sort());
});

describe.each(tables)('$table.preset', ({ table }) => {
  const file = presets.find(({ id }) => id === table.preset)!;
  const leaves = leavesIn(file);
  const { origins } = presetOf(file, table);

  test('every value is what its source says, or is ours for a reason', () => {
    expect(problemsOf(leaves, origins)).toEqual([]);
  });

  test('a value that is changed, without origin or of two is found', () => {
    const [cited] = origins.filter(({ kind }) => kind !== 'ours');
    const [first] = leaves.filter(({ path }) => cited === undefined || covers(cited, path));
    const others = leaves.filter((leaf) => leaf !== first);
    if (cited !== undefined)
      expect(problemsOf([...others, { path: first!.path, value: 'other' }], origins)).toHaveLength(1);
    const without = origins.filter((origin) => !covers(origin, first!.path));
    expect(problemsOf(leaves, without).length).toBeGreaterThan(0);
    const twice = origins.filter((origin) => covers(origin, first!.path));
    expect(problemsOf(leaves, [...origins, ...twice]).length).toBeGreaterThan(0);
  });

  test('says how residual branches begin', () => {
    for (const [encoder] of leaves.filter(({ path }) => /^encoders\.\d+\.id$/.test(path)).entries())
      expect(leaves.map(({ path }) => path)).toContain(`encoders.${encoder}.options.zeroInitResidual`);
  });
});
