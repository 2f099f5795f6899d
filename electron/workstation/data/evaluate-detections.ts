/** Anyone's detections, counted on a split of a data set. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { DetectionRules } from '../../../trainer/protocol/detections.ts';
import type { EvaluatedDetections } from '../../../trainer/protocol/results.ts';
import type { StoredDataset } from '../store/store.ts';
import type { SideJobs } from '../trainer/side-jobs.ts';
import { sourceOf } from './sources.ts';

export interface ResultFileRequest {
  /** COCO's result file, or a folder of PASCAL VOC's. */
  readonly file: string;
  readonly dataset: Pick<StoredDataset, 'inspection' | 'path' | 'fingerprint'>;
  readonly split: string;
  readonly rules: DetectionRules | null;
}

export async function evaluateDetections(jobs: SideJobs, request: ResultFileRequest): Promise<EvaluatedDetections> {
  const { dataset, split, rules } = request;
  const file = resolve(request.file);
  if ((await stat(file).catch(() => null)) === null)
    throw new FaultError('not-found', `There is no file or folder ${file}.`, { path: file });
  const job = { kind: 'evaluateDetections' as const, file, data: sourceOf(dataset, split), rules };
  return (await jobs.run(job, 'evaluatedDetections')).evaluated;
}
