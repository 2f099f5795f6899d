-- Words that a person gave a run, as JSON; kept in the run's folder too.
ALTER TABLE runs ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
