/** The lists of what a package ships: nothing without its licence, the same bytes each time. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SPDX } from '@cyclonedx/cyclonedx-library';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packageNotices } from './licences.mjs';
import { billOfMaterials, faultsOf } from './licences/bom.mjs';
import { containedInVips } from './licences/parts.mjs';

const root = join(import.meta.dirname, '..');
let program = '';
beforeEach(() => (program = mkdtempSync(join(tmpdir(), 'reprise-licences-'))));
afterEach(() => rmSync(program, { recursive: true }));

/** As packages are shipped: package.json and licences, of those with a binary all. */
function ship(name: string, wanted = /^(package\.json|licen[cs]e.*|versions\.json)$/i): void {
  const to = join(program, 'node_modules', name);
  cpSync(join(root, 'node_modules', name), to, {
    recursive: true,
    filter: (path) => path === join(root, 'node_modules', name) || wanted.test(path.split('/').at(-1) ?? ''),
  });
}

const shipped = [
  'valibot',
  'koffi',
  '@tensorflow/tfjs-core',
  '@tensorflow/tfjs-layers',
  '@img/sharp-libvips-linux-x64',
  'tr46',
];

test('a package has its licence, its archive’s hash and the text, also where its own archive has none', () => {
  for (const name of [...shipped, 'seedrandom', '@koromix/koffi-linux-x64']) ship(name);
  const notices = packageNotices(program);
  const of = (name: string) => notices.find((notice) => notice.name === name);
  expect(of('valibot')).toMatchObject({ licence: 'MIT', purl: `pkg:npm/valibot@${of('valibot')?.version}` });
  expect(of('valibot')?.sha512).toMatch(/^[0-9a-f]{128}$/);
  expect(of('@tensorflow/tfjs-core')?.text).toMatch(/Apache License/);
  expect(of('@tensorflow/tfjs-layers')?.text).toMatch(/François Chollet/);
  expect(of('seedrandom')?.text).toMatch(/^LICENSE \(MIT\)[^]*David Bau[^]*WITHOUT WARRANTY/);
  expect(of('tr46')?.text).toMatch(/Sebastian Mayr/);
  expect(of('@koromix/koffi-linux-x64')?.text).toMatch(/Niels Martignène/);
  const vips = of('@img/sharp-libvips-linux-x64');
  expect(vips?.text).toMatch(/GNU LESSER GENERAL PUBLIC LICENSE/);
  expect(vips?.text).toMatch(/^cairo [\d.]+ \(MPL-1\.1\)\n\nCairo is free software\.$/m);
  expect(vips?.text).toMatch(/^mozjpeg [^]*based in part on the work of the Independent JPEG/m);
  expect(vips?.contains).toContainEqual({
    name: 'vips',
    version: expect.any(String) as string,
    licence: 'LGPL-3.0-or-later',
  });
  for (const { name, text = '' } of notices) expect(text.length, name).toBeGreaterThan(500);
});

test('a package without a text, or without a licence, is an error that names it', () => {
  const folder = join(program, 'node_modules', 'bare');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'bare', version: '1.0.0', license: 'MIT' }));
  expect(() => packageNotices(program)).toThrow(/^bare in .* has no text of its licence/);
  writeFileSync(join(folder, 'LICENSE'), 'MIT, by nobody');
  expect(packageNotices(program).map(({ name }) => name)).toContain('bare');
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'bare', version: '1.0.0' }));
  expect(() => packageNotices(program)).toThrow(/does not say under which licence bare is/);
});

test('a library in libvips whose licence is not known is an error', () => {
  writeFileSync(join(program, 'versions.json'), JSON.stringify({ vips: '8.18.7', novel: '1' }));
  expect(() => containedInVips(program)).toThrow(/libvips contains novel/);
});

test('the bill of materials is CycloneDX 1.6, has each part once, and the same bytes each time', async () => {
  for (const name of shipped) ship(name);
  const notices = packageNotices(program);
  const own = { name: 'Reprise', version: '1.2.3' };
  const text = billOfMaterials(own, notices);
  expect(billOfMaterials(own, [...notices].reverse())).toBe(text);
  expect(await faultsOf(text)).toEqual([]);
  expect(await faultsOf(text.replace('"library"', '"lybrary"'))).toEqual([
    expect.stringMatching(/^\/components\/\d+\/type must be equal to one of the allowed values$/),
  ]);
  const bom = JSON.parse(text) as {
    readonly [field: string]: unknown;
    readonly metadata: { readonly timestamp?: string };
    readonly components: readonly {
      readonly purl: string;
      readonly licenses: readonly object[];
      readonly hashes?: object;
    }[];
    readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
  };
  expect(bom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 });
  expect([bom['serialNumber'], bom.metadata.timestamp]).toEqual([undefined, undefined]);
  expect(bom.components.map(({ purl }) => purl).sort()).toEqual(notices.map(({ purl }) => purl).sort());
  for (const { purl, licenses, hashes } of bom.components)
    expect([licenses.length, hashes], purl).toEqual([1, expect.any(Array)]);
  const known = containedInVips(join(program, 'node_modules', '@img/sharp-libvips-linux-x64'));
  const ids = known.flatMap(({ licence }) => licence.split(' AND '));
  expect(ids.filter((id) => !SPDX.isSupportedSpdxId(id))).toEqual([]);
  const layers = bom.components.find(({ purl }) => purl.includes('tfjs-layers'));
  expect(layers?.licenses).toEqual([{ expression: 'Apache-2.0 AND MIT' }]);
  expect(bom.dependencies.find(({ ref }) => ref === 'Reprise@1.2.3')?.dependsOn).toHaveLength(notices.length);
});
