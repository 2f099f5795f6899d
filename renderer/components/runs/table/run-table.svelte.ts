/** State of the table of runs: which are listed, in which columns and order, and which are selected. */
import { untrack } from 'svelte';
import { SvelteSet } from 'svelte/reactivity';
import type { RunColumns, RunRow } from '../../../../electron/api/runs.ts';
import { ask } from '../../../lib/client.ts';
import { tabSeparated } from '../../../lib/copy/table-text.ts';
import { keep, kept } from '../../../lib/kept.ts';
import { t } from '../../../lib/language/i18n.svelte.ts';
import { encoderText, nameOf } from '../../../lib/language/words.ts';
import { Task } from '../../../lib/task.svelte.ts';
import type { Workspace } from '../../../lib/workspace.svelte.ts';
import { passesFilter, type RunFilter, searchRuns, sortRuns } from '../run-list.ts';
import {
  alwaysShown,
  askedColumns,
  changedAmong,
  planTitle,
  runColumns,
  settingFacts,
  usualColumns,
  type Column,
} from './columns.ts';
import { linesOf, sortBy, type Line } from './lines.ts';

export const groupings = ['none', 'plan', 'seed', 'encoder', 'method'] as const;
export type Grouping = (typeof groupings)[number];

/** Kept between starts. */
interface TableView {
  /** By id, in the order of the columns. */
  readonly columns: readonly string[];
  /** Null: running ones, then the newest. */
  readonly sort: { readonly column: string; readonly descending: boolean } | null;
  readonly group: Grouping;
  readonly onlyChanged: boolean;
}

const viewKey = 'runs';

function readView(stored: unknown): TableView {
  const given = (typeof stored === 'object' && stored !== null ? stored : {}) as Partial<
    Record<keyof TableView, unknown>
  >;
  const { columns, sort, group, onlyChanged } = given;
  const isText = (value: unknown): value is string => typeof value === 'string';
  const order = sort as TableView['sort'] | undefined;
  return {
    columns: Array.isArray(columns) && columns.every(isText) ? columns : usualColumns,
    sort: isText(order?.column) && typeof order?.descending === 'boolean' ? order : null,
    group: groupings.find((one) => one === group) ?? 'none',
    onlyChanged: onlyChanged === true,
  };
}

/** Created by the page's component: its effects end with the component. */
export class RunTable {
  search = $state('');
  filter = $state<RunFilter>('all');
  /** Only runs that have all of these. */
  readonly withTags = new SvelteSet<string>();
  view = $state.raw<TableView>(kept(viewKey, readView));
  closed = $state.raw<ReadonlySet<string>>(new Set());
  chosen = $state.raw<ReadonlySet<string>>(new Set());
  /** The list of columns is open: all that there are, are needed. */
  isChoosing = $state(false);
  /** The tags of the selected runs are being changed. */
  isTagging = $state(false);
  readonly asked = new Task<RunColumns>();

