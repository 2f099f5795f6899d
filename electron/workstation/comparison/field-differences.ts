/** Fields in which two sides differ, classed by the table in `electron/words/field-classes.ts`. */
import { canonicalJson } from '../../../trainer/durable/canonical-json.ts';
import type { OptionValue } from '../../../trainer/protocol/options.ts';
import type { Reason } from '../../api/comparison.ts';
import { fieldClasses, whyUnnamed, whyUnstated, type FieldClass } from '../../words/field-classes.ts';
import type { Fields } from './configuration-fields.ts';

/** Of 4 / 3 as many digits as anyone reads. */
const rounded = (value: number | string): string =>
  typeof value === 'number' ? String(Number(value.toPrecision(4))) : value;

/** Fields that are drawn from the first of their two values to the second. */
const ranges = /\.(cropArea|cropRatio|blurSigma)$/;

/** Widths of layers as papers write them, 8192-8192-8192; a range as 0.08–1; other lists with commas. */
export function shown(field: string, value: OptionValue | null | undefined): Reason['theirs'] {
  if (!Array.isArray(value)) return value ?? null;
  if (ranges.test(field)) return value[0] === value[1] ? (value[0] ?? null) : value.map(rounded).join('–');
  return value.join(field.startsWith('options.') ? '-' : ', ');
}

/** `views.*.blur` as an expression that captures what a `*` stands for. */
function expressionOf(pattern: string): RegExp {
  const parts = pattern.split('.').map((part, at, all) => {
    if (part !== '*') return part.replaceAll(/[^\w-]/g, String.raw`\$&`);
    return at === all.length - 1 ? '(.+)' : '([^.]+)';
  });
  return new RegExp(`^${parts.join(String.raw`\.`)}$`);
}

const rows = fieldClasses.map((row) => ({ row, expressions: row.fields.map(expressionOf) }));

/** The row of the table for a field, given both sides. */
function classOf(field: string, sides: readonly Fields[]): Pick<FieldClass, 'kind' | 'why'> {
  for (const { row, expressions } of rows) {
    const part = expressions.map((expression) => expression.exec(field)).find((found) => found !== null);
    if (part === undefined) continue;
    const { where } = row;
    if (where === undefined) return row;
    const other = where.field.replace('*', part[1] ?? '');
    const values = sides.flatMap((side) => side[other] ?? []);
    const holds = (value: OptionValue): boolean => ('is' in where ? value === where.is : value !== where.not);
    if (values.length > 0 && values.every(holds)) return row;
  }
  return { kind: 'deviation', why: whyUnnamed };
}

/** A reason outside the comparison of fields, classed by the same table. */
export function reasonOf(field: string, theirs: Reason['theirs'], ours: Reason['ours']): Reason {
  const { kind, why } = classOf(field, []);
  return { field, theirs, ours, kind, why };
}

/** A value that one side does not know may or may not rule out a verdict. */
function weakened(kind: FieldClass['kind']): FieldClass['kind'] {
  return kind === 'breaks' ? 'deviation' : kind;
}

/**
 * Every field of either side in which they differ. What theirs does not state cannot differ from it: it is listed as unstated, and
 * not at all where it changes no figure.
 */
export function fieldDifferences(theirs: Fields, ours: Fields): readonly Reason[] {
  const sides = [theirs, ours];
  return [...new Set([...Object.keys(theirs), ...Object.keys(ours)])].sort().flatMap((field): readonly Reason[] => {
    const [left, right] = [theirs[field], ours[field]];
    if (canonicalJson(left ?? null) === canonicalJson(right ?? null)) return [];
    const { kind, why } = classOf(field, sides);
    const values = { field, theirs: shown(field, left), ours: shown(field, right) };
    if (left === undefined)
      return kind === 'irrelevant' || right === '' ? [] : [{ ...values, kind: 'unstated', why: whyUnstated }];
    return [{ ...values, kind: right === undefined ? weakened(kind) : kind, why }];
  });
}

/** Fields of operation that are not as usual; no paper states them. */
export function operationDifferences(usual: Fields, ours: Fields): readonly Reason[] {
  return Object.keys(ours)
    .sort()
    .flatMap((field): readonly Reason[] => {
      if (canonicalJson(usual[field] ?? null) === canonicalJson(ours[field] ?? null)) return [];
      const { kind, why } = classOf(field, []);
      const values = { field, theirs: null, ours: shown(field, ours[field]) };
      return [kind === 'irrelevant' ? { ...values, kind, why } : { ...values, kind: 'unstated', why: whyUnstated }];
    });
}

const ranks: Readonly<Record<Reason['kind'], number>> = { breaks: 0, deviation: 1, unstated: 2, irrelevant: 3 };

/** What rules out a verdict first. */
export function inOrder(reasons: readonly Reason[]): readonly Reason[] {
  return reasons.toSorted((one, other) => ranks[one.kind] - ranks[other.kind]);
}

/** `views.2.blur` → views, 2, blur; null for a field that is not one of several. */
function partsOf(field: string): { readonly name: string; readonly index: string; readonly leaf: string } | null {
  const [, name, index, leaf] = /^(views|encoders)\.(\d+)\.(.+)$/.exec(field) ?? [];
  return name === undefined || index === undefined || leaf === undefined ? null : { name, index, leaf };
}

/**
 * `views.1.blur` and `views.2.blur` that are alike are one row: `views.blur` of all that every side has, else `views.1,2.blur`.
 *
 * @param likeness equal for rows that say the same but for their field
 */
export function mergeRepeated<Row extends { readonly field: string }>(
  rows: readonly Row[],
  sides: readonly Fields[],
  likeness: (row: Row) => unknown,
): readonly Row[] {
  const sharedIndices = (name: string): ReadonlySet<string> => {
    const [first = {}, ...others] = sides;
    const shared = Object.keys(first).filter((field) => others.every((side) => field in side));
    return new Set(shared.flatMap((field) => (partsOf(field)?.name === name ? partsOf(field)!.index : [])));
  };
  const merged = new Map<string, { readonly row: Row; readonly at: readonly string[] }>();
  for (const row of rows) {
    const parts = partsOf(row.field);
    const key = canonicalJson([parts?.name ?? '', parts?.leaf ?? row.field, likeness(row)]);
    const known = merged.get(key);
    merged.set(key, {
      row: known?.row ?? row,
      at: [...(known?.at ?? []), ...(parts === null ? [] : [parts.index])],
    });
  }
  return [...merged.values()].map(({ row, at }) => {
    const parts = partsOf(row.field);
    if (parts === null) return row;
    const shared = sharedIndices(parts.name);
    const isAll = at.length === shared.size && at.every((index) => shared.has(index));
    return { ...row, field: `${parts.name}${isAll ? '' : `.${at.join(',')}`}.${parts.leaf}` };
  });
}
