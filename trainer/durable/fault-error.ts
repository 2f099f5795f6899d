/** A fault as an exception: thrown inside a program, turned into a plain `Fault` value where it leaves the process. */
import type { Fault, FaultCode } from '../protocol/fault.ts';

export interface FaultOptions {
  readonly retry?: Fault['retry'];
  readonly reason?: Fault['reason'];
  readonly cause?: unknown;
}

export class FaultError extends Error {
  readonly fault: Fault;

  constructor(
    code: FaultCode,
    message: string,
    values: Fault['values'] = {},
    { retry, reason, cause }: FaultOptions = {},
  ) {
    super(message, { cause });
    this.name = 'FaultError';
    this.fault = { code, message, values, ...(retry && { retry }), ...(reason && { reason }) };
  }
}
