/**
 * Property tests draw the same cases in every run of `npm test`, so that results are reproducible. The nightly run
 * draws new ones and prints their seed.
 */
import process from 'node:process';
import fc from 'fast-check';

const seed = Number(process.env['REPRISE_PROPERTY_SEED'] ?? 20260131);
if (!Number.isInteger(seed))
  throw new Error(`REPRISE_PROPERTY_SEED is "${process.env['REPRISE_PROPERTY_SEED']}"; it must be a whole number.`);
fc.configureGlobal({ seed });
