-- What belongs to the workspace and to no single run. Inspections, plans and reports are files too.

CREATE TABLE datasets (
  fingerprint TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  path TEXT NOT NULL,
  inspection TEXT NOT NULL,
  signature TEXT NOT NULL,
  inspected_at INTEGER NOT NULL,
  built_in INTEGER NOT NULL CHECK (built_in IN (0, 1))
) STRICT;

CREATE TABLE plans (
  id TEXT NOT NULL PRIMARY KEY,
  plan TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  paused INTEGER NOT NULL CHECK (paused IN (0, 1))
) STRICT;

CREATE TABLE reports (
  id TEXT NOT NULL PRIMARY KEY,
  title TEXT NOT NULL,
  language TEXT NOT NULL CHECK (language IN ('en', 'zh')),
  created_at INTEGER NOT NULL,
  folder TEXT NOT NULL
) STRICT;

CREATE TABLE calibrations (
  key TEXT NOT NULL PRIMARY KEY,
  calibration TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
