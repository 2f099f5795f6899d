/** Takes curves out of a file or folder of another program, whose kind is known by its contents. */
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { sha256, sha256OfFile } from '../../../trainer/durable/files.ts';
import { NotAPlainFile, openPlain } from '../../../trainer/durable/plain-file.ts';
import { said } from '../../../trainer/protocol/sentence.ts';
import type { FoundCurves } from './collect.ts';
import { NoTable } from './formats/csv-rows.ts';
import { lengthIn } from './formats/record-stream.ts';
import { encodingOf } from './formats/text-lines.ts';
import { readEvents, type EventFile } from './read-events.ts';
import { objectIn, readJsonLines } from './read-json-lines.ts';
import { readRunCurves } from './read-run.ts';
import { readTable } from './read-table.ts';
import { CurvesUnreadable, unreadableFault } from './unreadable.ts';

export interface ReadCurves extends FoundCurves {
  readonly file: string;
  readonly checksum: string;
  readonly bytes: number;
  /** What they may be called. */
  readonly name: string;
}

const mostBytes = 2 ** 31;
const mostFiles = 200;
const deepest = 5;
const headBytes = 1 << 16;

/** @throws FaultError that names the file and says what was expected of it */
export async function readCurves(given: string): Promise<ReadCurves> {
  const file = await realpath(resolve(given)).catch(() => {
    throw new FaultError('not-found', `There is no file or folder ${given}.`, { path: given });
  });
  try {
    const read = (await stat(file)).isDirectory() ? await fromFolder(file) : await fromFile(file);
    if (read.curves.some(({ positions }) => positions.length > 0)) return read;
    throw unreadableFault(file, said`it holds no curves: there is no number with a step or an epoch`);
  } catch (error) {
    if (error instanceof CurvesUnreadable) throw unreadableFault(file, error.reason);
    if (error instanceof NoTable) throw unreadableFault(file, said`line ${error.line} is longer than a row of a table`);
    if (error instanceof NotAPlainFile)
      throw unreadableFault(file, said`it is no plain file, but a pipe, a socket or a device`);
    throw error;
  }
}

async function fromFile(file: string): Promise<ReadCurves> {
  const { head, bytes } = await beginningOf(file);
  if (bytes > mostBytes) throw new CurvesUnreadable(said`it is larger than ${mostBytes / 2 ** 30} GiB`);
  const found = await reader(file, head)();
  return { ...found, file, bytes, checksum: await sha256OfFile(file), name: basename(file) };
}

async function beginningOf(path: string): Promise<{ readonly head: Buffer; readonly bytes: number }> {
  const { file, found } = await openPlain(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return { head: buffer.subarray(0, bytesRead), bytes: found.size };
  } finally {
    await file.close();
  }
}

function reader(file: string, head: Buffer): () => Promise<FoundCurves> {
  if (lengthIn(head) !== null) return () => readEvents([{ path: file, name: basename(file), prefix: '' }]);
  if (/tfevents/.test(basename(file))) throw new CurvesUnreadable(said`it does not begin with a record of TensorBoard`);
  if (head.includes(0) && encodingOf(head) === 'utf-8')
    throw new CurvesUnreadable(
      said`it is neither text nor TensorBoard's: expected are event files, tables (CSV), lines of JSON or a run folder`,
    );
  const lines = new TextDecoder(encodingOf(head)).decode(head).split('\n');
  return lines.some((line) => objectIn(line.trim()) !== null) ? () => readJsonLines(file) : () => readTable(file);
}

async function fromFolder(folder: string): Promise<ReadCurves> {
  if ((await lstat(join(folder, 'config.json')).catch(() => null)) !== null) {
    const { config, hello: _hello, lastStep: _lastStep, ...found } = await readRunCurves(folder);
    const events = join(folder, 'events.ndjson');
    const bytes = (await stat(events)).size;
    return { ...found, file: folder, bytes, checksum: await sha256OfFile(events), name: config.title };
  }
  const files = await eventFiles(folder);
  if (files.length === 0)
    throw new FaultError(
      'wrong-folder',
      `${folder} is neither a run folder (it has no config.json) nor has it TensorBoard's event files (…tfevents…).`,
      { path: folder },
      { retry: 'choose-folder' },
    );
  const sizes = await Promise.all(files.map(async ({ path }) => (await stat(path)).size));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  if (bytes > mostBytes)
    throw new CurvesUnreadable(said`its event files are larger than ${mostBytes / 2 ** 30} GiB together`);
  const found = await readEvents(files);
  const sums: string[] = [];
  for (const { path } of files) sums.push(`${relative(folder, path)} ${await sha256OfFile(path)}\n`);
  return { ...found, file: folder, bytes, checksum: sha256(...sums), name: basename(folder) };
}

/** By folder, then by name: the name begins with the time at which its writer was started. */
async function eventFiles(folder: string): Promise<readonly EventFile[]> {
  const found: EventFile[] = [];
  const visit = async (at: string, depth: number): Promise<void> => {
    const entries = await readdir(at, { withFileTypes: true });
    for (const entry of entries.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
      const path = join(at, entry.name);
      if (entry.isDirectory() && depth < deepest) await visit(path, depth + 1);
      else if (entry.isFile() && entry.name.includes('tfevents')) found.push(eventFile(folder, at, entry.name));
      if (found.length > mostFiles)
        throw new CurvesUnreadable(said`it holds more than ${mostFiles} event files: choose the folder of one run`);
    }
  };
  await visit(folder, 1);
  return found;
}

function eventFile(root: string, folder: string, name: string): EventFile {
  const below = relative(root, folder).split(sep).join('/');
  return {
    path: join(folder, name),
    name: below === '' ? name : `${below}/${name}`,
    prefix: below === '' ? '' : `${below}/`,
  };
}
