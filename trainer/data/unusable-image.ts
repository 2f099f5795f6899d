import { FileTooLong } from '../durable/plain-file.ts';
import { inEnglish, said, type Sentence } from '../protocol/sentence.ts';

/** Reason why a picture cannot be used, in words that complete "file: …". */
export class UnusableImage extends Error {
  readonly reason: Sentence;

  constructor(reason: Sentence, cause?: unknown) {
    super(inEnglish(reason), { cause });
    this.name = 'UnusableImage';
    this.reason = reason;
  }
}

const systemReasons: Readonly<Record<string, Sentence>> = {
  EACCES: said`no permission to read it`,
  EPERM: said`no permission to read it`,
  ENOENT: said`removed or renamed during the scan`,
  ELOOP: said`a circular link`,
  ENAMETOOLONG: said`its path is longer than this system opens (4,096 bytes on Linux): move it closer to the root`,
  ENOTDIR: said`no folder, where one is expected`,
  ESTALE: said`the network drive has lost it`,
  NOT_A_PLAIN_FILE: said`not a plain file (a pipe, a socket or a device)`,
  EISDIR: said`a folder, where a file is expected`,
  EIO: said`the disk reports a read error`,
  EMFILE: said`too many files are open`,
};

/** Reason why a file cannot be used, in words that complete "file: …". Rethrows unexpected errors. */
export function reasonOf(error: unknown): Sentence {
  if (error instanceof UnusableImage) return error.reason;
  if (error instanceof FileTooLong) return said`it has ${error.bytes} bytes; at most ${error.most} are read`;
  if (error instanceof Error && 'code' in error) {
    const reason = systemReasons[String(error.code)];
    if (reason !== undefined) return reason;
  }
  throw error;
}
