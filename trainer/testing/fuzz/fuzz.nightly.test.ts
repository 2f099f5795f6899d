/** A hundred thousand damaged files, by every reader in turn. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readers } from './readers.ts';
import { expectBounded, fuzz } from './run.ts';

const cases = Math.ceil(100_000 / readers.length);

test.each(readers.map(({ name }) => name))(
  `${cases} damaged files: %s`,
  async (name) => {
    const fuzzed = await fuzz([name], fc.readConfigureGlobal()?.seed ?? 1, cases);
    expectBounded(fuzzed, [name]);
    expect(fuzzed[0]!.read + fuzzed[0]!.refused).toBe(cases);
  },
  3_600_000,
);
