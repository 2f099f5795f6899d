/** `npm run dev`: the app, built and opened again whenever a source changes. */
import { setUp } from './setup.mjs';
import { spawn } from 'node:child_process';
import { existsSync, watch } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { buildAll } from './build.mjs';
import { openDisplay } from './display.mjs';
import { electronFlags, locations, root } from './runtime.mjs';

await setUp({
  steps: ['dependencies', 'tensorflow', 'turbojpeg', 'electron', 'system', 'data'],
  optional: ['turbojpeg', 'data'],
});
const { environment } = await openDisplay();

/** @type {import('node:child_process').ChildProcess | undefined} */
let app;

function open() {
  const child = spawn(locations.electron, [...electronFlags(), root, ...process.argv.slice(2)], {
    cwd: root,
    env: environment,
    stdio: 'inherit',
  });
  // Closed by the user rather than by a rebuild: exit.
  child.on('exit', (code) => app === child && process.exit(code ?? 0));
  app = child;
}

async function rebuild() {
  try {
    const built = await buildAll();
    if (built.length === 0 && app !== undefined) return;
  } catch (error) {
    // Half-written sources are normal here: the app stays open until they build again.
    console.error(error instanceof Error ? error.message : error);
    return;
  }
  const old = app;
  app = undefined;
  if (old !== undefined) {
    const closed = new Promise((resolve) => old.once('exit', resolve));
    old.kill();
    await closed;
  }
  open();
}

await rebuild();
/** @type {Promise<void>} */
let queue = Promise.resolve();
/** @type {NodeJS.Timeout | undefined} */
let timer;
for (const folder of ['electron', 'trainer', 'renderer', 'resources']) {
  if (!existsSync(join(root, folder))) continue;
  watch(join(root, folder), { recursive: true }, () => {
    clearTimeout(timer);
    timer = setTimeout(() => (queue = queue.then(rebuild)), 300);
  });
}
