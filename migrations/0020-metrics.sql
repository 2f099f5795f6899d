-- Points of curves. Never overwritten: a resumed run writes under its own attempt number.
-- A value that is NULL was not finite: a diverged loss is data, not a gap.

CREATE TABLE metrics (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  step INTEGER NOT NULL,
  value REAL,
  PRIMARY KEY (run_id, name, attempt, step)
) STRICT, WITHOUT ROWID;

-- The curve: each attempt's points up to where a later attempt took over. The rest is drawn grey.
CREATE VIEW kept_metrics AS
SELECT m.* FROM metrics m
WHERE NOT EXISTS (
  SELECT 1 FROM attempts later
  WHERE later.run_id = m.run_id AND later.attempt > m.attempt AND later.from_step < m.step
);
