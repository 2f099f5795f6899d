/** Converts any error to a fault: ours as it is, the system's by its code, TensorFlow's by its message. */
import type { Fault, FaultCode } from '../protocol/fault.ts';
import { diskFault, systemCode } from './disk-fault.ts';
import { FaultError } from './fault-error.ts';

/** Meaning of a system error that is not known to come from a write. */
const systemCodes: Readonly<Record<string, FaultCode>> = {
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
  EFBIG: 'disk-full',
  EROFS: 'write-failed',
  ENOENT: 'not-found',
  ENOTDIR: 'not-found',
  ENAMETOOLONG: 'not-found',
  ELOOP: 'not-found',
  ENXIO: 'read-failed',
  EISDIR: 'read-failed',
  EACCES: 'read-failed',
  EPERM: 'read-failed',
  EIO: 'read-failed',
};

interface KnownText {
  readonly pattern: RegExp;
  readonly code: FaultCode;
  readonly advice: string;
  readonly retry?: NonNullable<Fault['retry']>;
}

/** Known messages of TensorFlow, CUDA, Node and the dynamic loader. */
const knownTexts: readonly KnownText[] = [
  {
    pattern:
      /OOM when allocating|RESOURCE_EXHAUSTED|CUDA_ERROR_OUT_OF_MEMORY|out of memory|Array buffer allocation failed|ENOMEM/i,
    code: 'out-of-memory',
    advice: 'there was not enough memory: use a smaller batch',
    retry: 'smaller-batch',
  },
  {
    pattern: /cannot open shared object file|image not found|ERR_DLOPEN_FAILED|undefined symbol/i,
    code: 'library-missing',
    advice:
      'a native library is missing or does not fit: install the program again; in a checkout, run "npm start" once',
  },
  {
    pattern:
      /CUDA_ERROR_NO_DEVICE|no CUDA-capable device|CUDA driver version is insufficient|unknown device|CUDNN_STATUS_NOT_INITIALIZED/i,
    code: 'device-unavailable',
    advice: 'the device cannot be used: choose another one, or the processor',
  },
];

export function faultOf(error: unknown): Fault {
  if (error instanceof FaultError) return error.fault;
  const message = error instanceof Error ? error.message : String(error);
  const known = knownTexts.find((text) => text.pattern.test(message));
  if (known) {
    const fault = { code: known.code, message: `${message.split('\n')[0]} — ${known.advice}.`, values: {} };
    return known.retry ? { ...fault, retry: known.retry } : fault;
  }
  const path = error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : null;
  const disk = path === null ? null : diskFault(error, path);
  const system = systemCode(error);
  if (disk?.code === 'disk-full') return disk;
  const code = system === null ? undefined : systemCodes[system];
  return code === undefined
    ? { code: 'internal', message, values: {} }
    : { code, message, values: path === null ? {} : { path } };
}
