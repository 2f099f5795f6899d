/** Writes the catalogue of this build to standard output: run once by the build, read by the workstation. */
import process from 'node:process';
import { describeAll } from './describe.ts';

process.stdout.write(`${JSON.stringify(describeAll(), null, 1)}\n`);
