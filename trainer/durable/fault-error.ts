/** A fault as an exception: thrown inside a program, turned into a plain `Fault` value where it leaves the process. */
import type { Fault, FaultCode } from '../protocol/fault.ts';

export class FaultError extends Error {
  readonly fault: Fault;

  constructor(
    code: FaultCode,
    message: string,
    values: Fault['values'] = {},
    options: { readonly retry?: Fault['retry']; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'FaultError';
    this.fault = { code, message, values, ...(options.retry ? { retry: options.retry } : {}) };
  }
}
