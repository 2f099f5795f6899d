/**
 * `npm run reprise -- COMMAND`: the workstation in the terminal. Output of set-up and build goes to stderr, so that
 * stdout has only the command's.
 */
import { setUp } from './setup.mjs';
import process from 'node:process';
import { handOver } from './child.mjs';
import { buildOrExplain, terminalTargets } from './build.mjs';
import { childEnvironment, locations } from './runtime.mjs';

await setUp({ steps: ['dependencies', 'tensorflow', 'turbojpeg', 'data'], optional: ['turbojpeg', 'data'] });
await buildOrExplain({ only: terminalTargets });

// npm runs scripts in the project's folder; the user's paths are relative to where they called it.
const cwd = process.env.INIT_CWD ?? process.cwd();
process.exit(
  await handOver(locations.node, [locations.headless, ...process.argv.slice(2)], { cwd, env: childEnvironment() }),
);
