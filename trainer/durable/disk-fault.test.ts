import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canBeWritten, diskFault, refusedWrite, withFreeBytes, writeError } from './disk-fault.ts';
import { FaultError } from './fault-error.ts';
import { faultOf } from './fault-of.ts';
import { writeJson } from './files.ts';

const system = (code: string): Error => Object.assign(new Error(code), { code });

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'disk-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a refused write', () => {
  it.each([
    ['ENOSPC', 'disk-full', 'the disk is full'],
    ['EDQUOT', 'disk-full', 'quota'],
    ['EFBIG', 'disk-full', 'larger than is allowed'],
    ['EIO', 'write-failed', 'reports an error'],
    ['EROFS', 'write-failed', 'can only be read'],
    ['EACCES', 'write-failed', 'no permission'],
    ['ENOENT', 'write-failed', 'the folder is gone'],
  ])('by %s is the fault %s, with the path and the reason', (code, expected, why) => {
    const fault = diskFault(system(code), '/run/x');
    expect(fault).toMatchObject({ code: expected, values: { path: '/run/x', system: code } });
    expect(fault?.message).toMatch(new RegExp(`/run/x .*${why}`));
  });

  it('says what was needed and what is free', async () => {
    const fault = diskFault(system('ENOSPC'), join(folder, 'x'), 3 * 2 ** 20)!;
    expect(fault.message).toContain('3 MiB needed');
    const told = await withFreeBytes(fault);
    expect(told.message).toMatch(/3 MiB needed, [\d.]+ MiB free/);
    expect(told.values['freeBytes']).toBeGreaterThan(0);
  });

  it('is another error where the disk has no part in it, and keeps a fault that is known', () => {
    expect(diskFault(new Error('no'), '/run')).toBeNull();
    const known = new FaultError('diverged', 'm');
    expect(writeError(known, '/run')).toBe(known);
  });

  it('of a file that is written as a whole names the file', async () => {
    const error = await writeJson(join(folder, 'gone', 'run.json'), {}).catch((reason: unknown) => reason);
    expect(faultOf(error)).toMatchObject({ code: 'write-failed', values: { path: join(folder, 'gone', 'run.json') } });
  });
});

describe('a look at a disk', () => {
  it('finds that a folder can be written, and leaves nothing there', async () => {
    expect(await canBeWritten(refusedWrite(join(folder, 'file'), 'EIO'))).toBe(true);
    expect(await canBeWritten(refusedWrite(join(folder, 'made-by-the-save', 'file'), 'EIO'))).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('finds that there is not enough room, or that the disk is not there', async () => {
    expect(await canBeWritten(refusedWrite(join(folder, 'file'), 'ENOSPC', 2 ** 60))).toBe(false);
    expect(await canBeWritten(refusedWrite(join(folder, 'gone', 'run', 'checkpoints', 'file'), 'ENOENT'))).toBe(false);
  });
});
