/**
 * A lock between processes: a file created exclusively that names its owner. The lock of a dead owner is replaced.
 */
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { readJson } from './files.mjs';

/**
 * Start time of a process, in the kernel's ticks since boot: unique together with the pid, which may be reused.
 * Undefined without /proc.
 * @param {number} pid
 * @returns {string | undefined}
 */
function startTime(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may hold spaces; the start time is field 22.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

/** @param {{ pid: number, started?: string }} owner */
export function isAlive(owner) {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
  return owner.started === undefined || startTime(owner.pid) === owner.started;
}

/**
 * @param {string} path
 * @returns {{ pid: number, started?: string } | undefined} the living owner, or undefined when the lock is now ours
 */
function take(path) {
  mkdirSync(dirname(path), { recursive: true });
  // Linked, not written, into place: the lock appears with its content or not at all.
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, JSON.stringify({ pid: process.pid, started: startTime(process.pid) }));
  try {
    for (;;) {
      try {
        linkSync(mine, path);
        return undefined;
      } catch (error) {
        if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
      }
      const owner = readJson(path);
      if (owner !== undefined && isAlive(owner)) return owner;
      rmSync(path, { force: true });
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

/**
 * Runs `work` while holding the lock, waiting for another holder first.
 * @template T
 * @param {string} path
 * @param {(pid: number) => void} onWait called once when someone else holds it
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(path, onWait, work) {
  let told = false;
  for (let owner = take(path); owner !== undefined; owner = take(path)) {
    if (!told) onWait(owner.pid);
    told = true;
    await sleep(200);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}
