/** Rows of a file that lists pictures, in any form that people store lists in: text, CSV, JSON, a JSON document a line. */
import { extname } from 'node:path';
import { readPlainSync } from '../../durable/plain-file.ts';
import { countJsonValues } from '../../durable/json-values.ts';
import { linesIn } from '../formats/lines.ts';
import { UnusableImage } from '../unusable-image.ts';
import { said } from '../../protocol/sentence.ts';

export type Row = readonly string[];

/** Endings of files that may be lists. */
export const listEndings: ReadonlySet<string> = new Set(['.txt', '.csv', '.tsv', '.lst', '.json', '.jsonl', '.ndjson']);

/** A JSON document has to be in memory as a whole: a million pictures need a tenth of this. */
export const largestJson = 256 << 20;
/** Values in it: a few for each picture. */
export const mostJsonValues = 10_000_000;

const unquoted = (field: string) => field.trim().replace(/^(["'])(.*)\1$/, '$2');

/** Fields of a line of CSV; a mark inside double quotes separates nothing, two double quotes are one (RFC 4180). */
function separated(line: string, mark: string): Row {
  if (!line.includes('"')) return line.split(mark).map(unquoted);
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let at = 0; at < line.length; at++) {
    const character = line[at]!;
    if (character === '"') {
      if (!quoted && line[at - 1] === '"' && field !== '') field += '"';
      quoted = !quoted;
    } else if (character === mark && !quoted) {
      fields.push(field);
      field = '';
    } else field += character;
  }
  return [...fields, field].map((one) => one.trim());
}

/** Fields by tabs, commas or semicolons; else a path, which may hold blanks up to its ending, and the words after it. */
function fieldsOf(line: string): Row {
  const mark = ['\t', ',', ';'].find((each) => line.includes(each));
  if (mark !== undefined) return separated(line, mark);
  const match = /^(.*?\.(?:jpe?g|jpe|jfif|png))(?:\s+(.*))?$/i.exec(line.trim());
  if (match === null) return line.trim().split(/\s+/);
  return [match[1]!, ...(match[2] === undefined ? [] : match[2].split(/\s+/))];
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const asField = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';

/** Records as a row of their keys and a row for each. */
function* ofRecords(records: Iterable<unknown>): Generator<Row> {
  let keys: readonly string[] | null = null;
  for (const record of records) {
    if (!isRecord(record)) throw new UnusableImage(said`its entries are not alike: it is not a list of pictures`);
    if (keys === null) {
      keys = Object.keys(record);
      yield keys;
    }
    yield keys.map((key) => asField(record[key]));
  }
}

/**
 * A list of records or of pairs; an object of them by the name of the picture; an object of names by class; or an object that
 * holds one such list.
 */
function* ofDocument(document: unknown): Generator<Row> {
  if (Array.isArray(document)) {
    if (document.every(Array.isArray)) yield* document.map((row) => (row as unknown[]).map(asField));
    else yield* ofRecords(document);
    return;
  }
  if (!isRecord(document)) throw new UnusableImage(said`it is no list of pictures`);
  const entries = Object.entries(document);
  const inner = entries.filter(([, value]) => Array.isArray(value) && value.some((one) => typeof one === 'object'));
  if (inner.length === 1) yield* ofDocument(inner[0]![1]);
  else if (entries.every(([, value]) => Array.isArray(value)))
    for (const [label, names] of entries) for (const name of names as unknown[]) yield [asField(name), label];
  else if (entries.every(([, value]) => isRecord(value)))
    yield* ofRecords(entries.map(([name, value]) => ({ file: name, ...(value as object) })));
  else yield* entries.map(([name, value]) => [name, asField(value)]);
}

const isLine = (line: string) => line.trim() !== '' && !line.startsWith('#');

function* linesOf(path: string): Generator<string> {
  for (const line of linesIn(path)) if (isLine(line)) yield line;
}

function* parsedLines(path: string): Generator {
  for (const line of linesOf(path)) yield parsed(line);
}

function parsed(text: string): unknown {
  const values = countJsonValues(text);
  if (values > mostJsonValues)
    throw new UnusableImage(said`it has ${values} values; a list in JSON may have ${mostJsonValues}: save it as CSV`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UnusableImage(said`it is no JSON document`, error);
  }
}

/** Text files of any size are read line by line. Throws UnusableImage where a file is none of these. */
export function* rowsIn(path: string): Generator<Row> {
  const ending = extname(path).toLowerCase();
  if (ending === '.jsonl' || ending === '.ndjson') yield* ofRecords(parsedLines(path));
  else if (ending === '.json') {
    yield* ofDocument(
      parsed(
        readPlainSync(path, largestJson)
          .toString('utf8')
          .replace(/^\uFEFF/, ''),
      ),
    );
  } else for (const line of linesOf(path)) yield fieldsOf(line.replace(/^\uFEFF/, ''));
}
