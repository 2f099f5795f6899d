/** What the command palette offers: pages, actions, and runs, plans and data sets by name. */
import type { CommandId } from '../../../electron/api/pushes.ts';
import type { Settings } from '../../../electron/api/settings.ts';
import { accelerators, keysInWords } from '../../../electron/words/accelerators.ts';
import { ask } from '../../lib/client.ts';
import { f, t } from '../../lib/language/i18n.svelte.ts';
import { nameOf } from '../../lib/language/words.ts';
import { router } from '../../lib/route.svelte.ts';
import type { Workspace } from '../../lib/workspace.svelte.ts';

const entryGroups = ['page', 'action', 'run', 'plan', 'dataset'] as const;

export interface Entry {
  readonly group: (typeof entryGroups)[number];
  readonly label: string;
  /** What tells entries of one name apart; searched too. */
  readonly detail: string;
  readonly keys?: string | undefined;
  readonly run: () => void;
}

const pages = ['plans', 'runs', 'compare', 'datasets', 'weights', 'reports', 'hardware', 'settings'] as const;

interface PaletteContext {
  readonly workspace: Workspace;
  readonly carryOut: (command: CommandId) => void;
  readonly isMac: boolean;
}

function commandEntries({ carryOut, isMac }: PaletteContext): readonly Entry[] {
  const keysOf = (command: CommandId): string => keysInWords(accelerators[command], isMac);
  const entry = (group: Entry['group'], command: CommandId, label: string): Entry => ({
    group,
    label,
    detail: '',
    keys: keysOf(command),
    run: () => carryOut(command),
  });
  return [
    ...pages.map((page) => entry('page', page, t(`rail.${page}`))),
    entry('action', 'newRun', t('action.newRun')),
    entry('action', 'openFolder', t('palette.openFolder')),
    entry('action', 'exportReport', t('report.export')),
    entry('action', 'shortcuts', t('shortcuts.title')),
  ];
}

function settingEntries({ workspace }: PaletteContext): readonly Entry[] {
  const { about } = workspace;
  if (about === null) return [];
  const change = (changed: Partial<Settings>) => () => void workspace.change({ ...about.settings, ...changed });
  return [
    ...(['system', 'light', 'dark'] as const).map((theme): Entry => ({
      group: 'action',
      label: t('palette.theme', { theme: t(`theme.${theme}`) }),
      detail: '',
      run: change({ theme }),
    })),
    ...(['en', 'zh'] as const).map((language): Entry => ({
      group: 'action',
      label: t('palette.language', { language: t(`language.${language}`) }),
      detail: '',
      run: change({ language }),
    })),
  ];
}

/** What can be done with the run that trains. */
function trainerEntries({ workspace }: PaletteContext): readonly Entry[] {
  const run = workspace.current;
  if (run === null) return [];
  const act = (label: string, work: () => Promise<unknown>): Entry => ({
    group: 'action',
    label,
    detail: run.title,
    run: () => void workspace.attempt(work),
  });
  return [
    run.status === 'paused'
      ? act(t('run.continue'), () => ask('continueRun', run.id))
      : act(t('run.pause'), () => ask('pauseRun', run.id, 'now')),
    act(t('run.stopSafely'), () => ask('stopRun', run.id, 'safely')),
  ];
}

export function entriesOf(context: PaletteContext): readonly Entry[] {
  const { workspace } = context;
  const runs = workspace.runs.value ?? [];
  return [
    ...commandEntries(context),
    ...trainerEntries(context),
    ...settingEntries(context),
    ...runs.map((row): Entry => ({
      group: 'run',
      label: row.title,
      detail: [
        nameOf('method', row.method),
        nameOf('dataset', row.dataset),
        t('run.seed', { seed: String(row.seed) }),
        t(`status.${row.status}`),
        ...row.tags,
      ].join(' · '),
      run: () => router.go({ view: 'run', run: row.id }),
    })),
    ...runs
      .filter((row) => row.kind === 'pretrain' && row.safeStep !== null)
      .map((row): Entry => ({
        group: 'action',
        label: t('action.evaluate'),
        detail: row.title,
        run: () => router.go({ view: 'evaluate', of: { kind: 'run', run: row.id } }),
      })),
    ...(workspace.plans.value ?? []).map(({ plan }): Entry => ({
      group: 'plan',
      label: plan.title[f().language],
      detail: '',
      run: () => router.go({ view: 'plans', plan: plan.id }),
    })),
    ...(workspace.datasets.value ?? []).map(({ name, path, fingerprint }): Entry => ({
      group: 'dataset',
      label: name,
      detail: path,
      run: () => router.go({ view: 'datasets', dataset: fingerprint }),
    })),
  ];
}

/** More of a kind are found by typing more. */
const mostOfGroup = 8;

/**
 * Entries that hold every word that was typed, by group; names that begin with it come first, and so do their groups.
 * Without words, pages and actions, and the first of the others.
 */
export function findEntries(entries: readonly Entry[], typed: string): readonly Entry[] {
  const text = typed.trim().toLowerCase();
  const words = text.split(/\s+/).filter((word) => word !== '');
  const rank = ({ label }: Entry): number => {
    const name = label.toLowerCase();
    return name.startsWith(text) ? 0 : words.every((word) => name.includes(word)) ? 1 : 2;
  };
  const found = entries
    .filter(({ label, detail }) => {
      const all = `${label} ${detail}`.toLowerCase();
      return words.every((word) => all.includes(word));
    })
    .map((entry, at) => ({ entry, at, rank: rank(entry) }))
    .sort((one, other) => one.rank - other.rank || one.at - other.at);
  return (
    entryGroups
      .map((group) => found.filter(({ entry }) => entry.group === group))
      .filter((own) => own.length > 0)
      // Where the names fit best comes first.
      .sort(([one], [other]) => one!.rank - other!.rank)
      .flatMap((own) => {
        const isShort = words.length === 0 && !['page', 'action'].includes(own[0]!.entry.group);
        return own.slice(0, isShort ? 3 : mostOfGroup).map(({ entry }) => entry);
      })
  );
}
