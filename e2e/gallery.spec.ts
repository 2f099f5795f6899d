/**
 * Every screen and state, in both languages, both themes and three widths, compared pixel by pixel with those that were last looked
 * at: a change that nobody looked at fails, until `npm run pictures -- --looked-at` says that somebody did.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, root, test } from './app.ts';
import { differences, inaccessible, takePictures, withPreview } from './gallery.ts';

const folder = join(root, 'test-results', 'gallery');

test('no screen has changed that nobody looked at', { tag: '@nightly' }, async () => {
  test.setTimeout(3_600_000);
  const { commit } = JSON.parse(readFileSync(join(root, 'resources', 'pictures', 'looked-at.json'), 'utf8')) as {
    commit: string;
  };
  rmSync(folder, { recursive: true, force: true });
  const [earlier, before, now] = ['tree', 'before', 'now'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await withPreview(root, async (address) => {
    expect(await takePictures(address, now)).toEqual([]);
  });
  execFileSync('git', ['worktree', 'add', '--detach', earlier, commit], { cwd: root, stdio: 'pipe' });
  try {
    symlinkSync(join(root, 'node_modules'), join(earlier, 'node_modules'));
    await withPreview(earlier, async (address) => {
      await takePictures(address, before);
    });
  } finally {
    execFileSync('git', ['worktree', 'remove', '--force', earlier], { cwd: root, stdio: 'pipe' });
  }
  const changed = await differences(before, now, join(folder, 'changed'));
  expect(changed, `Look at ${join(folder, 'changed')}, then run "npm run pictures -- --looked-at".`).toEqual([]);
});

for (const zoom of [1, 2])
  test(`axe finds nothing in any screen or state at ${zoom}00 %`, { tag: '@nightly' }, async () => {
    test.setTimeout(3_600_000);
    await withPreview(root, async (address) => expect(await inaccessible(address, zoom)).toEqual([]));
  });
