-- Runs, their attempts, and what the trainer said when each attempt began.
-- The run folder is the truth; every row here can be made again from it (queue order and beats excepted).

CREATE TABLE runs (
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('pretrain', 'evaluate')),
  title TEXT NOT NULL,
  status TEXT NOT NULL
    CHECK (status IN ('draft', 'queued', 'running', 'paused', 'interrupted', 'stopped', 'failed', 'done')),
  created_at INTEGER NOT NULL,
  -- Of an evaluation: 'random', 'pixels', or '' where subject_run names the run whose method it is.
  method TEXT NOT NULL,
  dataset TEXT NOT NULL,
  seed INTEGER NOT NULL,
  -- No foreign key: the subject may have been deleted, or be imported later.
  subject_run TEXT,
  plan TEXT,
  plan_key TEXT,
  note TEXT NOT NULL DEFAULT '',
  archived INTEGER NOT NULL DEFAULT 0 CHECK (archived IN (0, 1)),
  deleted INTEGER NOT NULL DEFAULT 0 CHECK (deleted IN (0, 1)),
  folder TEXT NOT NULL,
  folder_present INTEGER NOT NULL DEFAULT 1 CHECK (folder_present IN (0, 1)),
  -- Bytes of events.ndjson that the start-up sweep has replayed.
  replayed_bytes INTEGER NOT NULL DEFAULT 0,
  config TEXT NOT NULL,
  fault TEXT
) STRICT;

CREATE TABLE attempts (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  attempt INTEGER NOT NULL CHECK (attempt >= 1),
  from_step INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  last_seen_at INTEGER,
  last_step INTEGER,
  last_sequence INTEGER,
  phase TEXT,
  phase_sequence INTEGER,
  ended TEXT CHECK (ended IN ('done', 'asked', 'failed', 'lost')),
  fault TEXT,
  -- The process, for as long as it may live. With its start time a pid names one process for good.
  pid INTEGER,
  pid_started_at INTEGER,
  PRIMARY KEY (run_id, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE hellos (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  attempt INTEGER NOT NULL,
  device TEXT NOT NULL,
  threads INTEGER NOT NULL,
  instruction_set TEXT NOT NULL,
  versions TEXT NOT NULL,
  PRIMARY KEY (run_id, attempt)
) STRICT, WITHOUT ROWID;

-- The newest beat of an attempt: may be lost, is in no file, decides nothing.
CREATE TABLE beats (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  attempt INTEGER NOT NULL,
  at INTEGER NOT NULL,
  step INTEGER NOT NULL,
  steps INTEGER NOT NULL,
  PRIMARY KEY (run_id, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE queue (
  position INTEGER NOT NULL PRIMARY KEY,
  run_id TEXT NOT NULL UNIQUE REFERENCES runs (id) ON DELETE CASCADE
) STRICT;
