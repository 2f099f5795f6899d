CREATE TABLE logs (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  attempt INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  at INTEGER NOT NULL,
  level TEXT NOT NULL CHECK (level IN ('info', 'attention', 'error')),
  code TEXT NOT NULL,
  text TEXT NOT NULL,
  step INTEGER,
  vals TEXT NOT NULL,
  PRIMARY KEY (run_id, attempt, sequence)
) STRICT, WITHOUT ROWID;
