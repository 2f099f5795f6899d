/**
 * A stamp records the result of a step: its pinned version and, for each file, size and modification time. Hashing 800
 * MB at every start would take seconds; the hash is checked once, when the stamp is written.
 */
import { statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { readJson, writeJson } from '../files.mjs';
import { locations, runtimeFolder } from '../runtime.mjs';

/** @param {string} id */
const stampPath = (id) => join(locations.stamps, `${id}.json`);

/** @param {readonly string[]} files relative to the runtime folder */
function describe(files) {
  return files.map((path) => {
    const stat = statSync(resolve(runtimeFolder, path), { throwIfNoEntry: false });
    return { path, size: stat?.size ?? -1, changed: stat?.mtimeMs ?? -1 };
  });
}

/**
 * @param {string} id
 * @returns {Record<string, unknown> | undefined}
 */
function readStamp(id) {
  return readJson(stampPath(id));
}

/**
 * @param {string} id
 * @param {Record<string, unknown>} facts
 * @param {readonly string[]} files absolute
 */
export function writeStamp(id, facts, files) {
  writeJson(stampPath(id), { ...facts, files: describe(files.map((path) => relative(runtimeFolder, path))) });
}

/**
 * Whether the step was finished with these facts and its files are as it left them.
 * @param {string} id
 * @param {Record<string, unknown>} facts
 */
export function isStamped(id, facts) {
  const stamp = readStamp(id);
  if (stamp === undefined) return false;
  const files = /** @type {ReturnType<typeof describe>} */ (stamp.files);
  if (Object.entries(facts).some(([key, value]) => stamp[key] !== value)) return false;
  return JSON.stringify(describe(files.map(({ path }) => path))) === JSON.stringify(files);
}
