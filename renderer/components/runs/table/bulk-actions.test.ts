/** What is done with several runs at once can be undone, and never reaches a run that a trainer has. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createFake } from '../../../dev/fake/fake.ts';
import { words } from '../../../lib/language/i18n.svelte.ts';
import { Workspace } from '../../../lib/workspace.svelte.ts';
import { addTag, archiveRuns, deleteRuns, removeTag } from './bulk-actions.ts';

let workspace: Workspace;
let close: () => void;
beforeEach(async () => {
  vi.useFakeTimers();
  words.language = 'en';
  Object.defineProperty(window, 'workstation', { value: createFake(), configurable: true });
  workspace = new Workspace();
  close = workspace.open();
  await vi.advanceTimersByTimeAsync(10);
});
afterEach(() => {
  close();
  vi.useRealTimers();
});

const ids = (): readonly string[] => (workspace.runs.value ?? []).map(({ id }) => id);
async function undo(): Promise<void> {
  workspace.notices.find(({ action }) => action !== undefined)!.action!.run();
  await vi.advanceTimersByTimeAsync(10);
}

test('all runs but the one in training are deleted, with one notice that brings them back', async () => {
  const before = ids();
  await deleteRuns(workspace, workspace.runs.value!);
  await vi.advanceTimersByTimeAsync(10);
  expect(ids()).toEqual(['vicreg-small-1']);
  expect(workspace.notices.map(({ text }) => text)).toEqual([
    `Moved to the trash: ${before.length - 1} runs`,
    '1 run is in training and was not deleted. Stop it first.',
  ]);
  await undo();
  expect(ids()).toEqual(before);
});

test('archiving changes only runs that are not archived yet, and so does its undo', async () => {
  const [first, second] = workspace.runs.value!;
  await archiveRuns(workspace, [first!], true);
  await vi.advanceTimersByTimeAsync(10);
  workspace.dismiss(workspace.notices[0]!.id);
  await archiveRuns(
    workspace,
    workspace.runs.value!.filter(({ id }) => id === first!.id || id === second!.id),
    true,
  );
  await vi.advanceTimersByTimeAsync(10);
  await undo();
  expect(workspace.runs.value!.filter(({ archived }) => archived).map(({ id }) => id)).toEqual([first!.id]);
});

test('a tag that only some had is taken from all, and comes back to those alone, in its place', async () => {
  const tagged = (): readonly string[] =>
    workspace.runs.value!.filter(({ tags }) => tags.includes('expander')).map(({ id }) => id);
  const before = tagged();
  expect(before).toHaveLength(1);
  await addTag(workspace, workspace.runs.value!, 'later');
  await vi.advanceTimersByTimeAsync(10);
  await removeTag(workspace, workspace.runs.value!, 'expander');
  await vi.advanceTimersByTimeAsync(10);
  expect(tagged()).toEqual([]);
  await undo();
  expect(tagged()).toEqual(before);
  expect(workspace.runById.get(before[0]!)!.tags).toEqual(['expander', 'later']);
});
