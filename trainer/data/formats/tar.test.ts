/** Archives as written by programs, damaged ones, and ones with false headers. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { startRejects } from '../rejects.ts';
import { openTar, type TarMember } from './tar.ts';
import { inTemporaryFolder, tarMember, tarOf, type TarEntry } from '../testing/small-datasets.ts';
import { spelledOut } from '../testing/spelled-out.ts';

async function walked(path: string, inside?: string) {
  const rejects = startRejects();
  const tar = openTar(path);
  try {
    const outer = [...tar.members(rejects, 'a.tar')];
    const within = outer.find(({ name }) => name === inside);
    const members = within ? [...tar.members(rejects, `a.tar/${within.name}`, within)] : outer;
    const bytes = await readFile(path);
    const contents = ({ offset, size }: TarMember) => bytes.toString('latin1', offset, offset + size);
    return { files: members.map((member) => [member.name, contents(member)]), rejects: spelledOut(rejects.list) };
  } finally {
    tar.close();
  }
}

const walk = (archive: Uint8Array, inside?: string) =>
  inTemporaryFolder(async (folder) => {
    const path = join(folder, 'a.tar');
    await writeFile(path, archive);
    return walked(path, inside);
  });

const record = (key: string, value: string) => {
  const rest = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(rest);
  while (length !== Buffer.byteLength(`${length}${rest}`)) length = Buffer.byteLength(`${length}${rest}`);
  return `${length}${rest}`;
};
const base256 = (size: number) => {
  const field = Buffer.alloc(12);
  field[0] = 0x80;
  field.writeUIntBE(size, 6, 6);
  return field.toString('latin1');
};

describe('archives that GNU tar writes', () => {
  const long = `${'long/'.repeat(40)}${'x'.repeat(120)}.jpg`;
  const files = [
    ['a.jpg', 'first'],
    ['folder/ü 图.jpg', 'x'.repeat(512)],
    ['folder/empty.jpg', ''],
    [long, 'y'.repeat(1000)],
  ] as const;
  test.each(['gnu', 'pax', 'ustar'])('are read to the byte, format %s', (format) =>
    inTemporaryFolder(async (folder) => {
      // ustar has no room for names of this length.
      const written = files.filter(([name]) => format !== 'ustar' || name !== long);
      for (const [name, contents] of written) {
        mkdirSync(dirname(join(folder, 'in', name)), { recursive: true });
        writeFileSync(join(folder, 'in', name), contents, 'latin1');
      }
      const archive = join(folder, 'a.tar');
      execFileSync('tar', [`--format=${format}`, '--sort=name', '-cf', archive, '-C', join(folder, 'in'), '.']);
      const { files: read, rejects } = await walked(archive);
      expect(rejects).toEqual([]);
      expect(read.toSorted()).toEqual(written.map((each) => [...each]).toSorted());
    }),
  );
});

describe('members', () => {
  test('have their names and sizes from wherever the format stores them', async () => {
    const archive = tarOf([
      { name: 'b.jpg', prefix: 'some/folder', contents: 'prefix' },
      { name: '././@LongLink', type: 'L', contents: `${'n'.repeat(300)}\0` },
      { name: 'cut', contents: 'long' },
      {
        name: 'pax',
        type: 'x',
        contents: record('mtime', '1.5') + record('path', 'from/pax.jpg') + record('size', '9'),
      },
      { name: 'cut', contents: 'nine char', size: '00000000000\0' },
      { name: 'all', type: 'g', contents: record('comment', 'hello') },
      { name: 'large.jpg', contents: 'base-256', size: base256(8) },
      { name: 'old', type: '\0', contents: 'v7' },
      { name: 'folder/', type: '5' },
      { name: 'folder', contents: 'after' },
    ]);
    expect(await walk(archive)).toEqual({
      files: [
        ['some/folder/b.jpg', 'prefix'],
        ['n'.repeat(300), 'long'],
        ['from/pax.jpg', 'nine char'],
        ['large.jpg', 'base-256'],
        ['old', 'v7'],
        ['folder', 'after'],
      ],
      rejects: [],
    });
  });

  test('of a nested archive are found at their offset in the outer file', async () => {
    const inner = tarOf([
      { name: '1.jpg', contents: 'one' },
      { name: '2.jpg', contents: 'two' },
    ]);
    const outer = tarOf([
      { name: 'first.tar', contents: tarOf([{ name: '0.jpg', contents: 'zero' }]) },
      { name: 'second.tar', contents: inner },
    ]);
    expect((await walk(outer, 'second.tar')).files).toEqual([
      ['1.jpg', 'one'],
      ['2.jpg', 'two'],
    ]);
    // One that claims to extend past its end does not see the data after it.
    const lying = tarOf([
      { name: 'inner.tar', contents: tarMember({ name: 'far.jpg', contents: 'x', size: '00000010000\0' }) },
      { name: 'secret', contents: 's'.repeat(8192) },
    ]);
    expect(await walk(lying, 'inner.tar')).toEqual({
      files: [],
      rejects: [
        {
          file: 'a.tar/inner.tar',
          reason: '"far.jpg" is stated to have 4096 bytes, but only 512 follow: truncated, or a false size',
        },
      ],
    });
  });

  test.each<[entry: TarEntry, reason: string]>([
    [{ name: '../up.jpg' }, 'its name leads out of its folder'],
    [{ name: 'a/../../up.jpg' }, 'its name leads out of its folder'],
    [{ name: 'a\\..\\up.jpg' }, 'its name leads out of its folder'],
    [{ name: '/etc/passwd' }, 'its name is an absolute path'],
    [{ name: 'C:\\a.jpg' }, 'its name starts with a drive'],
    [{ name: '\\\\server\\a.jpg' }, 'its name is a network path'],
    [{ name: '//server/a.jpg' }, 'its name is a network path'],
    [{ name: '' }, 'it has no name'],
    [{ name: 'link.jpg', type: '2' }, 'a symbolic link'],
    [{ name: 'link.jpg', type: '1', size: '00000001000\0' }, 'a hard link'],
    [{ name: 'disk', type: '4' }, 'a block device'],
    [{ name: 'terminal', type: '3' }, 'a character device'],
    [{ name: 'pipe', type: '6' }, 'a pipe'],
    [{ name: 'what', type: 'Q' }, 'a member of the unknown kind "Q"'],
  ])('are refused one by one: %j', async (entry, reason) => {
    const archive = tarOf([{ name: 'good.jpg', contents: 'g' }, entry, { name: 'next.jpg', contents: 'n' }]);
    expect(await walk(archive)).toEqual({
      files: [
        ['good.jpg', 'g'],
        ['next.jpg', 'n'],
      ],
      rejects: [{ file: `a.tar/${entry.name}`, reason }],
    });
  });

  test('with a NUL in a pax name, or sparse by pax, are refused', async () => {
    const archive = tarOf([
      { name: 'x', type: 'x', contents: record('path', 'a\0.jpg') },
      { name: 'cut', contents: '1' },
      { name: 'x', type: 'x', contents: record('GNU.sparse.major', '1') },
      { name: 'holes.jpg', contents: '2' },
    ]);
    expect((await walk(archive)).rejects).toEqual([
      { file: 'a.tar/a\\u{0}.jpg', reason: 'its name contains a NUL' },
      { file: 'a.tar/holes.jpg', reason: 'a sparse file' },
    ]);
  });
});

describe('a damaged archive gives what lies before the damage, and says where it is', () => {
  const good = { name: 'good.jpg', contents: 'g' } as const;
  const flipped = tarMember({ name: 'b.jpg' });
  flipped[3]! ^= 1;
  test.each<[what: string, rest: Buffer, reason: string]>([
    ['cut in a header', tarMember({ name: 'b' }).subarray(0, 100), 'it is truncated inside the header at byte 1024'],
    ['cut between members', Buffer.alloc(0), 'it ends after 1024 bytes without its end mark: truncated'],
    [
      'cut in contents',
      tarMember({ name: 'b.jpg', contents: 'x'.repeat(2000) }).subarray(0, 1000),
      '"b.jpg" is stated to have 2000 bytes, but only 488 follow: truncated, or a false size',
    ],
    [
      'with a flipped bit',
      flipped,
      'not a tar archive, or damaged: the checksum of the header at byte 1024 does not match',
    ],
    ['with a size that is none', tarMember({ name: 'b', size: '-0000000012\0' }), 'it states a size of "-0000000012"'],
    ['with a negative size', tarMember({ name: 'b', size: '\xff'.repeat(12) }), 'it states an impossible file size'],
    [
      'with a huge size',
      tarMember({ name: 'b', size: `\x80${'\xff'.repeat(11)}` }),
      'it states an impossible file size',
    ],
    [
      'with a huge name',
      tarMember({ name: 'b', type: 'L', contents: 'n'.repeat(1 << 21) }),
      'it has a name or record of 2097152 bytes',
    ],
    ['with a damaged record', tarMember({ name: 'b', type: 'x', contents: '99 path=x\n' }), 'a damaged pax record'],
    ['with a sparse file', tarMember({ name: 'b', type: 'S' }), '"b" is a sparse file: pack it without --sparse'],
  ])('%s', async (_what, rest, reason) => {
    expect(await walk(Buffer.concat([tarMember(good), rest]))).toEqual({
      files: [['good.jpg', 'g']],
      rejects: [{ file: 'a.tar', reason }],
    });
  });

  test('after any modification, members lie inside the file, one after another', async () => {
    const whole = tarOf([
      { name: 'a.jpg', contents: 'a'.repeat(700) },
      { name: 'x', type: 'x', contents: record('path', 'pax.jpg') },
      { name: 'b.jpg', contents: 'b' },
      { name: 'c.tar', contents: tarOf([{ name: 'd.jpg', contents: 'd' }]) },
    ]);
    await inTemporaryFolder(async (folder) => {
      const path = join(folder, 'a.tar');
      const changes = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
      await fc.assert(
        fc.asyncProperty(changes, fc.nat(whole.length), fc.boolean(), async (bytes, length, mends) => {
          const archive = Buffer.from(whole.subarray(0, length));
          for (const [at, value] of bytes) if (at < length) archive[at] = value;
          // A header changed on purpose has a valid checksum.
          for (let at = 0; mends && at + 512 <= length; at += 512) {
            if (archive.toString('latin1', at + 257, at + 262) !== 'ustar') continue;
            archive.fill(' ', at + 148, at + 156);
            const sum = archive.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
            archive.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148);
          }
          await writeFile(path, archive);
          const tar = openTar(path);
          let end = 0;
          for (const { offset, size } of tar.members(startRejects(), 'a.tar')) {
            expect(offset).toBeGreaterThanOrEqual(end + 512);
            end = offset + size;
            expect(end).toBeLessThanOrEqual(length);
          }
          tar.close();
        }),
        { numRuns: 300 },
      );
    });
  });
});
