/** Seconds per step recorded by earlier runs. */
import type { Store, StoredRun } from '../store/store.ts';
import { calibrationKey, subjectConfigOf } from './calibration-key.ts';

export interface RecordedPace {
  readonly secondsPerStep: number;
  readonly loadSeconds: number;
  readonly steps: number;
  readonly checkpointBytes: number | null;
}

export class RecordedPaces {
  readonly #store: Store;
  /** Shape by run: a configuration never changes, and there may be a thousand. */
  readonly #keys = new Map<string, string>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Pace of the newest finished run of a shape. `runs`: the newest first. */
  async of(key: string, runs: readonly StoredRun[], all: ReadonlyMap<string, StoredRun>): Promise<RecordedPace | null> {
    const found = runs.find((run) => run.status === 'done' && !run.deleted && this.#keyOf(run, all) === key);
    if (found === undefined) return null;
    const { id } = found;
    const [attempts, checkpoints] = await Promise.all([this.#store.attempts(id), this.#store.checkpoints(id)]);
    const spans = attempts.map(({ startedAt, lastSeenAt }) => ((lastSeenAt ?? startedAt) - startedAt) / 1000);
    const seconds = spans.reduce((sum, span) => sum + span, 0);
    const steps = found.steps ?? found.step;
    return {
      secondsPerStep: steps > 0 ? seconds / steps : 0,
      loadSeconds: steps > 0 ? 0 : seconds,
      steps,
      checkpointBytes: checkpoints.at(-1)?.bytes ?? null,
    };
  }

  #keyOf({ id, config }: StoredRun, all: ReadonlyMap<string, StoredRun>): string {
    const key = this.#keys.get(id) ?? calibrationKey(config, subjectConfigOf(config, all));
    this.#keys.set(id, key);
    return key;
  }
}
