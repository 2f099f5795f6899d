/** The recipe of a container is held to what `npm run package` makes; no container engine is asked for. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const recipe = read('scripts/container/Containerfile')
  .split('\n')
  .filter((line) => !line.startsWith('#'))
  .join('\n');
const { version } = JSON.parse(read('package.json')) as { version: string };

test('it unpacks the archive that is made, and checks it by the list that is written with it', () => {
  const [, named] = /^ARG VERSION=(.+)$/m.exec(recipe) ?? [];
  expect(named).toBe(version);
  const archive = 'reprise${EDITION}-${VERSION}-linux-x64.tar.gz';
  expect(read('scripts/package.mjs')).toContain('`reprise${edition}-${version}-linux-x64.tar.gz`');
  expect(recipe).toContain(`COPY release/${archive} release/SHA256SUMS ./`);
  expect(recipe).toContain(`--file=${archive}`);
  expect(recipe).toMatch(/^RUN sha256sum --check --ignore-missing --strict SHA256SUMS/m);
  expect(read('scripts/package.mjs')).toContain("'SHA256SUMS'");
});

test('it takes what runs without a window, from where the packages have it', () => {
  expect(read('scripts/packaging/electron-builder.mjs')).toContain(
    "'scripts', 'packaging', 'reprise.sh'), to: 'reprise'",
  );
  expect(read('scripts/packaging/reprise.sh')).toContain('/resources/program\n');
  for (const path of ['reprise', 'resources/program'])
    expect(recipe).toContain(`COPY --from=unpacked /opt/reprise/${path} /opt/reprise/${path}`);
  expect(recipe).toContain('ENTRYPOINT ["/opt/reprise/reprise"]');
});

test('nothing comes from a network but the base image, which is neither the newest whatever it is nor root', () => {
  expect(recipe).not.toMatch(/\b(apt|apt-get|curl|wget|npm|pip|pip3|ADD)\b/);
  expect([...recipe.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base)).toEqual(['${BASE}', '${BASE}']);
  expect(recipe).toMatch(/^ARG BASE=docker\.io\/library\/debian:bookworm-slim$/m);
  expect(recipe).toMatch(/^USER 1000:1000$/m);
});

test('its document names files that there are', () => {
  const document = read('docs/container.md');
  expect(document).toContain('-f scripts/container/Containerfile');
  for (const [, path = ''] of document.matchAll(/`((?:scripts|docs)\/[^`\s]+)`/g))
    expect(existsSync(join(root, path)), path).toBe(true);
});
