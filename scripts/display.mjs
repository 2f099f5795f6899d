/** A virtual display for programs that need one. */
import { spawn } from 'node:child_process';
import process from 'node:process';
import { childEnvironment, hasDisplay } from './runtime.mjs';

/**
 * The environment with a display: the user's own, or an Xvfb that `close` ends.
 * @returns {Promise<{ environment: NodeJS.ProcessEnv, close(): void }>}
 */
export async function openDisplay() {
  if (hasDisplay()) return { environment: childEnvironment(), close: () => {} };
  // Xvfb picks a free number itself and writes it to file descriptor 3 when it is ready.
  const server = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1920x1200x24', '-nolisten', 'tcp'], {
    env: childEnvironment(),
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const close = () => server.kill();
  process.on('exit', close);
  const display = await new Promise((resolve, reject) => {
    server.on('error', (error) => reject(new Error(`Xvfb could not be started: ${error.message}.`)));
    server.on('exit', (code) => reject(new Error(`Xvfb ended at once with code ${String(code)}.`)));
    const ready = /** @type {import('node:stream').Readable} */ (server.stdio[3]);
    ready.setEncoding('utf8').once('data', (text) => resolve(`:${String(text).trim()}`));
  });
  return { environment: childEnvironment({ DISPLAY: display }), close };
}
