/** Reference curves: rows beside those of runs, which nothing that judges a run reads. */
import * as v from 'valibot';
import type { ReferencePoints, ReferenceRecord } from '../../../trainer/protocol/reference-curves.ts';
import { Said } from '../../../trainer/protocol/said.ts';
import type { Series } from '../../api/curves.ts';
import type { ReadableDatabase, WritableDatabase } from './open.ts';
import { statement } from './statement.ts';

/** Instead of what is there under the same id. */
export function saveReferenceCurves(
  database: WritableDatabase,
  record: ReferenceRecord,
  points: ReferencePoints['curves'],
): void {
  forgetReferenceCurves(database, record.id);
  const { notes, curves, version: _version, ...fields } = record;
  statement(
    database,
    `INSERT INTO reference_curves
       (id, name, kind, file, sha256, bytes, added_at, axis, steps_per_epoch, batch, method, notes)
     VALUES (@id, @name, @kind, @file, @checksum, @bytes, @addedAt, @axis, @stepsPerEpoch, @batch, @method, @notes)`,
  ).run({ ...fields, notes: JSON.stringify(notes) });
  const insertMetric = statement(
    database,
    'INSERT INTO reference_metrics (reference_id, place, source, metric, points) VALUES (?, ?, ?, ?, ?)',
  );
  const insertPoint = statement(
    database,
    'INSERT INTO reference_points (reference_id, place, position, value) VALUES (?, ?, ?, ?)',
  );
  for (const [place, { source, metric, points: count }] of curves.entries()) {
    insertMetric.run(record.id, place, source, metric, count);
    const { positions, values } = points[place] ?? { positions: [], values: [] };
    for (const [at, position] of positions.entries()) insertPoint.run(record.id, place, position, values[at] ?? null);
  }
}

export function describeReferenceCurves(database: WritableDatabase, record: ReferenceRecord): void {
  statement(database, 'UPDATE reference_curves SET name = ? WHERE id = ?').run(record.name, record.id);
  const update = statement(database, 'UPDATE reference_metrics SET metric = ? WHERE reference_id = ? AND source = ?');
  for (const { source, metric } of record.curves) update.run(metric, record.id, source);
}

export function forgetReferenceCurves(database: WritableDatabase, id: string): void {
  statement(database, 'DELETE FROM reference_curves WHERE id = ?').run(id);
}

type Row = Omit<ReferenceRecord, 'notes' | 'curves' | 'version'> & { readonly notes: string };

export function referenceCurves(database: ReadableDatabase): readonly ReferenceRecord[] {
  const metrics = statement<{
    readonly id: string;
    readonly source: string;
    readonly metric: string | null;
    readonly points: number;
  }>(
    database,
    'SELECT reference_id AS id, source, metric, points FROM reference_metrics ORDER BY reference_id, place',
  ).all();
  return statement<Row>(
    database,
    `SELECT id, name, kind, file, sha256 AS checksum, bytes, added_at AS addedAt, axis, steps_per_epoch AS stepsPerEpoch, batch,
       method, notes
     FROM reference_curves ORDER BY added_at, id`,
  )
    .all()
    .map((row) => ({
      ...row,
      version: 1,
      notes: v.parse(v.array(Said), JSON.parse(row.notes)),
      curves: metrics.filter(({ id }) => id === row.id).map(({ id: _id, ...curve }) => curve),
    }));
}

/** At most `points` buckets of as many points each, with the extremes of each; positions instead of steps. */
export function referenceSeries(database: ReadableDatabase, id: string, source: string, points: number): Series {
  const all = statement<{ readonly position: number; readonly value: number | null }>(
    database,
    `SELECT p.position, p.value FROM reference_points p
     JOIN reference_metrics m ON m.reference_id = p.reference_id AND m.place = p.place
     WHERE p.reference_id = ? AND m.source = ? ORDER BY p.position`,
  ).all(id, source);
  return bucketed(
    source,
    all.map(({ position }) => position),
    all.map(({ value }) => value),
    points,
  );
}

export function bucketed(
  name: string,
  positions: readonly number[],
  values: readonly (number | null)[],
  points: number,
): Series {
  const size = Math.max(1, Math.ceil(positions.length / Math.max(1, points)));
  const series = {
    steps: [] as number[],
    mean: [] as (number | null)[],
    min: [] as (number | null)[],
    max: [] as (number | null)[],
  };
  for (let from = 0; from < positions.length; from += size) {
    const part = values.slice(from, from + size);
    const finite = part.filter((value) => value !== null);
    const isWhole = finite.length === part.length;
    series.steps.push(positions[from]!);
    series.mean.push(isWhole ? finite.reduce((sum, value) => sum + value, 0) / finite.length : null);
    series.min.push(isWhole ? Math.min(...finite) : null);
    series.max.push(isWhole ? Math.max(...finite) : null);
  }
  return { name, ...series, discarded: [] };
}
