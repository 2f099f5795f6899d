/**
 * What a test of a promise counted, for the table of `bench/results/reliability.md`. One call a test, before its
 * expectations, so that what was lost stands in the table too:
 *
 *     recordCases({ promise: 'R2', how: 'killed at every call of a save', cases: 41, lost: 0 });
 *
 * A test file that calls it belongs to `npm run test:nightly -- reliability`, which composes the table
 * (`scripts/reliability.mjs`). Outside of it nothing is written.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

export interface Cases {
  /** Number of a promise, as in `scripts/reliability-promises.mjs`. */
  readonly promise: `R${number}`;
  /** What was done, as a clause: no two tests have the same. */
  readonly how: string;
  /** How often it was done. */
  readonly cases: number;
  /** Cases in which the promise was not kept. */
  readonly lost: number;
}

/** What could not be tested where the test ran, and why. */
export interface Untested {
  readonly promise: Cases['promise'];
  readonly how: string;
  readonly untested: string;
}

export function recordCases(counted: Cases | Untested): void {
  const folder = process.env['REPRISE_CASES'];
  if (folder === undefined || folder === '') return;
  mkdirSync(folder, { recursive: true });
  const name = `${counted.promise}-${counted.how.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`.slice(0, 120);
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(counted, null, 2)}\n`);
}
