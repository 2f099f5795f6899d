/** Files of arrays of numbers with a record beside them, and a checksum over all of it. */
import { FaultError } from './fault-error.ts';
import { bytesOf, readBounded, sha256, writeAtomically } from './files.ts';

type Numbers = Float32Array | Int32Array;

export interface ArrayFile {
  /** As it was written; the reader checks its shape. */
  readonly record: unknown;
  readonly arrays: Readonly<Record<string, Numbers>>;
}

const magic = 'reprise-arrays-1\n';
/** A line that is longer belongs to no file of these. */
const longestHeader = 65_536;

/** A line with the checksum of all that follows, a line of JSON, then the values. */
export async function writeArrays(path: string, { record, arrays }: ArrayFile): Promise<void> {
  const table = Object.entries(arrays).map(([name, values]) => [
    name,
    values instanceof Float32Array ? 'float32' : 'int32',
    values.length,
  ]);
  const header = `${JSON.stringify({ record, table })}\n`;
  const bytes = Object.values(arrays).map(bytesOf);
  await writeAtomically(path, [magic, `${sha256(header, ...bytes)}\n`, header, ...bytes]);
}

/**
 * The same, of at most `limit` bytes; null if there is no such file.
 *
 * @throws FaultError `unreadable-file` for a file that is damaged or something else
 */
export async function readArrays(path: string, limit: number): Promise<ArrayFile | null> {
  const file = await readBounded(path, limit);
  if (file === null) return null;
  const damaged = (): FaultError =>
    new FaultError('unreadable-file', `${path} is damaged: its contents do not fit its checksum. It is made anew.`, {
      path,
    });
  const sumEnds = magic.length + 64;
  const headerEnds = file.subarray(0, sumEnds + longestHeader).indexOf(0x0a, sumEnds + 1);
  const isOurs = file.subarray(0, magic.length).toString('latin1') === magic && headerEnds !== -1;
  if (!isOurs || file.subarray(magic.length, sumEnds).toString('latin1') !== sha256(file.subarray(sumEnds + 1)))
    throw damaged();
  const { record, table } = JSON.parse(file.subarray(sumEnds + 1, headerEnds).toString('utf8')) as {
    readonly record: unknown;
    readonly table: readonly (readonly [string, 'float32' | 'int32', number])[];
  };
  const arrays: Record<string, Numbers> = {};
  let at = headerEnds + 1;
  for (const [name, type, length] of table) {
    // A copy: values begin at any byte, and an array needs a multiple of 4.
    const { buffer } = new Uint8Array(file.subarray(at, at + 4 * length));
    arrays[name] = type === 'float32' ? new Float32Array(buffer) : new Int32Array(buffer);
    at += 4 * length;
  }
  return { record, arrays };
}
