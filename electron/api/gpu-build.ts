/** TensorFlow's build for NVIDIA GPUs, which is installed from within the program. */
import type { Fault } from '../../trainer/protocol/fault.ts';

export interface GpuBuild {
  readonly version: string;
  /** Names of the GPUs that the driver lists. */
  readonly cards: readonly string[];
  /** What may keep the first of them from computing. */
  readonly concern: Fault | null;
  /**
   * Not installed; being installed; installed, to be tried before the next run; being tried; in use; tried without success,
   * so that the processor computes.
   */
  readonly state: 'absent' | 'installing' | 'untried' | 'trying' | 'used' | 'failed';
  /** Why it does not work here, with TensorFlow's own words. */
  readonly fault: Fault | null;
  /** Of the index that it is downloaded from. */
  readonly host: string;
  readonly folder: string;
  /** What is still to be downloaded, and all of it. */
  readonly downloadBytes: number;
  readonly wholeDownloadBytes: number;
  /** On disk, once it is installed. */
  readonly installedBytes: number;
  /** Free space that the installation takes, and what is free; null where the disk does not tell. */
  readonly neededBytes: number;
  readonly freeBytes: number | null;
  /** Of what lies in its folder now. */
  readonly usedBytes: number;
  readonly licences: readonly {
    readonly name: string;
    readonly link: string;
    /** Packages under it, with their versions. */
    readonly packages: readonly string[];
  }[];
}
