/**
 * `npm start`: sets up, builds what is stale, and does the main job. With a display it opens the app; without one, or
 * with `npm start -- --headless`, it runs the first plan in the terminal.
 */
import { setUp } from './setup.mjs';
import process from 'node:process';
import { handOver } from './child.mjs';
import { buildOrExplain, terminalTargets } from './build.mjs';
import { childEnvironment, electronFlags, hasDisplay, locations, root } from './runtime.mjs';

const words = process.argv.slice(2);
const headless = words.includes('--headless') || !hasDisplay();

await setUp({
  steps: ['dependencies', 'tensorflow', 'turbojpeg', 'electron', 'system', 'data'],
  // The terminal needs no window; the data set (there is a built-in one) and the faster decoder are optional for both.
  optional: [...(headless ? /** @type {const} */ (['electron', 'system']) : []), 'turbojpeg', 'data'],
});
await buildOrExplain(headless ? { only: terminalTargets } : {});

if (headless) {
  const rest = words.filter((word) => word !== '--headless');
  const plan = [locations.headless, 'plan', 'first', ...rest];
  process.exit(await handOver(locations.node, plan, { cwd: root, env: childEnvironment() }));
} else {
  const app = [...electronFlags(), root, ...words];
  process.exit(await handOver(locations.electron, app, { cwd: root, env: childEnvironment() }));
}
