/** The Python environment of the benches' peers: created when first needed, never part of the product. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { handOver } from './child.mjs';
import { root, runtimeFolder } from './runtime.mjs';

const requirements = join(root, 'bench', 'peers', 'requirements.txt');

/** Folder of a virtual environment with the peers' packages. */
export async function preparePeers() {
  const folder = join(runtimeFolder, 'peers');
  const stamp = join(folder, 'requirements.sha256');
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return folder;
  console.log('PyTorch for the other side of this bench: installing, some minutes');
  rmSync(folder, { recursive: true, force: true });
  const python = join(folder, 'bin', 'python');
  /** @type {readonly (readonly [string, readonly string[]])[]} */
  const commands = [
    ['python3', ['-m', 'venv', folder]],
    [python, ['-m', 'pip', 'install', '--quiet', '--requirement', requirements]],
  ];
  for (const [command, words] of commands) {
    const code = await handOver(command, words, { cwd: root, env: process.env });
    if (code !== 0) throw new Error(`"${command} ${words.join(' ')}" ended with code ${code}.`);
  }
  writeFileSync(stamp, wanted);
  return folder;
}
