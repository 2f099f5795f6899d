/**
 * Opens other people's files. Under the name of a picture or an archive may lie a pipe, which keeps whoever opens it waiting for a
 * writer, a socket or a device, which has no end: only plain files are read. Every reader of foreign files begins here.
 */
import {
  closeSync,
  constants,
  createReadStream,
  fstatSync,
  openSync,
  readFileSync,
  statSync,
  type ReadStream,
  type Stats,
} from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

/** The error for what is neither a plain file nor a folder; its code is the one by which sentences are found. */
export class NotAPlainFile extends Error {
  readonly code = 'NOT_A_PLAIN_FILE';
  constructor(path: string) {
    super(`${path} is not a plain file, but a pipe, a socket or a device.`);
  }
}

class IsAFolder extends Error {
  readonly code = 'EISDIR';
  constructor(path: string) {
    super(`${path} is a folder.`);
  }
}

/** Does not wait for the other end of a pipe. Windows has neither such pipes nor the flag. */
const reading = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

function expectPlain(path: string, found: Stats): void {
  if (found.isDirectory()) throw new IsAFolder(path);
  if (!found.isFile()) throw new NotAPlainFile(path);
}

/** A socket cannot even be opened: the system calls it a missing device. */
function openError(path: string, error: unknown): unknown {
  const isMissingDevice = error instanceof Error && 'code' in error && error.code === 'ENXIO';
  const found = isMissingDevice ? statSync(path, { throwIfNoEntry: false }) : undefined;
  return found?.isFile() === false ? new NotAPlainFile(path) : error;
}

export interface OpenedFile {
  /** To be closed by the caller. */
  readonly file: FileHandle;
  readonly found: Stats;
}

/** @throws NotAPlainFile, and what the system says of a file that cannot be opened */
export async function openPlain(path: string): Promise<OpenedFile> {
  const file = await open(path, reading).catch((error: unknown) => {
    throw openError(path, error);
  });
  try {
    const found = await file.stat();
    expectPlain(path, found);
    return { file, found };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** As `openPlain`, for readers that block. */
export function openPlainSync(path: string): { readonly file: number; readonly size: number } {
  let file: number;
  try {
    file = openSync(path, reading);
  } catch (error) {
    throw openError(path, error);
  }
  try {
    const found = fstatSync(file);
    expectPlain(path, found);
    return { file, size: found.size };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

/** The error for a file that is longer than is read of its kind. */
export class FileTooLong extends Error {
  readonly bytes: number;
  readonly most: number;
  constructor(path: string, bytes: number, most: number) {
    super(`${path} has ${bytes} bytes; at most ${most} are read.`);
    this.bytes = bytes;
    this.most = most;
  }
}

/** A whole file of at most `most` bytes. @throws FileTooLong, and as `openPlain` */
export async function readPlain(path: string, most: number): Promise<Buffer> {
  const { file, found } = await openPlain(path);
  try {
    if (found.size > most) throw new FileTooLong(path, found.size, most);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** As `readPlain`, for readers that block. */
export function readPlainSync(path: string, most: number): Buffer {
  const { file, size } = openPlainSync(path);
  try {
    if (size > most) throw new FileTooLong(path, size, most);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** A stream that closes its file at its end. @throws as `openPlain` */
export function streamPlain(
  path: string,
  options: { readonly highWaterMark?: number; readonly end?: number } = {},
): ReadStream {
  return createReadStream(path, { ...options, fd: openPlainSync(path).file });
}
