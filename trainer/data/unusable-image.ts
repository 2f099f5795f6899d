/** Reason why a picture cannot be used, in words that complete "file: …". */
export class UnusableImage extends Error {
  constructor(reason: string, cause?: unknown) {
    super(reason, { cause });
    this.name = 'UnusableImage';
  }
}

const systemReasons: Readonly<Record<string, string>> = {
  EACCES: 'no permission to read it',
  EPERM: 'no permission to read it',
  ENOENT: 'removed or renamed during the scan',
  ELOOP: 'a circular link',
  ENAMETOOLONG: 'its path is longer than this system opens (4,096 bytes on Linux): move it closer to the root',
  ENOTDIR: 'no folder, where one is expected',
  ESTALE: 'the network drive has lost it',
  EISDIR: 'a folder, where a file is expected',
  EIO: 'the disk reports a read error',
  EMFILE: 'too many files are open',
};

/** Reason why a file cannot be used, in words that complete "file: …". Rethrows unexpected errors. */
export function reasonOf(error: unknown): string {
  if (error instanceof UnusableImage) return error.message;
  if (error instanceof Error && 'code' in error) {
    const reason = systemReasons[String(error.code)];
    if (reason !== undefined) return reason;
  }
  throw error;
}
