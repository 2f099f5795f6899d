import { describe, expect, it } from 'vitest';
import { faultOf } from './fault-of.ts';
import { FaultError } from './fault-error.ts';

const system = (code: string, path?: string): Error =>
  Object.assign(new Error(code), { code, ...(path ? { path } : {}) });

describe('a failure', () => {
  it.each([
    ['OOM when allocating tensor with shape[256,64]', 'out-of-memory'],
    ['Array buffer allocation failed', 'out-of-memory'],
    ['libcudart.so.12: cannot open shared object file: No such file or directory', 'library-missing'],
    ['CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected', 'device-unavailable'],
    ['something else', 'internal'],
  ])('that says "%s" is the fault %s', (text, expected) => {
    expect(faultOf(new Error(text)).code).toBe(expected);
  });

  it('of our own is passed through, and a missing file names its path', () => {
    expect(faultOf(new FaultError('diverged', 'm')).code).toBe('diverged');
    expect(faultOf(system('ENOENT', '/data/x'))).toMatchObject({ code: 'not-found', values: { path: '/data/x' } });
    expect(faultOf(system('ENAMETOOLONG', '/data/x')).code).toBe('not-found');
    expect(faultOf(system('ENOSPC', '/data/x')).code).toBe('disk-full');
  });
});
