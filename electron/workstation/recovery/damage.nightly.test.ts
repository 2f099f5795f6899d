import { afterEach, beforeEach, test } from 'vitest';
import { recordCases } from '../../../trainer/durable/testing/record-cases.ts';
import { createBench, type Bench } from '../testing/bench.ts';
import { damageRepeatedly } from './testing/damage-workspace.ts';

let bench: Bench;
beforeEach(() => (bench = createBench()));
afterEach(() => bench.remove());

test(
  'R5: wherever a file is cut or a bit flips, the workspace opens, says nothing false, and names the damage once',
  { timeout: 3_600_000 },
  () =>
    damageRepeatedly(bench, 1000, (cases, lost) => {
      const how = 'a whole workspace with one file cut or one bit flipped, with and without its database';
      recordCases({ promise: 'R5', how, cases, lost });
    }),
);
