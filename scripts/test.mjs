/**
 * `npm test`: sets up, builds, runs the unit, contract and native tests and then the app itself, and ends with a line
 * `N passed, N failed`.
 *
 *   npm test                     all
 *   npm test -- methods          those whose file name contains the word
 *   npm run test:nightly         the long ones too
 *   npm run test:nightly -- reliability     those that count what a promise was tested by, and the table of it
 */
import { setUp } from './setup.mjs';
import { randomInt } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import process from 'node:process';
import { buildOrExplain } from './build.mjs';
import { handOver } from './child.mjs';
import { openDisplay } from './display.mjs';
import { filesUnder, readJson } from './files.mjs';
import { prepareGpuBuild } from './gpu-build.mjs';
import { preparePeers } from './peers.mjs';
import { countingTests, writeReliability } from './reliability.mjs';
import { childEnvironment, locations, root } from './runtime.mjs';
import { add, settle } from './tally.mjs';

const words = process.argv.slice(2);
const nightly = words.includes('--nightly');
const asked = words.filter((word) => word !== '--nightly');
/** By what they call, not by their names: a new one is among them. */
const isReliability = nightly && asked.join() === 'reliability';
const filters = isReliability ? countingTests() : asked;
const results = join(root, 'test-results');
const cases = join(results, 'reliability');

/** @typedef {import('./tally.mjs').Count} Count */

/** Environment of the nightly tests: PyTorch, TensorFlow's build for GPUs, and new cases for property tests. */
async function nightlyEnvironment() {
  const seed = process.env.REPRISE_PROPERTY_SEED ?? String(randomInt(2 ** 31));
  console.log(`Properties are drawn from seed ${seed}: REPRISE_PROPERTY_SEED=${seed} draws the same again.`);
  return {
    REPRISE_NIGHTLY: '1',
    REPRISE_PROPERTY_SEED: seed,
    REPRISE_PEERS: await preparePeers(),
    REPRISE_GPU_BUILD: await prepareGpuBuild(),
    ...(isReliability && { REPRISE_CASES: cases }),
  };
}

/** @returns {Promise<Count>} */
async function unit() {
  const report = join(results, 'unit.json');
  const code = await handOver(
    locations.node,
    [
      ...[join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--passWithNoTests'],
      ...['--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...filters],
    ],
    { cwd: root, env: childEnvironment(nightly ? await nightlyEnvironment() : {}) },
  );
  const read = readJson(report);
  return settle(read && { passed: read.numPassedTests, failed: read.numFailedTests }, code);
}

/** @returns {Promise<Count>} */
async function endToEnd() {
  const specs = filesUnder(join(root, 'e2e')).filter((path) => path.endsWith('.spec.ts'));
  const chosen = specs.filter(
    (path) => filters.length === 0 || filters.some((word) => relative(root, path).includes(word)),
  );
  if (chosen.length === 0) return { passed: 0, failed: 0 };
  const report = join(results, 'end-to-end.json');
  const { environment, close } = await openDisplay();
  const code = await handOver(
    locations.node,
    [
      ...[join(root, 'node_modules', '@playwright', 'test', 'cli.js'), 'test', '--config', 'e2e'],
      ...['--reporter', 'list,json', ...(nightly ? [] : ['--grep-invert', '@nightly'])],
      ...chosen.map((path) => relative(join(root, 'e2e'), path)),
    ],
    { cwd: root, env: { ...environment, PLAYWRIGHT_JSON_OUTPUT_NAME: report } },
  );
  close();
  const stats = readJson(report)?.stats;
  return settle(stats && { passed: stats.expected + stats.flaky, failed: stats.unexpected }, code);
}

/**
 * What is installed from packages: root's work, and an hour's.
 * @returns {Promise<Count>}
 */
async function installed() {
  if (!nightly || (filters.length > 0 && !filters.some((word) => 'packages'.includes(word))))
    return { passed: 0, failed: 0 };
  const code = await handOver(locations.node, [join(root, 'scripts', 'packages-proof.mjs')], {
    cwd: root,
    env: childEnvironment(),
  });
  const stats = readJson(join(results, 'packages.json'))?.stats;
  return settle(stats && { passed: stats.expected + stats.flaky, failed: stats.unexpected }, code);
}

await setUp({
  steps: ['dependencies', 'tensorflow', 'turbojpeg', 'electron', 'system', 'data'],
  optional: ['turbojpeg', 'data'],
});
await buildOrExplain();
rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });
const total = add([await unit(), await endToEnd(), await installed()]);
if (isReliability) await writeReliability(cases);
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 ? 0 : 1);
