/** The runs of a comparison, stored or planned, and the runs they evaluate. */
import { evaluatedRun } from '../../../trainer/protocol/run.ts';
import type { Plan } from '../../../trainer/protocol/plan.ts';
import type { ComparisonRow, Selection } from '../../api/comparison.ts';
import type { StoredRun } from '../store/store.ts';
import type { ComparisonInput } from './comparison-input.ts';
import { distinctTitles, distinctWeights } from './titles.ts';

/** A run as the comparison sees it: stored, or still only planned. */
export interface Member {
  readonly id: string;
  readonly title: string;
  readonly config: StoredRun['config'];
  readonly stored: StoredRun | null;
  readonly key: string | null;
  readonly role: ComparisonRow['subject']['role'];
}

const byCreation = (one: StoredRun, other: StoredRun): number =>
  one.createdAt - other.createdAt || (one.id < other.id ? -1 : 1);

/** The newest run of each planned key; a key without a run counts as planned. */
function plannedMembers(plan: Plan, runs: readonly StoredRun[]): readonly Member[] {
  return plan.runs.map(({ key, role, config }) => {
    const stored =
      runs
        .filter((run) => run.plan === plan.id && run.planKey === key)
        .sort(byCreation)
        .at(-1) ?? null;
    const own = stored ?? { id: key, title: config.title, config };
    return { id: own.id, title: own.title, config: own.config, stored, key, role };
  });
}

/** The chosen runs, and the evaluations of the chosen pretrainings. */
function chosenMembers(chosen: readonly string[], runs: readonly StoredRun[]): readonly Member[] {
  const ids = new Set(chosen);
  const inSelection = (run: StoredRun): boolean => ids.has(run.id) || ids.has(evaluatedRun(run.config) ?? '');
  return runs
    .filter(inSelection)
    .sort(byCreation)
    .map((run) => {
      const { id, title, config } = run;
      const control = config.kind === 'evaluate' && ['random', 'pixels'].includes(config.subject.kind);
      return { id, title, config, stored: run, key: null, role: control ? ('control' as const) : ('other' as const) };
    });
}

export type Find = (run: string) => Member | undefined;

/** The runs in a comparison, stored or planned. */
export function membersOf(selection: Selection, plan: Plan | null, runs: readonly StoredRun[]): readonly Member[] {
  if (selection.kind === 'plan' && plan !== null) return plannedMembers(plan, runs);
  return chosenMembers(selection.kind === 'runs' ? selection.runs : [], runs);
}

/** Members and the runs they evaluate, each with a title of its own. */
export function toldApart(
  given: readonly Member[],
  { runs, catalogue }: Pick<ComparisonInput, 'runs' | 'catalogue'>,
): { readonly members: readonly Member[]; readonly find: Find; readonly titles: Readonly<Record<string, string>> } {
  const known = new Set(given.map(({ id }) => id));
  const evaluated = new Set(given.flatMap(({ config }) => evaluatedRun(config) ?? []));
  const sources = runs
    .filter(({ id }) => evaluated.has(id) && !known.has(id))
    .sort(byCreation)
    .map((stored): Member => ({ ...stored, stored, key: null, role: 'other' }));
  const titles = distinctTitles([...given, ...sources], catalogue);
  const names = distinctWeights(given.map(({ config }) => config));
  const retitled = (member: Member): Member => {
    const { config } = member;
    const title = titles.get(member.id)!;
    if (config.kind !== 'evaluate' || config.subject.kind !== 'weights') return { ...member, title };
    const name = names.get(config.subject.weights)!;
    return { ...member, title, config: { ...config, subject: { ...config.subject, name } } };
  };
  const members = given.map(retitled);
  const all = [...members, ...sources.map(retitled)];
  return {
    members,
    find: (id) => all.find((candidate) => candidate.id === id || candidate.key === id),
    titles: Object.fromEntries(titles),
  };
}
