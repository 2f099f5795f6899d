-- The records as other programs may read them: docs/records.md documents every column. Tables may change from version to
-- version, these views only gain columns. Times are text, UTC (2026-03-01T12:00:00.000Z). Deleted runs are left out.

CREATE VIEW record_runs AS
SELECT
  r.id AS run,
  r.kind AS kind,
  r.title AS title,
  r.status AS status,
  coalesce(subject.method, r.method) AS method,
  r.dataset AS dataset,
  r.seed AS seed,
  r.config ->> '$.preset' AS preset,
  r.config ->> '$.epochs' AS epochs,
  r.config ->> '$.batch' AS batch,
  (SELECT last_step FROM attempts WHERE run_id = r.id ORDER BY attempt DESC LIMIT 1) AS step,
  r.subject_run AS subject_run,
  r.plan AS plan,
  r.plan_key AS plan_key,
  strftime('%Y-%m-%dT%H:%M:%fZ', r.created_at / 1000.0, 'unixepoch') AS created_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', (SELECT min(started_at) FROM attempts WHERE run_id = r.id) / 1000.0, 'unixepoch')
    AS started_at,
  iif(
    r.status IN ('done', 'stopped', 'failed', 'interrupted'),
    strftime('%Y-%m-%dT%H:%M:%fZ', (SELECT max(last_seen_at) FROM attempts WHERE run_id = r.id) / 1000.0, 'unixepoch'),
    NULL
  ) AS ended_at,
  (SELECT count(*) FROM attempts WHERE run_id = r.id) AS attempts,
  nullif(r.note, '') AS note,
  r.archived AS archived,
  r.fault ->> '$.code' AS fault,
  r.fault ->> '$.message' AS fault_message,
  r.folder AS folder
FROM runs r
LEFT JOIN runs subject ON subject.id = r.subject_run
WHERE r.deleted = 0;

-- Paths as `--set` takes them: views.0.blur.
CREATE VIEW record_values AS
SELECT
  r.id AS run,
  replace(replace(replace(substr(t.fullkey, 3), '"', ''), '[', '.'), ']', '') AS path,
  t.atom AS value,
  t.type AS type
FROM runs r, json_tree(r.config) t
WHERE r.deleted = 0 AND t.type NOT IN ('object', 'array');

-- The curve a run stands on: of steps that a later attempt did again, the later ones. Steps of an epoch are known from a
-- checkpoint, or from the end of a run.
CREATE VIEW record_metrics AS
WITH paces AS MATERIALIZED (
  SELECT
    r.id,
    coalesce(
      (SELECT c.epoch / c.step FROM checkpoints c WHERE c.run_id = r.id AND c.step > 0 ORDER BY c.step DESC LIMIT 1),
      (
        SELECT (r.config ->> '$.epochs') * 1.0 / nullif(a.last_step, 0) FROM attempts a
        WHERE a.run_id = r.id AND r.status = 'done' ORDER BY a.attempt DESC LIMIT 1
      )
    ) AS epochs_per_step
  FROM runs r
  WHERE r.deleted = 0
)
SELECT
  m.run_id AS run,
  m.name AS metric,
  m.attempt AS attempt,
  m.step AS step,
  m.step * p.epochs_per_step AS epoch,
  m.value AS value
FROM kept_metrics m
JOIN paces p ON p.id = m.run_id;

CREATE VIEW record_results AS
SELECT
  e.run_id AS run,
  e.attempt AS attempt,
  e.evaluator AS evaluator,
  e.dataset AS dataset,
  e.split AS split,
  e.metric AS metric,
  e.which AS which,
  e.epoch AS epoch,
  e.value AS value,
  e.n AS images,
  e.fingerprint AS fingerprint,
  e.protocol AS protocol,
  e.per_image AS per_image_file,
  strftime('%Y-%m-%dT%H:%M:%fZ', e.at / 1000.0, 'unixepoch') AS measured_at
FROM results e
JOIN runs r ON r.id = e.run_id
WHERE r.deleted = 0;

CREATE VIEW record_attempts AS
SELECT
  a.run_id AS run,
  a.attempt AS attempt,
  a.from_step AS from_step,
  a.last_step AS last_step,
  strftime('%Y-%m-%dT%H:%M:%fZ', a.started_at / 1000.0, 'unixepoch') AS started_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', a.last_seen_at / 1000.0, 'unixepoch') AS last_seen_at,
  a.ended AS ended,
  h.device AS device,
  h.threads AS threads,
  h.instruction_set AS instruction_set,
  h.versions AS versions
