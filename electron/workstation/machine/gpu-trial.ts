/** Whether an installed build of TensorFlow computes on this machine's GPU: tried once a session, before anything uses it. */
import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import { folderExists, readJson, writeJson } from '../../../trainer/durable/files.ts';
import { Fault } from '../../../trainer/protocol/fault.ts';
import type { Push } from '../request-types.ts';
import type { SideJobs } from '../trainer/side-jobs.ts';
import type { TrainerHost } from '../trainer/trainer-host.ts';
import { gpuCards } from './gpu-cards.ts';

/** What this session knows of the build. */
type Trial = 'untried' | 'trying' | 'used' | { readonly failed: Fault };

export interface GpuTrialOptions {
  readonly jobs: SideJobs;
  readonly host: TrainerHost;
  readonly threads: () => number;
  readonly push: Push;
  readonly complain: (line: string) => void;
}

const failureLimit = 1 << 20;
/** A driver that translates TensorFlow's code for a new card for the first time takes minutes. */
const longestTrialMs = 600_000;

export class GpuTrial {
  readonly #options: GpuTrialOptions;
  readonly #folder: string;
  /** Of this machine: several may share the folder. */
  readonly #failureFile: string;
  #trial: Trial = 'untried';
  #settling: Promise<void> | null = null;

  constructor(options: GpuTrialOptions, folder: string) {
    this.#options = options;
    this.#folder = folder;
    this.#failureFile = join(folder, `failed-${hostname().replaceAll(/[^\w.-]/g, '_')}.json`);
  }

  get isUsed(): boolean {
    return this.#trial === 'used';
  }

  /** Of a build that is there. */
  async state(): Promise<{ readonly state: 'untried' | 'trying' | 'used' | 'failed'; readonly fault: Fault | null }> {
    if (typeof this.#trial === 'object') return { state: 'failed', fault: this.#trial.failed };
    const failed = this.#trial === 'untried' ? await this.#failure() : null;
    return failed === null ? { state: this.#trial, fault: null } : { state: 'failed', fault: failed };
  }

  /** Tries a build that this session has not tried, nor one before without success, if nothing holds the device. */
  settle(): Promise<void> {
    return (this.#settling ??= this.#settle().finally(() => (this.#settling = null)));
  }

  /** The same after it did not work. */
  async again(): Promise<void> {
    await rm(this.#failureFile, { force: true });
    if (typeof this.#trial === 'object') this.#trial = 'untried';
    await this.settle();
  }

  /** The build is not used any more. */
  forget(): void {
    this.#trial = 'untried';
  }

  async #settle(): Promise<void> {
    if (this.#options.host.holder() !== null) return;
    const isThere = await folderExists(this.#folder);
    // Another program may have removed it.
    if (this.isUsed && !isThere) this.#change('untried');
    if (this.#trial !== 'untried' || !isThere) return;
    const failed = await this.#failure();
    if (failed === null) await this.#attempt();
    else this.#change({ failed });
  }

  async #attempt(): Promise<void> {
    const { host, complain } = this.#options;
    this.#change('trying');
    try {
      await host.hold('gpu-build', () => probe(this.#options, this.#folder));
      this.#change('used');
    } catch (error) {
      const failed = faultOf(error);
      // The program is closing, or something else has the device: nothing is known of the build.
      if (failed.code === 'cancelled' || failed.code === 'busy') {
        this.#change('untried');
        return;
      }
      await writeJson(this.#failureFile, failed).catch((cause: unknown) => complain(faultOf(cause).message));
      complain(`TensorFlow for NVIDIA GPUs does not work here, and the processor computes: ${failed.message}`);
      this.#change({ failed });
    }
  }

  /** Null also where it cannot be read: the build is tried then. */
  async #failure(): Promise<Fault | null> {
    const found = await readJson(this.#failureFile, failureLimit).catch(() => null);
    const parsed = v.safeParse(Fault, found);
    return parsed.success ? parsed.output : null;
  }

  #change(next: Trial): void {
    this.#trial = next;
    this.#options.push('gpuBuildChanged', typeof next === 'object' ? next.failed : null);
  }
}

/** A product on the first GPU by the build, in a process of its own. @throws the fault with TensorFlow's reason */
async function probe({ jobs, threads }: GpuTrialOptions, folder: string): Promise<void> {
  const cards = await gpuCards();
  if (cards.length === 0) throw new FaultError('device-unavailable', 'nvidia-smi is not there, or names no GPU.');
  // A cancellation of what a person waits for does not mean this.
  const signal = AbortSignal.timeout(longestTrialMs);
  const environment = { REPRISE_TENSORFLOW_FOLDER: folder };
  const { probe: made } = await jobs
    .run({ kind: 'probe', device: 'gpu:0', threads: threads() }, 'probe', { environment, signal })
    .catch((error: unknown) => {
      if (!signal.aborted) throw error;
      const text = `Nothing was computed on the GPU within ${longestTrialMs / 60_000} min.`;
      throw new FaultError('device-unavailable', text);
    });
  if (!/GPU/.test(made.executedOn))
    throw new FaultError('device-unavailable', `TensorFlow computed on ${made.executedOn}, and not on the GPU.`);
}
