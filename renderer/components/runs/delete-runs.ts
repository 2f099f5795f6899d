import { ask } from '../../lib/client.ts';
import { t } from '../../lib/language/i18n.svelte.ts';
import type { Workspace } from '../../lib/workspace.svelte.ts';

/** Deletes runs with one message, however many they are, and brings all of them back if that is undone. */
export async function deleteRuns(workspace: Workspace, runs: readonly string[]): Promise<void> {
  const titles = new Map(runs.map((run) => [run, workspace.runById.get(run)?.title ?? run]));
  const deleted: string[] = [];
  for (const run of runs) if (await workspace.attempt(() => ask('deleteRun', run))) deleted.push(run);
  workspace.refresh();
  const [first] = deleted;
  if (first === undefined) return;
  const undo = async (): Promise<void> => {
    for (const run of deleted) await workspace.attempt(() => ask('undoDelete', run));
    workspace.refresh();
  };
  const text =
    deleted.length === 1
      ? t('runs.deleted', { run: titles.get(first) ?? first })
      : t('runs.deletedSeveral', { count: deleted.length });
  workspace.say(text, { label: t('action.undo'), run: () => void undo() });
}
