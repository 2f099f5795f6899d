/**
 * `npm run bench -- NAME [arguments]`: one measurement of `bench/`, printed. Bundled with Vite first, because the
 * registry finds recipes by glob. Without a name it says which there are.
 */
import { setUp } from './setup.mjs';
import { basename, join } from 'node:path';
import process from 'node:process';
import { handOver } from './child.mjs';
import { filesUnder } from './files.mjs';
import { childEnvironment, locations, root } from './runtime.mjs';

const names = filesUnder(join(root, 'bench'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => basename(file, '.ts'));
const [name = '', ...words] = process.argv.slice(2);
if (!names.includes(name)) {
  console.error(`npm run bench -- NAME [arguments], where NAME is one of: ${names.join(', ')}.`);
  process.exit(2);
}
await setUp({ steps: ['dependencies', 'tensorflow'] });
const { build } = await import('vite');
// Inside node_modules, so that the program finds its packages.
const folder = join(root, 'node_modules', '.cache', 'bench');
await build({
  configFile: false,
  root,
  logLevel: 'warn',
  build: {
    ...{ ssr: true, target: 'node22', outDir: folder, emptyOutDir: true, minify: false },
    rolldownOptions: { input: { [name]: join(root, 'bench', `${name}.ts`) } },
  },
});
process.exit(
  await handOver(locations.node, [join(folder, `${name}.js`), ...words], { cwd: root, env: childEnvironment() }),
);
