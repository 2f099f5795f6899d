-- An attempt takes the run over when its trainer has begun: one that refused to start cuts off nothing.

DROP VIEW kept_metrics;
CREATE VIEW kept_metrics AS
SELECT m.* FROM metrics m
WHERE NOT EXISTS (
  SELECT 1 FROM attempts later
  WHERE later.run_id = m.run_id AND later.attempt > m.attempt AND later.from_step < m.step
  AND EXISTS (SELECT 1 FROM hellos WHERE run_id = later.run_id AND attempt = later.attempt)
);

DROP VIEW kept_checkpoints;
CREATE VIEW kept_checkpoints AS
SELECT c.* FROM checkpoints c
WHERE NOT EXISTS (
  SELECT 1 FROM attempts later
  WHERE later.run_id = c.run_id AND later.attempt > c.attempt AND later.from_step < c.step
  AND EXISTS (SELECT 1 FROM hellos WHERE run_id = later.run_id AND attempt = later.attempt)
)
AND NOT EXISTS (
  SELECT 1 FROM checkpoints newer
  WHERE newer.run_id = c.run_id AND newer.step = c.step AND newer.folder = c.folder AND newer.attempt > c.attempt
);
