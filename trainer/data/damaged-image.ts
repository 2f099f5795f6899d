/** Faults of single images of a data set, by what can be done about them. */
import { FaultError } from '../durable/fault-error.ts';
import { sha256 } from '../durable/files.ts';
import type { DamagedFile } from '../protocol/left-out.ts';
import { inEnglish, type Said } from '../protocol/sentence.ts';
import { unreachableFault } from './unreachable.ts';
import { UnusableImage, reasonOf } from './unusable-image.ts';

/** The contents of an image are damaged: a run may leave it out. */
export class DamagedImageError extends FaultError {
  readonly file: string;
  readonly reason: Said;
  /** SHA-256 of the file; null if the image is part of another file. */
  readonly sha256: string | null;

  constructor(file: string, reason: Said, hash: string | null) {
    const why = inEnglish(reason);
    super('damaged-image', `${file}: ${why}. Replace it, or leave it out.`, { file, reason: why });
    this.file = file;
    this.reason = reason;
    this.sha256 = hash;
  }
}

/** The error of an image that another thread, or an earlier look, found damaged. */
export const damagedImageError = ({ file, reason, sha256: hash }: Omit<DamagedFile, 'split'>): DamagedImageError =>
  new DamagedImageError(file, reason, hash);

/** What does not pass by itself: something else lies under the name, or the name cannot be opened. */
const lasting: ReadonlySet<unknown> = new Set(['NOT_A_PLAIN_FILE', 'EISDIR', 'ELOOP', 'ENAMETOOLONG']);
const isLasting = (error: unknown) => error instanceof Error && 'code' in error && lasting.has(error.code);

/** `bytes`: the file, where it could be read and holds nothing else. */
export function imageFault(file: string, error: unknown, bytes: Uint8Array | null): FaultError {
  if (error instanceof UnusableImage) return new DamagedImageError(file, error.reason, bytes && sha256(bytes));
  if (isLasting(error)) return new DamagedImageError(file, reasonOf(error), null);
  const reason = inEnglish(reasonOf(error));
  return new FaultError(
    'unreadable-file',
    `${file}: ${reason}. Put it back, then resume.`,
    { file, reason },
    { retry: 'resume' },
  );
}

/** The fault of an image that could not be read from `path`. One that cannot be reached is not damaged. */
export const readFault = (file: string, path: string, error: unknown): FaultError =>
  unreachableFault(path, error) ?? imageFault(file, error, null);
