/** What is wrong with a result file, as a sentence for every language. */
import { FaultError } from '../../durable/fault-error.ts';
import { reasonOf } from '../../data/unusable-image.ts';
import { inEnglish, quoted, said, type Sentence } from '../../protocol/sentence.ts';

/** Reason why an entry or a line cannot be taken; whoever reads the file says which one it is. */
export class WrongResult extends Error {
  readonly reason: Sentence;

  constructor(reason: Sentence) {
    super(inEnglish(reason));
    this.name = 'WrongResult';
    this.reason = reason;
  }
}

/** The reason of an error of the file or of an entry; others are thrown on. One of a mask's run lengths is told in English alone, as it is about their encoding. */
export function reasonOfResult(error: unknown): Sentence {
  if (error instanceof WrongResult) return error.reason;
  if (error instanceof RangeError) return said`its mask is damaged (${quoted(error.message)})`;
  return reasonOf(error);
}

export const unreadableResults = (path: string, reason: Sentence): FaultError =>
  new FaultError('unreadable-file', `${path}: ${inEnglish(reason)}.`, { path }, { reason });
