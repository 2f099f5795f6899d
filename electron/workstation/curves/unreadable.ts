/** The error of a file that holds no curves, with the reason as a sentence in both languages. */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { inEnglish, type Sentence } from '../../../trainer/protocol/sentence.ts';

export class CurvesUnreadable extends Error {
  readonly reason: Sentence;
  constructor(reason: Sentence) {
    super(inEnglish(reason));
    this.reason = reason;
  }
}

export function unreadableFault(path: string, reason: Sentence): FaultError {
  return new FaultError('unreadable-file', `${path}: ${inEnglish(reason)}.`, { path }, { reason });
}
