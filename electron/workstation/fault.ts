/** Faults as exceptions inside a process, as values at its edges. */
import type { Fault, FaultCode } from '../../trainer/protocol/fault.ts';

export class FaultError extends Error {
  readonly fault: Fault;
  constructor(code: FaultCode, message: string, values: Fault['values'] = {}, retry?: Fault['retry']) {
    super(message);
    this.name = 'FaultError';
    this.fault = { code, message, values, ...(retry === undefined ? {} : { retry }) };
  }
}

const systemCodes: Readonly<Record<string, FaultCode>> = {
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
  EFBIG: 'disk-full',
  EROFS: 'write-failed',
  EACCES: 'read-failed',
  EPERM: 'read-failed',
  EIO: 'read-failed',
  ENOENT: 'not-found',
  ENOTDIR: 'not-found',
};

/** Any error as a fault: ours as it is, the system's by its code, anything else as `internal` with its message. */
export function faultOf(error: unknown): Fault {
  if (error instanceof FaultError) return error.fault;
  if (!(error instanceof Error)) return { code: 'internal', message: String(error), values: {} };
  const code = 'code' in error && typeof error.code === 'string' ? systemCodes[error.code] : undefined;
  const path = 'path' in error && typeof error.path === 'string' ? { path: error.path } : {};
  return { code: code ?? 'internal', message: error.message, values: path };
}
