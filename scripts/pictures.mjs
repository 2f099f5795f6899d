/**
 * Pictures of the window.
 *
 *   npm run pictures -- HOME          the README's, of a workspace in which the first plan is done, in both languages, into
 *                                     `resources/pictures`; the app must not be open on it
 *   npm run pictures                  every screen and state on made-up records, compared with those last looked at, into
 *                                     `test-results/gallery`
 *   npm run pictures -- --looked-at   says that the screens of this commit were looked at
 */
import { setUp } from './setup.mjs';
import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { buildOrExplain } from './build.mjs';
import { handOver } from './child.mjs';
import { openDisplay } from './display.mjs';
import { writeJson } from './files.mjs';
import { locations, root } from './runtime.mjs';

const [word] = process.argv.slice(2);
if (word === '--looked-at') {
  /** @param {...string} words */
  const git = (...words) => execFileSync('git', words, { cwd: root, encoding: 'utf8' }).trim();
  if (git('status', '--porcelain', 'renderer', 'electron') !== '') {
    console.error('Commit renderer and electron first: pictures are looked at by their commit.');
    process.exit(2);
  }
  const commit = git('rev-parse', 'HEAD');
  writeJson(join(root, 'resources', 'pictures', 'looked-at.json'), { commit });
  console.log(`The screens of ${commit.slice(0, 12)} are those to compare with.`);
  process.exit(0);
}
await setUp({
  steps: ['dependencies', 'tensorflow', 'turbojpeg', 'electron', 'system', 'data'],
  optional: ['turbojpeg', 'data'],
});
if (word !== undefined) await buildOrExplain();
const { environment, close } = await openDisplay();
const playwright = [join(root, 'node_modules', '@playwright', 'test', 'cli.js'), 'test', '--config'];
const code =
  word === undefined
    ? await handOver(locations.node, [...playwright, 'e2e', 'gallery.spec.ts'], { cwd: root, env: environment })
    : await handOver(locations.node, [...playwright, 'e2e/pictures.config.ts'], {
        cwd: root,
        env: { ...environment, REPRISE_HOME: resolve(process.env.INIT_CWD ?? '', word) },
      });
close();
process.exit(code);
