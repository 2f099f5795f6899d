import type { Comparison } from '../../api/comparison.ts';
import type { Member } from './members.ts';

/** A row of a comparison: its subject, and the runs behind its figure. */
export interface Labelled {
  readonly label: string;
  readonly runs: readonly string[];
}

/**
 * One place in the palette for each subject, in the order of the rows, and for each pretraining run that of the subject it
 * belongs to; runs without a figure yet come after them.
 */
export function paletteOf(rows: readonly Labelled[], members: readonly Member[]): Comparison['palette'] {
  const labels = [...new Set(rows.map(({ label }) => label))];
  const subjects = new Map(labels.map((label, place) => [label, place]));
  const labelOf = new Map(rows.flatMap(({ label, runs: measured }) => measured.map((run) => [run, label] as const)));
  const runs = new Map<string, number>();
  for (const { id, config } of members) {
    const label = labelOf.get(id);
    if (label === undefined) continue;
    const trained = config.kind === 'evaluate' ? (config.subject.kind === 'run' ? config.subject.run : null) : id;
    if (trained !== null && !runs.has(trained)) runs.set(trained, subjects.get(label)!);
  }
  let free = labels.length;
  for (const { id, config } of members) if (config.kind === 'pretrain' && !runs.has(id)) runs.set(id, free++);
  return { subjects: Object.fromEntries(subjects), runs: Object.fromEntries(runs) };
}
