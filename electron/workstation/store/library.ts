/** Rows of the workspace rather than of a run: data sets, plans, reports, calibrations. */
import * as v from 'valibot';
import { Inspection } from '../../../trainer/protocol/dataset.ts';
import type { ReadableDatabase, WritableDatabase } from './open.ts';
import { statement } from './statement.ts';
import type { Queries, StoredDataset, StoredPlan, StoredReport } from './store.ts';

export function saveDataset(database: WritableDatabase, dataset: StoredDataset): void {
  statement(
    database,
    `INSERT INTO datasets (fingerprint, name, path, inspection, signature, inspected_at, built_in)
     VALUES (@fingerprint, @name, @path, @inspection, @signature, @inspectedAt, @builtIn)
     ON CONFLICT DO UPDATE SET name = excluded.name, path = excluded.path, inspection = excluded.inspection,
       signature = excluded.signature, inspected_at = excluded.inspected_at, built_in = excluded.built_in`,
  ).run({ ...dataset, inspection: JSON.stringify(dataset.inspection), builtIn: Number(dataset.builtIn) });
}

export function forgetDataset(database: WritableDatabase, fingerprint: string): void {
  statement(database, 'DELETE FROM datasets WHERE fingerprint = ?').run(fingerprint);
}

export function forgetPlan(database: WritableDatabase, id: string): void {
  statement(database, 'DELETE FROM plans WHERE id = ?').run(id);
}

export function datasets(database: ReadableDatabase): readonly StoredDataset[] {
  return statement<
    Omit<StoredDataset, 'inspection' | 'builtIn'> & { readonly inspection: string; readonly builtIn: number }
  >(
    database,
    `SELECT fingerprint, name, path, inspection, signature, inspected_at AS inspectedAt, built_in AS builtIn
     FROM datasets ORDER BY built_in DESC, name, fingerprint`,
  )
    .all()
    .map((row) => ({
      ...row,
      inspection: v.parse(Inspection, JSON.parse(row.inspection)),
      builtIn: row.builtIn === 1,
    }));
}

export function savePlan(database: WritableDatabase, plan: StoredPlan): void {
  statement(
    database,
    `INSERT INTO plans (id, plan, started_at, paused) VALUES (@id, @plan, @startedAt, @paused)
     ON CONFLICT DO UPDATE SET plan = excluded.plan, started_at = excluded.started_at, paused = excluded.paused`,
  ).run({ ...plan, paused: Number(plan.paused) });
}

export function plans(database: ReadableDatabase): readonly StoredPlan[] {
  return statement<Omit<StoredPlan, 'paused'> & { readonly paused: number }>(
    database,
    'SELECT id, plan, started_at AS startedAt, paused FROM plans ORDER BY started_at, id',
  )
    .all()
    .map((row) => ({ ...row, paused: row.paused === 1 }));
}

export function saveReport(database: WritableDatabase, report: StoredReport): void {
  statement(
    database,
    `INSERT INTO reports (id, title, language, created_at, folder) VALUES (@id, @title, @language, @createdAt, @folder)
     ON CONFLICT DO UPDATE SET title = excluded.title, language = excluded.language,
       created_at = excluded.created_at, folder = excluded.folder`,
  ).run(report);
}

export function reports(database: ReadableDatabase): readonly StoredReport[] {
  return statement<StoredReport>(
    database,
    'SELECT id, title, language, created_at AS createdAt, folder FROM reports ORDER BY created_at DESC, id',
  ).all();
}

export function saveCalibration(database: WritableDatabase, key: string, calibration: string, at: number): void {
  statement(
    database,
    `INSERT INTO calibrations (key, calibration, at) VALUES (?, ?, ?)
     ON CONFLICT DO UPDATE SET calibration = excluded.calibration, at = excluded.at`,
  ).run(key, calibration, at);
}

export function calibration(database: ReadableDatabase, key: string): ReturnType<Queries['calibration']> {
  const row = statement<NonNullable<ReturnType<Queries['calibration']>>>(
    database,
    'SELECT calibration, at FROM calibrations WHERE key = ?',
  ).get(key);
  return row ?? null;
}
