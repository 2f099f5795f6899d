import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readPlain } from '../durable/plain-file.ts';
import { DamagedImageError, readFault } from './damaged-image.ts';
import { inTemporaryFolder } from './testing/small-datasets.ts';

test('what will never be a picture is left out like a damaged one; what may come back is waited for', () =>
  inTemporaryFolder(async (folder) => {
    execFileSync('mkfifo', [join(folder, 'pipe.jpg')]);
    mkdirSync(join(folder, 'folder.jpg'));
    symlinkSync('loop.jpg', join(folder, 'loop.jpg'));
    const faultOf = async (name: string) => {
      const path = join(folder, name);
      return readPlain(path, 1).catch((error: unknown) => readFault(name, path, error));
    };
    for (const name of ['pipe.jpg', 'folder.jpg', 'loop.jpg', 'a'.repeat(300)])
      expect(await faultOf(name)).toBeInstanceOf(DamagedImageError);
    expect(await faultOf('missing.jpg')).toMatchObject({ fault: { code: 'data-unreachable' } });
  }));
