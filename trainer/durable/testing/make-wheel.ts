/** Small wheels with pins of their own. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import yazl from 'yazl';
import type { Wheel } from '../../protocol/wheels.ts';
import { sha256 } from '../files.ts';

/** Writes a wheel with these files beside a licence that is not taken, and gives its pin. */
export async function makeWheel(
  folder: string,
  requirement: string,
  contents: Readonly<Record<string, Buffer>>,
): Promise<Wheel> {
  const zip = new yazl.ZipFile();
  zip.addBuffer(Buffer.from('A licence.'), 'licence.txt');
  for (const [name, bytes] of Object.entries(contents))
    zip.addBuffer(bytes, name, { mode: name.includes('/bin/') ? 0o100755 : 0o100644 });
  zip.end();
  const packed = await buffer(zip.outputStream);
  const [name = '', version = ''] = requirement.split('==');
  const file = `${name.replaceAll('-', '_')}-${version}-py3-none-any.whl`;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, file), packed);
  const unpackedBytes = Object.values(contents).reduce((sum, { length }) => sum + length, 0);
  const files = Object.fromEntries(Object.entries(contents).map(([path, bytes]) => [path, sha256(bytes)]));
  return { requirement, file, bytes: packed.length, sha256: sha256(packed), unpackedBytes, files, licence: 'own' };
}
