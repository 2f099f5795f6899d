import type { Installation } from './installation.ts';
import type { Desktop } from './machine/desktop.ts';
import type { Push } from './request-types.ts';

export interface WorkstationOptions extends Omit<Installation, 'window'> {
  readonly home: string;
  /** False: read-only, takes no lock, runs nothing. */
  readonly write: boolean;
  readonly desktop: Desktop;
  readonly push: Push;
  /** Queued runs to start: all (the app), or only those created or resumed through this workstation (the terminal). */
  readonly drain?: 'all' | 'own';
  /** Called with errors outside of answers; they are also in the workspace's log. */
  readonly complain?: (line: string) => void;
  /** Images up to which the contents of a data set are checked unasked, if not as usual (in tests). */
  readonly checkedUnasked?: number;
  /** The trainer's program, if not the bundle (in tests). */
  readonly trainer?: string;
}
