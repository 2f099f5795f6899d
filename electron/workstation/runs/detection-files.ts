/** What a run detected, written as result files for other programs. */
import { createReadStream } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { writeAtomically } from '../../../trainer/durable/files.ts';
import { detectionFiles } from '../../../trainer/protocol/detections.ts';
import type { Store } from '../store/store.ts';
import type { SideJobs } from '../trainer/side-jobs.ts';
import { createDetectionReading } from './detections.ts';
import { getRun } from './runs-context.ts';

export interface DetectionFilesContext {
  readonly store: Store;
  readonly jobs: SideJobs;
}

export interface WrittenDetections {
  readonly format: 'coco' | 'voc';
  /** The file, or the folder of files. */
  readonly path: string;
}

/** COCO's format into a file that ends in .json; PASCAL VOC's, a file a class, into a folder. */
export async function writeDetections(
  { store, jobs }: DetectionFilesContext,
  run: string,
  target: string,
): Promise<WrittenDetections> {
  const { folder, config } = await getRun(store, run);
  const file = join(folder, detectionFiles.found);
  const summary = await createDetectionReading(store).summary(run);
  if (summary === null || config.kind !== 'evaluate')
    throw new FaultError(
      'not-found',
      `Run "${run}" has kept no detections: it is no evaluation by a detector, or it is not done.`,
      {
        run,
      },
    );
  const path = resolve(target);
  if (extname(path) === '.json') {
    await writeAtomically(path, createReadStream(file) as AsyncIterable<Uint8Array>);
    return { format: 'coco', path };
  }
  const classes = summary.classes.map(({ name, category }) => ({ name, category }));
  const { split } = config.test;
  await jobs.run({ kind: 'vocDetections', file, folder: path, split, classes }, 'vocDetections');
  return { format: 'voc', path };
}
