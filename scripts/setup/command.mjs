/** Runs other programs for set-up: quietly, killable, with their failure turned into a sentence. */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';

/** An error with a readable message; shown without a stack trace. */
export class SetUpError extends Error {}

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

/**
 * Ends all programs started by set-up and waits for them: npm cleans up first, which must not overlap the next set-up.
 */
export async function endAll() {
  const ended = [...running].map((child) => new Promise((resolve) => child.once('exit', resolve)));
  for (const child of running) child.kill('SIGTERM');
  const hard = setTimeout(() => {
    for (const child of running) child.kill('SIGKILL');
  }, 10_000);
  await Promise.all(ended);
  clearTimeout(hard);
}

/**
 * @typedef {object} Outcome
 * @property {number | null} code
 * @property {string} output stdout and stderr, the last 64 kB
 * @property {boolean} gaveUp ended by `watch`
 */

/**
 * @param {string} command
 * @param {readonly string[]} words
 * @param {object} [options]
 * @param {string} [options.cwd]
 * @param {NodeJS.ProcessEnv} [options.env]
 * @param {() => boolean | void} [options.watch] called twice a second; false ends the program
 * @param {(line: string) => void} [options.onStatus] lines the program writes to file descriptor 3
 * @returns {Promise<Outcome>}
 */
export function run(command, words, { cwd, env = process.env, watch, onStatus } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { cwd, env, stdio: ['ignore', 'pipe', 'pipe', onStatus ? 'pipe' : 'ignore'] });
    running.add(child);
    let output = '';
    let gaveUp = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (/** @type {string} */ text) => (output = (output + text).slice(-65_536)));
    }
    if (onStatus) {
      let rest = '';
      const status = /** @type {import('node:stream').Readable} */ (child.stdio[3]);
      status.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        lines.forEach(onStatus);
      });
    }
    const timer = setInterval(() => {
      if (watch?.() === false && !gaveUp) {
        gaveUp = true;
        child.kill('SIGKILL');
      }
    }, 500);
    const finish = () => {
      clearInterval(timer);
      running.delete(child);
    };
    child.on('error', (error) => {
      finish();
      reject(error);
    });
    child.on('close', (code) => {
      finish();
      watch?.();
      resolve({ code, output, gaveUp });
    });
  });
}

/**
 * Like `run`, but a failure is thrown as a sentence.
 * @param {string} what what could not be done, as the beginning of the sentence
 * @param {string} command
 * @param {readonly string[]} words
 * @param {Parameters<typeof run>[2]} [options]
 */
export async function runOrExplain(what, command, words, options) {
  const outcome = await run(command, words, options);
  if (outcome.code !== 0) throw new SetUpError(`${what}: ${explain(outcome.output)}`);
  return outcome.output;
}

/**
 * Explains why a program failed, from its output.
 * @param {string} output
 */
export function explain(output) {
  if (/No space left on device|ENOSPC/.test(output)) return 'the disk is full.';
  const offline =
    /EAI_AGAIN|ENOTCACHED|ENOTFOUND|ENETUNREACH|ECONNREFUSED|ETIMEDOUT|NewConnectionError|ConnectTimeout|ConnectionError|Max retries exceeded|Temporary failure (in name resolution|resolving)|Could not resolve|Network is unreachable|Unable to connect|Could not connect/;
  if (offline.test(output)) return 'the network or the package registry cannot be reached.';
  if (/do not match the hashes|EINTEGRITY|Hash Sum mismatch/i.test(output)) {
    return 'what was downloaded does not have the expected SHA-256. Nothing of it was kept; try again.';
  }
  const lines = output.split('\n').map((line) => line.trim());
  // npm's, pip's and apt's own mark of an error; npm's first such lines are codes.
  const marked = lines.flatMap((line) => /^(?:npm (?:error|ERR!)|ERROR:|E:)\s+(.+)/.exec(line)?.[1] ?? []);
  const reason = marked.find((line) => !/^(code|errno|syscall|path|command|signal) /.test(line));
  return `${(reason ?? lines.findLast((line) => line !== '') ?? 'it ended without saying why').replace(/\.$/, '')}.`;
}

/**
 * The full path of a program on PATH.
 * @param {string} name
 * @param {string} [path]
 */
export function which(name, path = process.env.PATH ?? '') {
  for (const folder of path.split(delimiter)) {
    const candidate = join(folder, process.platform === 'win32' ? `${name}.exe` : name);
    if (folder !== '' && existsSync(candidate) && isExecutable(candidate)) return candidate;
  }
  return undefined;
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * Output of a program; undefined if it fails or is missing.
 * @param {string} command
 * @param {readonly string[]} words
 * @param {NodeJS.ProcessEnv} [env]
 */
export function answer(command, words, env = process.env) {
  const { status, stdout } = spawnSync(command, words, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'ignore'] });
  return status === 0 ? stdout : undefined;
}

/**
 * Bytes of all files under a folder; files that vanish meanwhile do not count.
 * @param {string} folder
 * @returns {number}
 */
export function bytesUnder(folder) {
  let sum = 0;
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
      if (entry.isFile()) sum += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
    }
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ENOENT') throw error;
  }
  return sum;
}
