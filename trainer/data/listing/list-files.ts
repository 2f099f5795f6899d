/** Recognises files that list pictures: which fields are the path, the class and the split. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { whyUnsafe } from '../formats/unsafe-path.ts';
import { isReadable } from './folder-walk.ts';
import { rowsIn, type Row } from './list-rows.ts';
import { splitInName } from './split-names.ts';

/** Where the class stands: in a field, or as the name of the only field that is 1. */
type LabelColumn = { readonly field: number } | { readonly oneOf: readonly (readonly [field: number, name: string])[] };

/** Which fields of a row are what; the path may lack its ending. */
export interface Columns {
  readonly path: number;
  readonly label: LabelColumn | null;
  readonly split: number | null;
  readonly ending: string;
  readonly hasHeader: boolean;
}

export interface ListFile {
  /** Null where its pictures are of several splits, or the list does not say of which. */
  readonly split: string | null;
  readonly path: string;
  /** What may stand before the paths in the list, with `/`, or ''; the first is where its first picture lies. */
  readonly places: readonly string[];
  readonly columns: Columns;
}

const labelHeaders =
  /^(labels?|class(es)?|class[_ ]?(id|name|label)|category([_ ]?(id|name))?|target|species|breed|diagnosis|dx|y)$/i;
const splitHeaders = /^(splits?|sub_?set|data[_ ]?(set|type|split)|partition|fold|phase|usage)$/i;
/** Rows that are looked at to recognise a list. */
const lookedAt = 20;
const missingEndings = ['.jpg', '.jpeg', '.JPEG', '.JPG', '.png', '.PNG'];

/** A path of a list as one relative to where its pictures lie. */
export const asPath = (field: string): string => field.replaceAll('\\', '/').replace(/^(\.\/)+/, '');

/** The split that a value of a row names; null for any other value. */
export const splitOf = (value: string | undefined): string | null => splitInName(value ?? '')?.split ?? null;

function firstRows(path: string): readonly Row[] {
  const rows: Row[] = [];
  for (const row of rowsIn(path)) {
    rows.push(row);
    if (rows.length > lookedAt) break;
  }
  return rows;
}

/** Fields that are 0 but for one that is 1, in all rows. */
function oneHot(header: Row, rows: readonly Row[], path: number): LabelColumn | null {
  const others = [...header.keys()].filter((at) => at !== path);
  const fits = (row: Row) => others.every((at) => /^[01](\.0+)?$/.test(row[at] ?? '')) && countOnes(row, others) === 1;
  return others.length > 1 && rows.length > 0 && rows.every(fits)
    ? { oneOf: others.map((at) => [at, header[at]!] as const) }
    : null;
}

const countOnes = (row: Row, fields: readonly number[]) => fields.filter((at) => Number(row[at]) === 1).length;

function labelColumn(header: Row | null, rows: readonly Row[], path: number, split: number | null): LabelColumn | null {
  const stated = header === null ? -1 : header.findIndex((each) => labelHeaders.test(each));
  if (stated >= 0) return { field: stated };
  const hot = header === null ? null : oneHot(header, rows, path);
  if (hot !== null) return hot;
  const width = rows[0]?.length ?? 0;
  const beside = [path + 1, path - 1].find((at) => at >= 0 && at < width && at !== split);
  return beside === undefined ? null : { field: beside };
}

function columnsOf(rows: readonly Row[], picture: number, path: number, ending: string): Columns {
  const first = rows[0]!;
  const header = picture > 0 && first.length > 1 && !first.some(isReadable) ? first : null;
  const body = header === null ? rows : rows.slice(1);
  const named = header === null ? -1 : header.findIndex((each) => splitHeaders.test(each));
  // A column called "fold" may count the folds of a cross-validation.
  const split = named >= 0 && body.every((row) => splitOf(row[named]) !== null) ? named : null;
  return { path, label: labelColumn(header, body, path, split), split, ending, hasHeader: header !== null };
}

/**
 * Where the first pictures of a list lie, and how its rows are made; null if it is no list of pictures that are here.
 *
 * @param places folders in which its pictures may lie, with `/`
 */
export function listFile(root: string, split: string | null, path: string, places: readonly string[]): ListFile | null {
  const rows = firstRows(join(root, path));
  for (const [picture, row] of rows.entries()) {
    const named = row.findIndex(isReadable);
    const at = Math.max(named, 0);
    const name = asPath(row[at] ?? '');
    if (name === '' || whyUnsafe(name) !== null) continue;
    for (const place of places)
      for (const ending of named < 0 ? missingEndings : [''])
        if (existsSync(join(root, place + name + ending)))
          return {
            split,
            path,
            places: [place, ...places.filter((other) => other !== place)],
            columns: columnsOf(rows, picture, at, ending),
          };
  }
  return null;
}

/** The class that a row states; undefined where the row lacks it, null where the list has none. */
export function labelIn(row: Row, { label }: Columns): string | null | undefined {
  if (label === null) return null;
  if ('field' in label) return row[label.field];
  return label.oneOf.find(([at]) => Number(row[at]) === 1)?.[1];
}
