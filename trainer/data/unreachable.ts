/** Data that cannot be reached: it was removed or renamed, or its disk or network folder is gone. It may come back. */
import { stat } from 'node:fs/promises';
import { FaultError } from '../durable/fault-error.ts';

/** By what the system says. `silent`: it says nothing. */
type Why = 'gone' | 'permission' | 'network' | 'disk' | 'silent';

const causes: Readonly<Record<string, Why>> = {
  ENOENT: 'gone',
  ENOTDIR: 'gone',
  EACCES: 'permission',
  EPERM: 'permission',
  ESTALE: 'network',
  ENOTCONN: 'network',
  ETIMEDOUT: 'network',
  EHOSTDOWN: 'network',
  EHOSTUNREACH: 'network',
  EREMOTEIO: 'network',
  EIO: 'disk',
  ENODEV: 'disk',
  ENXIO: 'disk',
};

const sentences: Readonly<Record<Why, string>> = {
  gone: 'it was removed or renamed, or its disk is not mounted',
  permission: 'there is no permission to read it',
  network: 'the network folder is not connected',
  disk: 'the disk reports an error',
  silent: 'nothing has answered for two minutes',
};

/** The cause in a system error, or in what a reader made of one; null if it is another error. */
function causeOf(error: unknown): Why | null {
  if (!(error instanceof Error)) return null;
  if ('code' in error && typeof error.code === 'string') return causes[error.code] ?? null;
  return error instanceof FaultError ? causeOf(error.cause) : null;
}

export function unreachable(path: string, why: Why, cause?: unknown): FaultError {
  return new FaultError(
    'data-unreachable',
    `The data cannot be reached: ${path} (${sentences[why]}). Put it back, then resume.`,
    { path, why },
    { retry: 'resume', cause },
  );
}

/** True for the fault below, also where it comes from another thread. */
export const isUnreachable = (error: unknown): error is FaultError =>
  error instanceof FaultError && error.fault.code === 'data-unreachable';

/** The fault of a file that cannot be reached; null for any other error. */
export function unreachableFault(path: string, error: unknown): FaultError | null {
  if (isUnreachable(error)) return error;
  const why = causeOf(error);
  return why && unreachable(path, why, error);
}

/** The fault of a folder or an archive that is gone as a whole, whatever error its reader made of that; null if it is there. */
export async function goneAsAWhole(path: string): Promise<FaultError | null> {
  return stat(path).then(
    () => null,
    (error: unknown) => unreachableFault(path, error),
  );
}
