/**
 * `npm run packages-proof [-- deb|tar.gz|rpm…]`: installs what `npm run package` has built into a new Debian, as its own user would
 * have it: not root, no network, a folder of the program that nobody may write to; and carries the first plan through to its table
 * and its report there, from the window and from the terminal. Pictures are left in `test-results/packages`. Needs root.
 */
import { setUp } from './setup.mjs';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { handOver } from './child.mjs';
import { childEnvironment, locations, root } from './runtime.mjs';
import { apart, makeCleanRoot } from './packaging/clean-root.mjs';
import { SetUpError } from './setup/command.mjs';

const release = join(root, 'release');
const words = process.argv.slice(2);

await setUp({ steps: ['dependencies', 'tensorflow', 'turbojpeg', 'electron', 'system', 'data'] });
const built = await handOver(locations.node, [join(root, 'scripts', 'package.mjs')], {
  cwd: root,
  env: childEnvironment(),
});
if (built !== 0) process.exit(built);

const folder = mkdtempSync(join(tmpdir(), 'reprise-clean-root-'));
try {
  console.error('A new Debian is made; this takes a minute or two.');
  const deb = readdirSync(release).find((name) => name.endsWith('.deb')) ?? '';
  await makeCleanRoot(folder, join(release, deb));
  const [command = '', ...rest] = apart(folder);
  const playwright = [join(root, 'node_modules', '@playwright', 'test', 'cli.js'), 'test', '--config'];
  const chosen = words.length > 0 ? ['--grep', words.join('|')] : [];
  process.exitCode = await handOver(
    command,
    [...rest, locations.node, ...playwright, 'e2e/packages.config.ts', ...chosen],
    { cwd: root, env: childEnvironment({ REPRISE_CLEAN_ROOT: folder, REPRISE_PACKAGES: release }) },
  );
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
