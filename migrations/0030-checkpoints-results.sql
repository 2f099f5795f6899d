CREATE TABLE checkpoints (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  attempt INTEGER NOT NULL,
  step INTEGER NOT NULL,
  epoch REAL NOT NULL,
  -- Relative to the run's folder. A step saved twice has two.
  folder TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  at INTEGER NOT NULL,
  reason TEXT NOT NULL,
  manifest_sha256 TEXT NOT NULL,
  present INTEGER NOT NULL DEFAULT 1 CHECK (present IN (0, 1)),
  PRIMARY KEY (run_id, step, attempt, folder)
) STRICT, WITHOUT ROWID;

-- The checkpoints the run stands on: those of steps that no later attempt began before, and of one folder only the newest.
CREATE VIEW kept_checkpoints AS
SELECT c.* FROM checkpoints c
WHERE NOT EXISTS (
  SELECT 1 FROM attempts later
  WHERE later.run_id = c.run_id AND later.attempt > c.attempt AND later.from_step < c.step
)
AND NOT EXISTS (
  SELECT 1 FROM checkpoints newer
  WHERE newer.run_id = c.run_id AND newer.step = c.step AND newer.folder = c.folder AND newer.attempt > c.attempt
);

CREATE TABLE results (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  attempt INTEGER NOT NULL,
  -- The event that carried it, and its place in that event.
  sequence INTEGER NOT NULL,
  place INTEGER NOT NULL,
  at INTEGER NOT NULL,
  evaluator TEXT NOT NULL,
  dataset TEXT NOT NULL,
  fingerprint TEXT,
  split TEXT NOT NULL,
  metric TEXT NOT NULL,
  value REAL,
  n INTEGER NOT NULL,
  which TEXT NOT NULL CHECK (which IN ('last', 'best', 'only')),
  epoch REAL,
  protocol TEXT NOT NULL,
  per_image TEXT,
  PRIMARY KEY (run_id, attempt, sequence, place)
) STRICT, WITHOUT ROWID;
