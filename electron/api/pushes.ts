/** Messages the main process sends to the window unasked. */
import type { Fault } from '../../trainer/protocol/fault.ts';
import type { Progress } from './runs.ts';

/** Menu and keyboard commands the window carries out. */
export type CommandId =
  | 'palette'
  | 'newRun'
  | 'openFolder'
  | 'exportReport'
  | 'plans'
  | 'runs'
  | 'compare'
  | 'datasets'
  | 'weights'
  | 'reports'
  | 'hardware'
  | 'settings'
  | 'shortcuts';

/** The table of pushes. Small, and safe to miss: the window can always ask again. */
export interface Pushes {
  runsChanged: (runs: readonly string[]) => void;
  /** A plan was added, removed, started or paused. */
  plansChanged: () => void;
  /** Imported weights were added, removed or described anew. */
  weightsChanged: () => void;
  /** Reference curves were added, removed or described anew. */
  curvesChanged: () => void;
  progress: (progress: Progress) => void;
  /** A side job (inspection, calibration, sample set, thumbnails, report). fraction null: length unknown. */
  job: (job: {
    readonly kind: string;
    readonly phase: string;
    readonly fraction: number | null;
    readonly secondsLeft: number | null;
    /** Of a download. */
    readonly bytesPerSecond?: number;
    readonly ended: boolean;
  }) => void;
  /** The contents of a data set were checked beside a run: its record says what was found. */
  contentsChecked: (found: {
    readonly name: string;
    readonly damaged: number;
    /** Images that stand in more than one split, exactly or changed. */
    readonly leaks: number;
    readonly duplicates: number;
  }) => void;
  /**
   * A trainer that has outlived the program: it is waited for while it saves; it was hung and has been ended; or it may
   * be any other program's process, and is left to the user.
   */
  trainerLeft: (left: {
    readonly run: string;
    readonly title: string;
    readonly pid: number;
    readonly state: 'waiting' | 'ended' | 'foreign';
  }) => void;
  /** TensorFlow's build for NVIDIA GPUs was installed, tried or removed; a fault: it does not work, and the processor computes. */
  gpuBuildChanged: (failed: Fault | null) => void;
  /** Records cannot be written for now, and are held; null: they are written again. */
  recordsHeld: (fault: Fault | null) => void;
  /** A folder or a file of weights was dropped on the window or handed over by a second instance. */
  pathDropped: (path: string) => void;
  /** Its notification was clicked. */
  showRun: (run: string) => void;
  command: (id: CommandId) => void;
}

export const pushNames = [
  'runsChanged',
  'plansChanged',
  'weightsChanged',
  'curvesChanged',
  'progress',
  'job',
  'contentsChecked',
  'gpuBuildChanged',
  'recordsHeld',
  'trainerLeft',
  'pathDropped',
  'showRun',
  'command',
] as const satisfies readonly (keyof Pushes)[];
