import process from 'node:process';

/** True in `npm run test:nightly`, which has time for all kinds of a thing; every run tries those that stand for the others. */
export const isNightly = process.env['REPRISE_NIGHTLY'] === '1';
