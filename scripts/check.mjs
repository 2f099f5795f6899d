/**
 * All static checks: one line each with its time, all of them even when one fails.
 *
 *   node scripts/check.mjs [name…]
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { setUp } from './setup.mjs';
import { childEnvironment, locations, root } from './runtime.mjs';

const projects = ['.', 'trainer/protocol', 'trainer', 'electron', 'renderer', 'e2e', 'scripts', 'bench'];
const folders = ['electron', 'trainer', 'renderer', 'e2e', 'scripts', 'bench'];

/** @type {readonly { name: string, command: readonly string[] }[]} */
const checks = [
  ...projects.map((folder) => ({ name: `tsc ${folder}`, command: ['typescript/bin/tsc', '-p', folder] })),
  {
    name: 'svelte-check',
    command: [
      'svelte-check/bin/svelte-check',
      '--workspace',
      'renderer',
      '--tsconfig',
      './tsconfig.json',
      '--fail-on-warnings',
      '--output',
      'human',
    ],
  },
  {
    name: 'eslint',
    command: ['eslint/bin/eslint.js', '.', '--max-warnings', '0', '--cache', '--cache-location', '.cache/eslint/'],
  },
  { name: 'prettier', command: ['prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'] },
  {
    name: 'dependency-cruiser',
    command: ['dependency-cruiser/bin/dependency-cruiser.mjs', ...folders, '--config', '.dependency-cruiser.mjs'],
  },
  { name: 'structure', command: ['../scripts/structure.mjs', '--check'] },
  { name: 'knip', command: ['knip/bin/knip.js'] },
  { name: 'kernels', command: ['../scripts/kernels.mjs', '--check'] },
];

/**
 * @param {readonly string[]} command a package's program and its arguments
 * @returns {Promise<{ passed: boolean, output: string, seconds: number }>}
 */
function run([program = '', ...words]) {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(locations.node, [join(root, 'node_modules', program), ...words], {
      cwd: root,
      env: childEnvironment({ FORCE_COLOR: process.stdout.isTTY ? '1' : '0' }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ passed: code === 0, output, seconds: (performance.now() - began) / 1000 }));
  });
}

await setUp({ steps: ['dependencies'] });
const names = process.argv.slice(2);
const chosen = checks.filter(({ name }) => names.length === 0 || names.some((word) => name.startsWith(word)));
if (chosen.length === 0) {
  console.error(`No check "${names.join(' ')}". Known: ${checks.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}
let failed = 0;
for (const { name, command } of chosen) {
  const { passed, output, seconds } = await run(command);
  console.log(`${passed ? 'passed' : 'FAILED'}  ${name}  ${seconds.toFixed(1)} s`);
  if (!passed) {
    failed += 1;
    console.log(output.trimEnd().replace(/^/gm, '    '));
  }
}
process.exit(failed === 0 ? 0 : 1);
