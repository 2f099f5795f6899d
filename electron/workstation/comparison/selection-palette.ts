/** The palette that a comparison of chosen runs has, without its figures. */
import type { RunPalette } from '../../api/comparison.ts';
import type { ComparisonInput } from './comparison-input.ts';
import { groupMembers, roleOrder } from './member-groups.ts';
import { toldApart, type Member } from './members.ts';
import { paletteOf } from './palette.ts';
import { subjectId } from './subjects.ts';

/** @param measured runs that have results */
export function selectionPalette(
  given: readonly Member[],
  measured: ReadonlySet<string>,
  input: Pick<ComparisonInput, 'runs' | 'catalogue' | 'datasets'>,
): RunPalette {
  const names = new Map(input.datasets.map(({ fingerprint, name }) => [fingerprint, name]));
  const { members, find, titles } = toldApart(given, input);
  const rows = groupMembers(members, { find, catalogue: input.catalogue, names })
    .map((group) => ({
      subject: subjectId(group.facts),
      role: group.members[0]!.role,
      isEvaluation: group.members[0]!.config.kind === 'evaluate',
      all: group.members.map(({ id }) => id),
      runs: group.members.flatMap(({ id }) => (measured.has(id) ? [id] : [])),
    }))
    // A pretraining without figures of its own has no row.
    .filter(({ isEvaluation, runs }) => isEvaluation || runs.length > 0)
    .sort((one, other) => roleOrder[one.role] - roleOrder[other.role]);
  const { subjects, runs } = paletteOf(rows, members);
  // A head's curve has the colour of the encoder it is trained on.
  const evaluations = rows.flatMap(({ subject, all }) => all.map((id) => [id, subjects[subject]!] as const));
  return { titles, places: { ...Object.fromEntries(evaluations), ...runs } };
}
