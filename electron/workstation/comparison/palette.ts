import { evaluatedRun } from '../../../trainer/protocol/run.ts';
import type { Comparison } from '../../api/comparison.ts';
import type { Member } from './members.ts';

/** A row of a comparison: the id of its subject, and the runs behind its figure. */
export interface Identified {
  readonly subject: string;
  readonly runs: readonly string[];
}

/**
 * One place in the palette for each subject, in the order of the rows, and for each pretraining run that of the subject it
 * belongs to; runs without a figure yet come after them.
 */
export function paletteOf(rows: readonly Identified[], members: readonly Member[]): Comparison['palette'] {
  const subjects = new Map([...new Set(rows.map(({ subject }) => subject))].map((id, place) => [id, place]));
  const subjectOf = new Map(
    rows.flatMap(({ subject, runs: measured }) => measured.map((run) => [run, subject] as const)),
  );
  const runs = new Map<string, number>();
  for (const { id, config } of members) {
    const subject = subjectOf.get(id);
    if (subject === undefined) continue;
    const trained = config.kind === 'evaluate' ? evaluatedRun(config) : id;
    if (trained !== null && !runs.has(trained)) runs.set(trained, subjects.get(subject)!);
  }
  let free = subjects.size;
  for (const { id, config } of members) if (config.kind === 'pretrain' && !runs.has(id)) runs.set(id, free++);
  return { subjects: Object.fromEntries(subjects), runs: Object.fromEntries(runs) };
}
