-- Curves of other programs and of other people's runs, to be drawn under one's own. An index of the workspace's folder
-- `curves`; they are no runs, and nothing that judges a run reads them.

CREATE TABLE reference_curves (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  -- 'tensorboard', 'csv', 'json-lines' or 'run'.
  kind TEXT NOT NULL,
  -- The file or folder they were read from, and its SHA-256 (of a folder: over those of its files that were read).
  file TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  added_at INTEGER NOT NULL,
  -- What a position counts.
  axis TEXT NOT NULL CHECK (axis IN ('step', 'epoch')),
  steps_per_epoch REAL,
  batch INTEGER,
  -- The method whose runs they are drawn with; NULL: those of every method.
  method TEXT,
  notes TEXT NOT NULL
) STRICT;

CREATE TABLE reference_metrics (
  reference_id TEXT NOT NULL REFERENCES reference_curves (id) ON DELETE CASCADE,
  place INTEGER NOT NULL,
  -- The name in the file.
  source TEXT NOT NULL,
  -- The metric of this program that it is drawn with; NULL: none.
  metric TEXT,
  points INTEGER NOT NULL,
  PRIMARY KEY (reference_id, place),
  UNIQUE (reference_id, source)
) STRICT, WITHOUT ROWID;

CREATE TABLE reference_points (
  reference_id TEXT NOT NULL REFERENCES reference_curves (id) ON DELETE CASCADE,
  place INTEGER NOT NULL,
  position REAL NOT NULL,
  -- NULL: not finite.
  value REAL,
  PRIMARY KEY (reference_id, place, position)
) STRICT, WITHOUT ROWID;
