/**
 * Files of lines that are written as a whole: each line carries a checksum, and the last one says how many there are, so
 * that no cut goes unseen. A file without that line was written by an older version; it may be empty.
 */
import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { FaultError } from './fault-error.ts';
import { isMissing, writeAtomically } from './files.ts';
import { openLine, sealedLine } from './sealed-line.ts';

const End = v.strictObject({ lines: v.number() });

export async function writeSealedLines(path: string, values: readonly object[]): Promise<void> {
  const lines = [...values, { lines: values.length } satisfies v.InferOutput<typeof End>];
  await writeAtomically(path, [lines.map((line) => `${sealedLine(line)}\n`).join('')]);
}

/**
 * Null if there is no such file.
 *
 * @param advice what to do about a damaged one, as a sentence
 * @throws FaultError `unreadable-file`
 */
export async function readSealedLines<S extends v.GenericSchema>(
  path: string,
  schema: S,
  advice: string,
): Promise<readonly v.InferOutput<S>[] | null> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw error;
  });
  if (text === null) return null;
  const damaged = (what: string): FaultError =>
    new FaultError('unreadable-file', `${path} is damaged: ${what}. ${advice}`, { path });
  if (text !== '' && !text.endsWith('\n')) throw damaged('its last line is cut');
  const lines = text.split('\n').slice(0, -1);
  const values = lines.map((line, at) => parseOpened(line, (what) => damaged(`line ${at + 1} ${what}`)));
  const end = values.at(-1);
  const isSealed = v.is(End, end);
  if (isSealed && end.lines !== values.length - 1) throw damaged(`it has ${values.length - 1} of ${end.lines} lines`);
  if (!isSealed && lines.some((line) => line !== openLine(line))) throw damaged('its last line is gone');
  return (isSealed ? values.slice(0, -1) : values).map((value, at) => {
    const parsed = v.safeParse(schema, value);
    if (parsed.success) return parsed.output;
    throw damaged(`line ${at + 1}: ${parsed.issues[0].message}`);
  });
}

function parseOpened(line: string, damaged: (what: string) => FaultError): unknown {
  const json = openLine(line);
  if (json === null) throw damaged('differs from its own checksum');
  try {
    return JSON.parse(json);
  } catch {
    throw damaged('is not JSON');
  }
}
