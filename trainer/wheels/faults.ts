/** Why a build cannot be installed, in a sentence for every language. */
import { FaultError } from '../durable/fault-error.ts';
import { inEnglish, type Sentence } from '../protocol/sentence.ts';

/** The network, or whoever answers there. What has come is kept: the next try goes on after it. */
export class DownloadFailed extends FaultError {
  /** True if another try may not meet it. */
  readonly isPassing: boolean;

  constructor(reason: Sentence, { isPassing }: { readonly isPassing: boolean }) {
    const message = `The download failed: ${inEnglish(reason)}. What has been downloaded is kept, and the next try goes on from there.`;
    super('download-failed', message, {}, { reason, retry: 'again' });
    this.isPassing = isPassing;
  }
}

/** Refused by the network for now. */
export const brokenOff = (reason: Sentence): DownloadFailed => new DownloadFailed(reason, { isPassing: true });
/** Refused for as long as servers and settings are as they are. */
export const refused = (reason: Sentence): DownloadFailed => new DownloadFailed(reason, { isPassing: false });

/** A file that is not the one expected. */
export const wrongWheel = (reason: Sentence): FaultError =>
  new FaultError('wrong-wheel', `Nothing was installed: ${inEnglish(reason)}.`, {}, { reason });