  readonly #workspace: Workspace;
  /** The others wait in the queue, which is a list of its own. */
  readonly rows = $derived.by((): readonly RunRow[] =>
    (this.#workspace.runs.value ?? []).filter(({ status }) => status !== 'queued'),
  );
  readonly matching = $derived(searchRuns(this.rows, this.search));
  readonly tags = $derived([...new Set(this.rows.flatMap((row) => row.tags))].sort());
  readonly columns = $derived.by((): readonly Column[] => [
    ...runColumns(this.#workspace.plans.value ?? []),
    ...(this.asked.value === null ? [] : askedColumns(this.asked.value)),
  ]);
  readonly #listed = $derived.by(() => {
    const tags = [...this.withTags].filter((tag) => this.tags.includes(tag));
    return sortRuns(
      this.matching.filter((row) => passesFilter(row, this.filter) && tags.every((tag) => row.tags.includes(tag))),
    );
  });
  readonly shownColumns = $derived.by((): readonly Column[] => {
    if (!this.view.onlyChanged)
      // No empty column of tags where nobody gives any.
      return this.columns.filter(({ id }) => this.view.columns.includes(id) && (id !== 'tags' || this.tags.length > 0));
    const settings = this.columns.filter(({ id, group }) => group === 'setting' || settingFacts.includes(id));
    return [...this.columns.filter(({ id }) => alwaysShown.includes(id)), ...changedAmong(settings, this.#listed)];
  });
  /** Rows that are listed, in their order. */
  readonly shown = $derived.by((): readonly RunRow[] => {
    const { sort } = this.view;
    if (sort === null) return this.#listed;
    if (sort.column === 'title') return sortBy(this.#listed, ({ title }) => title, sort.descending);
    const column = this.columns.find(({ id }) => id === sort.column);
    return column === undefined ? this.#listed : sortBy(this.#listed, column.valueOf, sort.descending);
  });
  readonly lines = $derived.by((): readonly Line[] => {
    const { group } = this.view;
    return linesOf(this.shown, group === 'none' ? null : (row) => this.#groupOf(row, group), this.closed);
  });
  /** The selected runs that there are, in the order of the table; those that a filter hides come last. */
  readonly chosenRows = $derived.by((): readonly RunRow[] => {
    const listed = this.shown.filter(({ id }) => this.chosen.has(id));
    if (listed.length === this.chosen.size) return listed;
    const seen = new Set(listed.map(({ id }) => id));
    return [...listed, ...this.rows.filter(({ id }) => this.chosen.has(id) && !seen.has(id))];
  });
  readonly #needsAsked = $derived.by(
    () =>
      this.isChoosing ||
      this.view.onlyChanged ||
      [...this.view.columns, this.view.sort?.column ?? ''].some((id) => /^(setting|figure) /.test(id)),
  );
  readonly #versions = $derived.by(() => this.rows.map(({ id, status }) => `${id}:${status}`).join(' '));

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
    $effect(() => {
      void this.#versions;
      if (this.#needsAsked) untrack(() => void this.asked.run(() => ask('runColumns')));
    });
  }

  show(change: Partial<TableView>): void {
    this.view = { ...this.view, ...change };
    keep(viewKey, this.view);
  }
  toggleColumn(id: string): void {
    const { columns } = this.view;
    this.show({ columns: columns.includes(id) ? columns.filter((one) => one !== id) : [...columns, id] });
  }
  /** Upwards, downwards, and as it was. */
  sortBy(column: string): void {
    const { sort } = this.view;
    if (sort?.column !== column) this.show({ sort: { column, descending: false } });
    else this.show({ sort: sort.descending ? null : { column, descending: true } });
  }
  toggleGroup(key: string): void {
    const next = new Set(this.closed);
    if (!next.delete(key)) next.add(key);
    this.closed = next;
  }
  choose(runs: readonly RunRow[], isChosen: boolean): void {
    const next = new Set(this.chosen);
    for (const { id } of runs) {
      if (isChosen) next.add(id);
      else next.delete(id);
    }
    this.chosen = next;
  }
  chooseOnly(run: string): void {
    this.chosen = new Set([run]);
  }
  clear(): void {
    this.chosen = new Set();
    this.isTagging = false;
  }
  toggleTag(tag: string): void {
    if (!this.withTags.delete(tag)) this.withTags.add(tag);
  }

  /** The listed runs in the shown columns, as spreadsheets paste it. */
  asText(): string {
    const columns = this.shownColumns;
    return tabSeparated([
      [t('runs.column.title'), ...columns.map(({ name }) => name), t('runs.column.tags')],
      ...this.shown.map((row) => [row.title, ...columns.map(({ textOf }) => textOf(row)), row.tags.join(', ')]),
    ]);
  }

  #groupOf(row: RunRow, group: Exclude<Grouping, 'none'>): { readonly key: string; readonly name: string } {
    switch (group) {
      case 'plan':
        return {
          key: row.plan ?? '',
          name: planTitle(row, this.#workspace.plans.value ?? []) ?? t('runs.group.noPlan'),
        };
      case 'seed':
        return { key: String(row.seed), name: t('run.seed', { seed: String(row.seed) }) };
      case 'encoder':
        return { key: row.encoder, name: row.encoder === '' ? t('runs.group.unknown') : encoderText(row.encoder) };
      case 'method':
        return { key: row.method, name: row.method === '' ? t('runs.group.unknown') : nameOf('method', row.method) };
    }
  }
}
