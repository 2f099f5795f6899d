/** Order and filters of the list of runs. */
import type { RunRow } from '../../../electron/api/runs.ts';
import type { FaultCode } from '../../../trainer/protocol/fault.ts';

export const runFilters = ['all', 'active', 'interrupted', 'done', 'archived'] as const;
export type RunFilter = (typeof runFilters)[number];

/** Rows that hold every word of the search, anywhere. */
export function searchRuns(rows: readonly RunRow[], search: string): readonly RunRow[] {
  const words = search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return rows.filter((row) => {
    const text =
      `${row.title} ${row.method} ${row.dataset} ${row.note} ${row.tags.join(' ')} ${row.id} ${row.seed}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

export function passesFilter(row: RunRow, by: RunFilter): boolean {
  if (by === 'archived') return row.archived;
  if (row.archived) return false;
  if (by === 'active') return isAlive(row);
  if (by === 'interrupted') return canResume(row);
  return by === 'all' || row.status === by;
}

/** Those that a trainer has first, then the newest. Queued runs are a list of their own, in an order of their own. */
export function sortRuns(rows: readonly RunRow[]): readonly RunRow[] {
  return [...rows].sort(
    (one, other) => Number(isAlive(other)) - Number(isAlive(one)) || other.createdAt - one.createdAt,
  );
}

/** From the first start to the last end; null until then, and where the clock was set back meanwhile. */
export function secondsTaken({ startedAt, endedAt }: Pick<RunRow, 'startedAt' | 'endedAt'>): number | null {
  return startedAt === null || endedAt === null || endedAt < startedAt ? null : (endedAt - startedAt) / 1000;
}

/** True if a trainer has the run. */
export function isAlive(row: Pick<RunRow, 'status'>): boolean {
  return row.status === 'running' || row.status === 'paused';
}

export function canResume(row: Pick<RunRow, 'status'>): boolean {
  return row.status === 'interrupted' || row.status === 'stopped' || row.status === 'failed';
}

/** Faults that the same settings meet again. */
export const meetsAgain: ReadonlySet<FaultCode> = new Set([
  'bad-argument',
  'unknown-id',
  'empty-dataset',
  'no-test-split',
  'config-mismatch',
  'diverged',
  'collapsed',
  'out-of-memory',
  'device-unavailable',
  'subject-missing',
  'not-available',
]);

/** What can succeed for a run that ended early: going on, changed settings, or saying where its data is. Null for others. */
export function nextStep(row: Pick<RunRow, 'status' | 'fault'>): 'resume' | 'change' | 'find-data' | null {
  if (!canResume(row)) return null;
  if (row.fault === null || row.fault.retry === 'resume') return 'resume';
  if (row.fault.retry === 'choose-folder') return 'find-data';
  return row.fault.retry === 'smaller-batch' || meetsAgain.has(row.fault.code) ? 'change' : 'resume';
}
