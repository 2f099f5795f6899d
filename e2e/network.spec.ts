/**
 * The whole program opens no network socket: every call of `socket` in its tree of processes is traced by the system, in a network
 * namespace without interfaces where one can be had. Started as `npm start` does, not by Playwright, whose inspector and debugging
 * port are sockets themselves.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { expect, root, test, trainersOf } from './app.ts';
import { writeIdx } from './idx.ts';

const succeeds = (command: string, words: readonly string[]): boolean => spawnSync(command, words).status === 0;
const canTrace = succeeds('strace', ['-f', '-e', 'trace=socket', '-o', '/dev/null', 'true']);
const canIsolate = succeeds('unshare', ['--net', 'true']);

/** Starts a program as a process group of its own; its calls of `socket` go to the log. */
function traced(
  log: string,
  environment: NodeJS.ProcessEnv,
  command: string,
  ...words: readonly string[]
): ChildProcess {
  const trace = ['strace', '-f', '--seccomp-bpf', '-qq', '-e', 'trace=socket', '-o', log, command, ...words];
  const [first = '', ...rest] = canIsolate ? ['unshare', '--net', ...trace] : trace;
  return spawn(first, rest, { cwd: root, env: environment, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** What sockets were asked for: "AF_UNIX", "AF_INET6", … */
const familiesIn = (log: string): readonly string[] =>
  [...readFileSync(log, 'utf8').matchAll(/socket\((AF_\w+)/g)].map(([, family]) => family ?? '');
const ofNetwork = (families: readonly string[]): readonly string[] =>
  families.filter((family) => /^AF_(INET6?|PACKET|X25|BLUETOOTH)$/.test(family));

async function end(group: ChildProcess): Promise<void> {
  const exited = once(group, 'exit');
  process.kill(-group.pid!, 'SIGTERM');
  const hard = setTimeout(() => process.kill(-group.pid!, 'SIGKILL'), 20_000);
  await exited;
  clearTimeout(hard);
}

test('training in the terminal and the window open no network socket', async ({ home, profile }) => {
  test.setTimeout(600_000);
  if (!canTrace) console.warn('NOT CHECKED: strace is missing or not permitted, so sockets cannot be traced.');
  test.skip(!canTrace, 'strace is missing or not permitted');
  if (!canIsolate) console.warn('Traced in the network of this machine: "unshare --net" is not permitted.');

  // The tracing itself is tried first.
  const proof = join(profile, 'proof.log');
  const connects = `require('node:net').connect(9, '127.0.0.1').on('error', () => process.exit())`;
  await once(traced(proof, process.env, process.execPath, '-e', connects), 'exit');
  expect(ofNetwork(familiesIn(proof))).toEqual(['AF_INET']);

  const data = join(profile, 'bars');
  writeIdx(data, { train: 256, test: 64 });
  const environment = { ...process.env, REPRISE_HOME: home, REPRISE_TEST: '1' };
  const terminal = join(profile, 'terminal.log');
  const run = ['run', '--preset', 'vicreg-small', '--dataset', data, '--set', 'epochs=1', '--set', 'batch=64'];
  const training = traced(terminal, environment, process.execPath, join(root, 'out/node/headless.js'), ...run);
  let said = '';
  for (const stream of [training.stdout, training.stderr]) stream?.on('data', (text) => (said += String(text)));
  const [code] = (await once(training, 'exit')) as [number | null];
  expect(code, said.slice(-2000)).toBe(0);
  expect(ofNetwork(familiesIn(terminal))).toEqual([]);

  const log = join(profile, 'window.log');
  const flags = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const window = traced(
    log,
    environment,
    process.env['REPRISE_ELECTRON']!,
    root,
    ...flags,
    `--user-data-dir=${profile}`,
    data,
  );
  try {
    // The window hands the folder to a trainer process, which inspects it: in less than a second.
    await expect.poll(() => trainersOf(window.pid!).length, { timeout: 120_000, intervals: [50] }).toBeGreaterThan(0);
    await expect.poll(() => trainersOf(window.pid!).length, { timeout: 120_000 }).toBe(0);
    // What Chromium would fetch it fetches within some seconds of its start.
    await after(15_000);
  } finally {
    await end(window);
  }
  const families = familiesIn(log);
  // A window is there: it has asked the display for one.
  expect(families).toContain('AF_UNIX');
  expect(ofNetwork(families)).toEqual([]);
});
