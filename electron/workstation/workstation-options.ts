import type { Desktop } from './machine/desktop.ts';
import type { Push } from './request-types.ts';

export interface WorkstationOptions {
  readonly home: string;
  /** Folder in which out/, migrations/ and resources/ lie. */
  readonly appRoot: string;
  /** Folder of TensorFlow and of the data that set-up obtained. */
  readonly runtime: string;
  /** The Node that runs the trainer and the store. */
  readonly node: string;
  readonly version: string;
  /** '-dev' on the fallback Electron. */
  readonly edition: string;
  /** false: reads only, takes no lock, runs nothing. */
  readonly write: boolean;
  readonly desktop: Desktop;
  readonly push: Push;
  /** Which queued runs are started: all (the app), or only those made or resumed through this workstation (the terminal). */
  readonly drain?: 'all' | 'own';
  /** Hears what went wrong beside the answers; the workspace's log has it too. */
  readonly complain?: (line: string) => void;
  /** The trainer's program, where it is another than the bundle (tests). */
  readonly trainer?: string;
}
