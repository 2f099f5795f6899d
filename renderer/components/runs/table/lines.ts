/** Rows of the table of runs in their order, and the groups they are shown in. */
import type { RunRow } from '../../../../electron/api/runs.ts';

/** Null: unknown, and last in either direction. */
export type SortValue = number | string | null;

/** Rows of equal values keep their order. */
export function sortBy(
  rows: readonly RunRow[],
  valueOf: (row: RunRow) => SortValue,
  descending: boolean,
): readonly RunRow[] {
  const collator = new Intl.Collator(undefined, { numeric: true });
  const compare = (one: SortValue, other: SortValue): number => {
    if (typeof one === 'number' && typeof other === 'number') return one - other;
    return collator.compare(String(one), String(other));
  };
  return rows
    .map((row) => ({ row, value: valueOf(row) }))
    .sort((one, other) => {
      if (one.value === null || other.value === null) return Number(one.value === null) - Number(other.value === null);
      return compare(one.value, other.value) * (descending ? -1 : 1);
    })
    .map(({ row }) => row);
}

export interface GroupLine {
  readonly kind: 'group';
  readonly key: string;
  readonly name: string;
  readonly rows: readonly RunRow[];
  readonly isOpen: boolean;
}

export type Line = GroupLine | { readonly kind: 'run'; readonly row: RunRow };

/** @param groupOf null: no groups. A group comes where its first row would. */
export function linesOf(
  rows: readonly RunRow[],
  groupOf: ((row: RunRow) => { readonly key: string; readonly name: string }) | null,
  closed: ReadonlySet<string>,
): readonly Line[] {
  if (groupOf === null) return rows.map((row) => ({ kind: 'run', row }));
  const groups = new Map<string, { readonly name: string; readonly rows: RunRow[] }>();
  for (const row of rows) {
    const { key, name } = groupOf(row);
    const group = groups.get(key) ?? { name, rows: [] };
    group.rows.push(row);
    groups.set(key, group);
  }
  return [...groups].flatMap(([key, group]): readonly Line[] => {
    const isOpen = !closed.has(key);
    return [
      { kind: 'group', key, ...group, isOpen },
      ...(isOpen ? group.rows.map((row) => ({ kind: 'run', row }) as const) : []),
    ];
  });
}
