/**
 * `npm run pictures -- HOME`: takes the README's pictures of a workspace in which the first plan is done, in both
 * languages, into `resources/pictures`. The app must not be open on it.
 */
import { setUp } from './setup.mjs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { buildOrExplain } from './build.mjs';
import { handOver } from './child.mjs';
import { openDisplay } from './display.mjs';
import { locations, root } from './runtime.mjs';

const [home] = process.argv.slice(2);
if (home === undefined) {
  console.error('npm run pictures -- HOME, where HOME is a workspace in which the first plan is done.');
  process.exit(2);
}
await setUp({
  steps: ['dependencies', 'tensorflow', 'turbojpeg', 'electron', 'system', 'data'],
  optional: ['turbojpeg', 'data'],
});
await buildOrExplain();
const { environment, close } = await openDisplay();
const code = await handOver(
  locations.node,
  [join(root, 'node_modules', '@playwright', 'test', 'cli.js'), 'test', '--config', 'e2e/pictures.config.ts'],
  { cwd: root, env: { ...environment, REPRISE_HOME: resolve(process.env.INIT_CWD ?? '', home) } },
);
close();
process.exit(code);
