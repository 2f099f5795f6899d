/** The actions of a run's menu in the table. */
import type { RunRow } from '../../../../electron/api/runs.ts';
import { ask } from '../../../lib/client.ts';
import { t } from '../../../lib/language/i18n.svelte.ts';
import { router } from '../../../lib/route.svelte.ts';
import type { Workspace } from '../../../lib/workspace.svelte.ts';
import { isAlive, nextStep } from '../run-list.ts';

interface RowAction {
  readonly id: string;
  readonly label: string;
  readonly icon:
    'play' | 'datasets' | 'edit' | 'reports' | 'tag' | 'again' | 'compare' | 'folder' | 'archive' | 'trash';
  readonly danger?: boolean;
  readonly disabled?: boolean;
  readonly run: () => void;
}

export interface RowActions {
  readonly workspace: Workspace;
  readonly rename: () => void;
  readonly annotate: () => void;
  readonly tag: () => void;
  readonly archive: () => void;
  readonly remove: () => void;
  /** Performs an action on the run, then reloads the list. */
  readonly act: (work: () => Promise<unknown>) => Promise<void>;
}

/** What lets the run go on, if anything does. */
function continuing(row: RunRow, { act }: RowActions): readonly RowAction[] {
  switch (nextStep(row)) {
    case 'resume':
      return [
        { id: 'resume', label: t('action.resume'), icon: 'play', run: () => void act(() => ask('resumeRun', row.id)) },
      ];
    case 'find-data':
      return [
        {
          id: 'find-data',
          label: t('action.findData'),
          icon: 'datasets',
          run: () => router.go({ view: 'datasets', dataset: null }),
        },
      ];
    case 'change':
    case null:
      return [];
  }
}

export function rowActions(row: RunRow, actions: RowActions): readonly RowAction[] {
  const { workspace } = actions;
  const evaluated = row.kind === 'pretrain' && row.safeStep !== null;
  return [
    ...continuing(row, actions),
    { id: 'rename', label: t('action.rename'), icon: 'edit', run: actions.rename },
    {
      id: 'note',
      label: t(row.note === '' ? 'action.note' : 'action.changeNote'),
      icon: 'reports',
      run: actions.annotate,
    },
    { id: 'tags', label: t('action.tags'), icon: 'tag', run: actions.tag },
    {
      id: 'again',
      label: t('action.runAgain'),
      icon: 'again',
      run: () => router.go({ view: 'new', again: row.id, chunk: null }),
    },
    ...(evaluated
      ? ([
          {
            id: 'evaluate',
            label: t('action.evaluate'),
            icon: 'compare',
            run: () => router.go({ view: 'evaluate', of: { kind: 'run', run: row.id } }),
          },
        ] as const)
      : []),
    {
      id: 'folder',
      label: t('action.showInFolder'),
      icon: 'folder',
      run: () => void workspace.attempt(() => ask('showInFolder', { kind: 'run', id: row.id })),
    },
    {
      id: 'archive',
      label: t(row.archived ? 'action.unarchive' : 'action.archive'),
      icon: 'archive',
      run: actions.archive,
    },
    {
      id: 'delete',
      label: t('action.delete'),
      icon: 'trash',
      danger: true,
      disabled: isAlive(row),
      run: actions.remove,
    },
  ];
}
