/** For tests: a program that takes batches of a folder by a hostile decoder, and then exits with code 5. */
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { openLeftOut } from '../loading/left-out.ts';
import { openTrainingLoader } from '../loading/loader.ts';
import { hostileBounds, hostileOptions } from './hostile-pictures.ts';

const [path = '', runFolder = '', worker = ''] = process.argv.slice(2);
const leftOut = openLeftOut({ runFolder, inspected: [], isAccepted: false, notice: () => undefined });
const program = { file: pathToFileURL(worker), bounds: hostileBounds };
const loader = await openTrainingLoader(
  { ...hostileOptions, data: { ...hostileOptions.data, path }, leftOut },
  program,
);
for (let step = 0; step < 4; step++) await loader.next();
await loader.close();
process.exit(5);
