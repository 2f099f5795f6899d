import type { Comparison, ComparisonRow } from '../../api/comparison.ts';
import type { Member } from './members.ts';

/**
 * One place in the palette for each subject, in the order of the rows, and for each pretraining run that of the subject it
 * belongs to; runs without a figure yet come after them.
 */
export function paletteOf(rows: readonly ComparisonRow[], members: readonly Member[]): Comparison['palette'] {
  const subjects = new Map([...new Set(rows.map(({ subject }) => subject.id))].map((id, place) => [id, place]));
  const subjectOf = new Map(
    rows.flatMap(({ subject, ours }) => (ours?.values ?? []).map(({ run }) => [run, subject.id] as const)),
  );
  const runs = new Map<string, number>();
  for (const { id, config } of members) {
    const subject = subjectOf.get(id);
    if (subject === undefined) continue;
    const trained = config.kind === 'evaluate' ? (config.subject.kind === 'run' ? config.subject.run : null) : id;
    if (trained !== null && !runs.has(trained)) runs.set(trained, subjects.get(subject)!);
  }
  let free = subjects.size;
  for (const { id, config } of members) if (config.kind === 'pretrain' && !runs.has(id)) runs.set(id, free++);
  return { subjects: Object.fromEntries(subjects), runs: Object.fromEntries(runs) };
}
