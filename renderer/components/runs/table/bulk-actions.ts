/** What can be done with several runs at once; whatever takes something away can be undone. */
import type { RunRow } from '../../../../electron/api/runs.ts';
import { ask } from '../../../lib/client.ts';
import { t } from '../../../lib/language/i18n.svelte.ts';
import type { Workspace } from '../../../lib/workspace.svelte.ts';
import { isAlive } from '../run-list.ts';

/** Carries out the same on each run, until one fails. @returns the runs on which it was */
async function onEach(
  workspace: Workspace,
  runs: readonly RunRow[],
  work: (row: RunRow) => Promise<unknown>,
): Promise<readonly RunRow[]> {
  const done: RunRow[] = [];
  for (const row of runs) {
    if (!(await workspace.attempt(() => work(row)))) break;
    done.push(row);
  }
  workspace.refresh();
  return done;
}

/** Says what was done, with a way back. */
function sayDone(
  workspace: Workspace,
  text: string,
  runs: readonly RunRow[],
  back: (row: RunRow) => Promise<unknown>,
): void {
  if (runs.length === 0) return;
  workspace.say(text, { label: t('action.undo'), run: () => void onEach(workspace, runs, back) });
}

/** Deletes those that no trainer has, and says so of the others. */
export async function deleteRuns(workspace: Workspace, runs: readonly RunRow[]): Promise<void> {
  const kept = runs.filter(isAlive).length;
  const done = await onEach(
    workspace,
    runs.filter((row) => !isAlive(row)),
    ({ id }) => ask('deleteRun', id),
  );
  const [only] = done;
  const text =
    done.length === 1 && only !== undefined
      ? t('runs.deleted', { run: only.title })
      : t('runs.deletedAll', { count: done.length });
  sayDone(workspace, text, done, ({ id }) => ask('undoDelete', id));
  if (kept > 0) workspace.say(t('runs.keptRunning', { count: kept }));
}

export async function archiveRuns(workspace: Workspace, runs: readonly RunRow[], archived: boolean): Promise<void> {
  const changed = runs.filter((row) => row.archived !== archived);
  const done = await onEach(workspace, changed, ({ id }) => ask('archiveRun', id, archived));
  const text = t(archived ? 'runs.archived' : 'runs.unarchived', { count: done.length });
  sayDone(workspace, text, done, ({ id }) => ask('archiveRun', id, !archived));
}

export async function addTag(workspace: Workspace, runs: readonly RunRow[], tag: string): Promise<void> {
  const without = runs.filter(({ tags }) => !tags.includes(tag));
  await onEach(workspace, without, ({ id, tags }) => ask('tagRun', id, [...tags, tag]));
}

export async function removeTag(workspace: Workspace, runs: readonly RunRow[], tag: string): Promise<void> {
  const tagged = runs.filter(({ tags }) => tags.includes(tag));
  const done = await onEach(workspace, tagged, ({ id, tags }) =>
    ask(
      'tagRun',
      id,
      tags.filter((one) => one !== tag),
    ),
  );
  sayDone(workspace, t('runs.untagged', { tag, count: done.length }), done, ({ id, tags }) => ask('tagRun', id, tags));
}
