/**
 * `npm run packages-proof [-- deb|tar.gz|rpm…]`: builds the packages twice, which must give the same bytes, and installs them into a
 * new Debian, as their own user would have them: not root, no network, a folder of the program that nobody may write to; and carries
 * the first plan through to its table and its report there, from the window and from the terminal. Pictures are left in
 * `test-results/packages`. Needs root and debootstrap.
 */
import { setUp } from './setup.mjs';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { handOver } from './child.mjs';
import { childEnvironment, locations, root, runtimeFolder } from './runtime.mjs';
import { apart, makeCleanRoot } from './packaging/clean-root.mjs';
import { SetUpError, runOrExplain } from './setup/command.mjs';

const release = join(root, 'release');
const words = process.argv.slice(2);

await setUp({ steps: ['dependencies', 'tensorflow', 'turbojpeg', 'electron', 'system', 'data'] });
const built = await handOver(locations.node, [join(root, 'scripts', 'package.mjs')], {
  cwd: root,
  env: childEnvironment(),
});
if (built !== 0) process.exit(built);

/**
 * Builds the same commit again from a clone in another folder.
 * @param {string} clone
 * @returns {Promise<readonly string[]>} what differs, of those that were built
 */
async function differencesFromAClone(clone) {
  await runOrExplain('The sources could not be cloned', 'git', ['clone', '--quiet', root, clone]);
  for (const [name, from] of Object.entries({ node_modules: join(root, 'node_modules'), '.runtime': runtimeFolder }))
    await runOrExplain('The clone could not be set up', 'cp', ['--archive', '--link', from, join(clone, name)]);
  const environment = childEnvironment({ REPRISE_RUNTIME: join(clone, '.runtime') });
  const code = await handOver(locations.node, [join(clone, 'scripts', 'package.mjs')], {
    cwd: clone,
    env: environment,
  });
  if (code !== 0) throw new SetUpError('The clone could not be packaged.');
  /** @param {string} built @returns {readonly string[]} */
  const sums = (built) => readFileSync(join(built, 'SHA256SUMS'), 'utf8').trim().split('\n');
  const again = sums(join(clone, 'release'));
  return sums(release).filter((line) => !again.includes(line));
}

const folder = mkdtempSync(join(tmpdir(), 'reprise-packages-'));
try {
  const system = join(folder, 'system');
  const different = await differencesFromAClone(join(folder, 'clone'));
  if (different.length > 0)
    throw new SetUpError(`Two builds of one commit differ (is everything committed?):\n${different.join('\n')}`);
  console.error('Two builds of this commit in two folders are the same bytes.');
  rmSync(join(folder, 'clone'), { recursive: true });
  console.error('A new Debian is made; this takes a minute or two.');
  const deb = readdirSync(release).find((name) => name.endsWith('.deb')) ?? '';
  await makeCleanRoot(system, join(release, deb));
  const [command = '', ...rest] = apart(system);
  const playwright = [join(root, 'node_modules', '@playwright', 'test', 'cli.js'), 'test', '--config'];
  const chosen = words.length > 0 ? ['--grep', words.join('|')] : [];
  process.exitCode = await handOver(
    command,
    [...rest, locations.node, ...playwright, 'e2e/packages.config.ts', ...chosen],
    { cwd: root, env: childEnvironment({ REPRISE_CLEAN_ROOT: system, REPRISE_PACKAGES: release }) },
  );
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
