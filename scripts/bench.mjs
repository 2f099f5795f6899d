/**
 * `npm run bench -- NAME [arguments]`: one measurement of `bench/`, printed. Bundled with Vite first, because the
 * registry finds recipes by glob. Without a name it lists them.
 */
import { setUp } from './setup.mjs';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import process from 'node:process';
import { handOver } from './child.mjs';
import { buildOrExplain, buildTarget, nodeProgram } from './build.mjs';
import { openDisplay } from './display.mjs';
import { preparePeers } from './peers.mjs';
import { childEnvironment, locations, root } from './runtime.mjs';

const names = readdirSync(join(root, 'bench'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => basename(file, '.ts'));
/** Benches with another side in Python. */
const withPeers = /^(step-r|methods$|loader$|train$|convergence$|detection$)/;
const [name = '', ...words] = process.argv.slice(2);
if (!names.includes(name)) {
  console.error(`npm run bench -- NAME [arguments], where NAME is one of: ${names.join(', ')}.`);
  process.exit(2);
}
const isWindowed = ['map', 'screens', 'start'].includes(name);
const more = isWindowed ? ['electron', 'system'] : ['convergence', 'tuning'].includes(name) ? ['data'] : [];
await setUp({ steps: ['dependencies', 'tensorflow', 'turbojpeg', ...more], optional: ['turbojpeg'] });
if (isWindowed) await buildOrExplain();
// Inside node_modules, so that the program finds its packages.
const folder = 'node_modules/.cache/bench';
const entries = {
  [name]: `bench/${name}.ts`,
  'decode-worker': 'trainer/decode-worker.ts',
  'examine-pictures': 'trainer/examine-pictures.ts',
};
await buildTarget({ entries, folder, config: nodeProgram(folder, 'node22') });
const peers = withPeers.test(name) ? { REPRISE_PEERS: await preparePeers() } : {};
const display = isWindowed ? await openDisplay() : null;
const code = await handOver(locations.node, [join(root, folder, `${name}.js`), ...words], {
  cwd: root,
  env: display?.environment ?? childEnvironment(peers),
});
display?.close();
process.exit(code);
