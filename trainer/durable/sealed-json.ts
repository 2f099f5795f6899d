/**
 * JSON files that carry a checksum over every byte of themselves, as their last field. A file without one was written by
 * an older version.
 */
import * as v from 'valibot';
import { FaultError } from './fault-error.ts';
import { readBounded, sha256, writeAtomically } from './files.ts';

const blank = '0'.repeat(64);
const closing = '"\n}\n';
const seal = /^"sha256": "([0-9a-f]{64})"\n\}\n$/;
const sealBytes = '"sha256": "'.length + blank.length + closing.length;

/** The text of an object with its checksum, which is computed with zeros in the place of its own digits. */
export function sealedJson(value: object, indent = 2): string {
  const text = `${JSON.stringify({ ...value, sha256: blank }, null, indent)}\n`;
  return text.slice(0, -(blank.length + closing.length)) + sha256(text) + closing;
}

export interface Unsealed {
  /** Without the checksum. */
  readonly value: unknown;
  readonly isSealed: boolean;
}

/** @throws Error that says what is wrong, to stand after a file's name */
export function openSealed(bytes: Uint8Array): Unsealed {
  const tail = Buffer.from(bytes.subarray(-sealBytes)).toString('latin1');
  const sum = seal.exec(tail)?.[1];
  const rest = bytes.subarray(0, -(blank.length + closing.length));
  if (sum !== undefined && sha256(rest, blank, closing) !== sum) throw new Error('it differs from its own checksum');
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    throw new Error(`it is not JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof value !== 'object' || value === null || !('sha256' in value)) return { value, isSealed: false };
  if (sum === undefined) throw new Error('its checksum is damaged');
  const { sha256: _, ...fields } = value;
  return { value: fields, isSealed: true };
}

/** Writes an object as readable JSON with its checksum, atomically. */
export async function writeSealedJson(path: string, value: object): Promise<void> {
  await writeAtomically(path, [sealedJson(value)]);
}

/**
 * Reads a JSON file of at most `limit` bytes that `writeSealedJson` or an older version wrote; null if there is none. The
 * caller checks its contents.
 */
export async function readSealedJson(path: string, limit: number): Promise<unknown> {
  const bytes = await readBounded(path, limit);
  if (bytes === null) return null;
  try {
    return openSealed(bytes).value;
  } catch (error) {
    throw new FaultError('unreadable-file', `${path} is damaged: ${(error as Error).message}.`, { path });
  }
}

/** The same as the schema has it. @throws FaultError `unreadable-file` also if it does not fit */
export async function readSealedAs<S extends v.GenericSchema>(
  path: string,
  limit: number,
  schema: S,
): Promise<v.InferOutput<S> | null> {
  const value = await readSealedJson(path, limit);
  if (value === null) return null;
  const parsed = v.safeParse(schema, value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new FaultError('unreadable-file', `${path}: ${v.getDotPath(issue) ?? 'the file'}: ${issue.message}`, { path });
}
