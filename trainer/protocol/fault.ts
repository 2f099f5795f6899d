/** An error as a value: a code that the window translates, with the values its sentence needs. */
import * as v from 'valibot';
import { Said } from './said.ts';

export const faultCodes = [
  'bad-argument',
  'unknown-id',
  'not-found',
  'busy',
  'locked',
  'newer-version',
  'disk-full',
  'read-failed',
  'write-failed',
  'wrong-folder',
  'not-a-folder',
  'not-weights',
  'empty-dataset',
  'no-test-split',
  'unreadable-file',
  'damaged-files',
  'weights-unlike',
  'weights-no-better',
  'damaged-image',
  'too-many-damaged',
  'dataset-changed',
  'data-unreachable',
  'more-prototypes-than-images',
  'images-alike',
  'corrupt-checkpoint',
  'checkpoints-lost',
  'no-checkpoint',
  'config-mismatch',
  'other-arithmetic',
  'diverged',
  'collapsed',
  'out-of-memory',
  'device-unavailable',
  'old-driver',
  'unmeasured-gpu',
  'library-missing',
  'trainer-died',
  'trainer-silent',
  'protocol-mismatch',
  'store-died',
  'corrupt-database',
  'subject-missing',
  'download-failed',
  'wrong-wheel',
  'cancelled',
  'not-available',
  'update-failed',
  'internal',
] as const;
export const FaultCode = v.picklist(faultCodes);
export type FaultCode = v.InferOutput<typeof FaultCode>;

export const Fault = v.strictObject({
  code: FaultCode,
  /** English, for the log and the terminal: what happened, with which value, what to do. */
  message: v.string(),
  values: v.optional(v.record(v.string(), v.union([v.string(), v.number()])), {}),
  /** What is wrong and what to do, as a sentence for every language, where the code alone does not say it. */
  reason: v.optional(Said),
  /** What was kept safe and which action makes sense next. */
  retry: v.optional(v.picklist(['again', 'resume', 'smaller-batch', 'choose-folder', 'free-space'])),
});
export type Fault = v.InferOutput<typeof Fault>;

/** True if a training went back as often as it may and stopped to ask how it goes on: the run is not failed. */
export const asksHowToGoOn = (fault: Fault | null | undefined): boolean =>
  fault?.code === 'diverged' && fault.retry === 'resume';