FROM attempts a
JOIN runs r ON r.id = a.run_id
LEFT JOIN hellos h ON h.run_id = a.run_id AND h.attempt = a.attempt
WHERE r.deleted = 0;

CREATE VIEW record_checkpoints AS
SELECT
  c.run_id AS run,
  c.attempt AS attempt,
  c.step AS step,
  c.epoch AS epoch,
  c.bytes AS bytes,
  c.reason AS reason,
  c.folder AS folder,
  c.present AS present,
  strftime('%Y-%m-%dT%H:%M:%fZ', c.at / 1000.0, 'unixepoch') AS saved_at
FROM kept_checkpoints c
JOIN runs r ON r.id = c.run_id
WHERE r.deleted = 0;

CREATE VIEW record_log AS
SELECT
  l.run_id AS run,
  l.attempt AS attempt,
  l.sequence AS sequence,
  strftime('%Y-%m-%dT%H:%M:%fZ', l.at / 1000.0, 'unixepoch') AS at,
  l.level AS level,
  l.code AS code,
  l.step AS step,
  l.text AS text
FROM logs l
JOIN runs r ON r.id = l.run_id
WHERE r.deleted = 0;

-- Plans that were started.
CREATE VIEW record_plans AS
SELECT
  p.id AS plan,
  p.plan ->> '$.title.en' AS title_en,
  p.plan ->> '$.title.zh' AS title_zh,
  json_array_length(p.plan, '$.runs') AS planned_runs,
  (SELECT count(*) FROM runs r WHERE r.plan = p.id AND r.deleted = 0) AS runs,
  (SELECT count(*) FROM runs r WHERE r.plan = p.id AND r.deleted = 0 AND r.status = 'done') AS done_runs,
  p.paused AS paused,
  strftime('%Y-%m-%dT%H:%M:%fZ', p.started_at / 1000.0, 'unixepoch') AS started_at
FROM plans p;

CREATE VIEW record_datasets AS
SELECT
  d.fingerprint AS fingerprint,
  d.name AS name,
  d.inspection ->> '$.dataset' AS kind,
  d.path AS path,
  json_array_length(d.inspection, '$.classes') AS classes,
  (SELECT sum(s.value ->> '$.images') FROM json_each(d.inspection, '$.splits') s) AS images,
  d.inspection ->> '$.bytes' AS bytes,
  coalesce(d.inspection ->> '$.contents', 'checked') AS contents,
  d.inspection ->> '$.rejectCount' AS unreadable_files,
  d.inspection ->> '$.leakCount' AS leaks,
  d.inspection ->> '$.duplicateCount' AS duplicates,
  d.built_in AS built_in,
  strftime('%Y-%m-%dT%H:%M:%fZ', d.inspected_at / 1000.0, 'unixepoch') AS inspected_at
FROM datasets d;

CREATE VIEW record_splits AS
SELECT
  d.fingerprint AS fingerprint,
  s.value ->> '$.split' AS split,
  s.value ->> '$.images' AS images
FROM datasets d, json_each(d.inspection, '$.splits') s;

CREATE VIEW record_reference_curves AS
SELECT
  c.id AS reference,
  c.name AS name,
  c.kind AS kind,
  c.file AS file,
  c.sha256 AS sha256,
  m.source AS source,
  m.metric AS metric,
  m.points AS points,
  c.axis AS axis,
  c.steps_per_epoch AS steps_per_epoch,
  c.batch AS batch,
  c.method AS method,
  strftime('%Y-%m-%dT%H:%M:%fZ', c.added_at / 1000.0, 'unixepoch') AS added_at
FROM reference_curves c
JOIN reference_metrics m ON m.reference_id = c.id;

CREATE VIEW record_reference_points AS
SELECT
  p.reference_id AS reference,
  m.source AS source,
  m.metric AS metric,
  iif(c.axis = 'step', p.position, p.position * c.steps_per_epoch) AS step,
  iif(c.axis = 'epoch', p.position, p.position / c.steps_per_epoch) AS epoch,
  p.value AS value
FROM reference_points p
JOIN reference_metrics m ON m.reference_id = p.reference_id AND m.place = p.place
JOIN reference_curves c ON c.id = p.reference_id;
