/** Checkpoints, and the marks a curve carries. */
import type { RunDetail } from '../../api/runs.ts';
import type { ReadableDatabase, WritableDatabase } from './open.ts';
import { expectRun } from './runs.ts';
import { statement } from './statement.ts';
import type { Queries, StoredCheckpoint } from './store.ts';

/** Every checkpoint folder, oldest first; a folder rewritten by a later attempt belongs to that attempt. */
export function checkpoints(database: ReadableDatabase, run: string): readonly StoredCheckpoint[] {
  return statement<Omit<StoredCheckpoint, 'present'> & { readonly present: number }>(
    database,
    `SELECT attempt, step, epoch, folder, bytes, at, reason, present, manifest_sha256 AS manifestSha256
     FROM checkpoints c
     WHERE run_id = ? AND NOT EXISTS (
       SELECT 1 FROM checkpoints newer
       WHERE newer.run_id = c.run_id AND newer.step = c.step AND newer.folder = c.folder AND newer.attempt > c.attempt
     )
     ORDER BY step, attempt`,
  )
    .all(run)
    .map((row) => ({ ...row, present: row.present === 1 }));
}

/** @param folder one of several of that step; without it, all */
export function markCheckpoint(
  database: WritableDatabase,
  run: string,
  step: number,
  present: boolean,
  folder?: string,
): void {
  expectRun(database, run);
  statement(
    database,
    'UPDATE checkpoints SET present = @present WHERE run_id = @run AND step = @step AND folder = coalesce(@folder, folder)',
  ).run({ run, step, present: Number(present), folder: folder ?? null });
}

/** Adds a verified folder without an event: the trainer died between the rename and the message. */
export function adoptCheckpoint(
  database: WritableDatabase,
  run: string,
  checkpoint: Parameters<Queries['adoptCheckpoint']>[1],
): void {
  expectRun(database, run);
  statement(
    database,
    `INSERT INTO checkpoints (run_id, attempt, step, epoch, folder, bytes, at, reason, manifest_sha256)
     VALUES (@run, @attempt, @step, @epoch, @folder, @bytes, @at, 'found', @manifestSha256)
     ON CONFLICT DO UPDATE SET present = 1`,
  ).run({ run, ...checkpoint, at: Math.round(checkpoint.at) });
}

/** Codes, not sentences: the window words them. */
export function marks(database: ReadableDatabase, run: string): RunDetail['marks'] {
  return statement<RunDetail['marks'][number]>(
    database,
    `SELECT step, 'checkpoint' AS kind, reason AS text FROM kept_checkpoints WHERE run_id = @run AND present = 1
     UNION ALL
     SELECT from_step, 'resume', CAST(attempt AS TEXT) FROM attempts WHERE run_id = @run AND attempt > 1
     UNION ALL
     SELECT coalesce(last_step, from_step), 'interrupted', coalesce(fault ->> 'code', ended) FROM attempts
       WHERE run_id = @run AND ended IN ('failed', 'lost')
     UNION ALL
     SELECT step, 'log', code FROM logs WHERE run_id = @run AND level <> 'info' AND step IS NOT NULL
     UNION ALL
     SELECT coalesce(a.last_step, 0), 'result', r.metric FROM results r
       JOIN attempts a ON a.run_id = r.run_id AND a.attempt = r.attempt WHERE r.run_id = @run
     ORDER BY 1, 2, 3`,
  ).all({ run });
}
