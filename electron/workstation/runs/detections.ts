/** Reads what an evaluation of detections kept in a run's folder: its classes, and the errors to look at. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { isMissing, readJson } from '../../../trainer/durable/files.ts';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import {
  detectionFiles,
  DetectionSummary,
  ErrorKind,
  KeptError,
  mostErrors,
} from '../../../trainer/protocol/detections.ts';
import type { RequestHandler } from '../request-types.ts';
import type { Store } from '../store/store.ts';
import { getRun } from './runs-context.ts';

export interface DetectionReading {
  readonly summary: RequestHandler<'detections'>;
  readonly errors: RequestHandler<'detectionErrors'>;
}

/** A thousand classes with their curves; a larger file was not written by this program. */
const longestSummary = 64 * 2 ** 20;
const longestErrors = 8192 * mostErrors * ErrorKind.options.length;

function unreadable(path: string, reason: string): FaultError {
  return new FaultError('unreadable-file', `${path} cannot be read (${reason}). Evaluate again, or remove the file.`, {
    path,
  });
}

function parsed<T>(path: string, schema: v.GenericSchema<unknown, T>, value: unknown): T {
  const found = v.safeParse(schema, value);
  if (found.success) return found.output;
  throw unreadable(path, `${v.getDotPath(found.issues[0]) ?? 'contents'}: ${found.issues[0].message}`);
}

/** The errors of the run looked at last, by path, size and time: a browser asks for one page after the other. */
let kept: { readonly state: string; readonly errors: readonly KeptError[] } | null = null;

async function errorsIn(path: string): Promise<readonly KeptError[]> {
  try {
    const { size, mtimeMs } = await stat(path);
    const state = `${path} ${size} ${mtimeMs}`;
    if (kept?.state === state) return kept.errors;
    if (size > longestErrors) throw unreadable(path, `${size} bytes`);
    const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
    const errors = lines.map((line) => parsed(path, KeptError, jsonOf(path, line)));
    kept = { state, errors };
    return errors;
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function jsonOf(path: string, line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch (error) {
    throw unreadable(path, (error as Error).message);
  }
}

export function createDetectionReading(store: Store): DetectionReading {
  return {
    summary: async (id) => {
      const path = join((await getRun(store, id)).folder, detectionFiles.summary);
      const found = await readJson(path, longestSummary);
      return found === null ? null : parsed(path, DetectionSummary, found);
    },
    errors: async (id, { kind, class: label }, from, count) => {
      const all = await errorsIn(join((await getRun(store, id)).folder, detectionFiles.errors));
      const own = all.filter(
        (error) => error.kind === kind && (label === null || (error.detection ?? error.object)?.class === label),
      );
      return { total: own.length, errors: own.slice(from, from + count) };
    },
  };
}
