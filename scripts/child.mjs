/** Hands the terminal over to another program. */
import { spawn } from 'node:child_process';
import process from 'node:process';
import { constants } from 'node:os';

/**
 * Runs a program in this terminal and returns its exit code. The program handles signals: Ctrl-C reaches it through the
 * terminal, signals sent to this process are passed on, and this process waits for it to exit.
 * @param {string} command
 * @param {readonly string[]} words
 * @param {{ env: NodeJS.ProcessEnv, cwd?: string }} options
 * @returns {Promise<number>}
 */
export function handOver(command, words, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { ...options, stdio: 'inherit' });
    /** @type {NodeJS.Signals[]} */
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    /** @param {NodeJS.Signals} signal */
    const pass = (signal) => {
      // A terminal sends Ctrl-C to the whole group: passed on as well it would count twice, and the second one means
      // "stop now".
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    };
    for (const signal of signals) process.on(signal, pass);
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      for (const name of signals) process.off(name, pass);
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
