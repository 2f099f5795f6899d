/**
 * TensorFlow's build for NVIDIA GPUs beside the program: installed on consent, outside of workspaces, for every one of them. It is
 * used only after a trial in this session; otherwise the build inside the program computes.
 */
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { freeBytesAt } from '../../../trainer/durable/disk-fault.ts';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import { folderExists, sha256 } from '../../../trainer/durable/files.ts';
import { missingOf } from '../../../trainer/durable/wheel-folders.ts';
import { downloadEnvironment } from '../../../trainer/protocol/computing-environment.ts';
import { concernsOf, type GraphicsCard } from '../../../trainer/protocol/graphics-card.ts';
import type { TensorFlowPins, Wheel } from '../../../trainer/protocol/wheels.ts';
import type { GpuBuild } from '../../api/gpu-build.ts';
import { takeLock } from '../workspace/lock.ts';
import { gpuCards } from './gpu-cards.ts';
import { GpuTrial, type GpuTrialOptions } from './gpu-trial.ts';
import { packageIndex } from './package-index.ts';

export interface GpuBuildsOptions extends GpuTrialOptions {
  readonly pins: TensorFlowPins;
  readonly runtime: string;
}

/** Where builds are put, whatever the workspace is. */
export const buildsFolder = (environment: NodeJS.ProcessEnv = process.env): string =>
  join(environment['XDG_DATA_HOME'] || join(homedir(), '.local', 'share'), 'reprise-tensorflow');

export class GpuBuilds {
  readonly #options: GpuBuildsOptions;
  /** None: there is no build for this system. */
  readonly #wheels: readonly Wheel[];
  readonly #base = buildsFolder();
  readonly #folder: string;
  readonly #trial: GpuTrial;
  #isInstalling = false;
  #isAlone = false;

  constructor(options: GpuBuildsOptions) {
    const { pins } = options;
    this.#options = options;
    this.#wheels = pins.builds[`${process.platform}-${process.arch}`]?.gpu ?? [];
    // Another version of one of the libraries is another build.
    const id = sha256(...this.#wheels.map((wheel) => wheel.sha256)).slice(0, 8);
    this.#folder = join(this.#base, `gpu-${pins.version}-${id}`);
    this.#trial = new GpuTrial(options, this.#folder);
  }

  /** Tries an installed build that this session has not tried, if nothing holds the device. */
  async settle(): Promise<void> {
    if (this.#wheels.length > 0) await this.#trial.settle();
  }

  /** For processes that compute. */
  get environment(): NodeJS.ProcessEnv {
    return this.#trial.isUsed ? { REPRISE_TENSORFLOW_FOLDER: this.#folder } : {};
  }

  /** Name of the build that computes; null: the one inside the program. */
  get inUse(): string | null {
    return this.#trial.isUsed ? basename(this.#folder) : null;
  }

  /** False where only the build for processors is inside the program, and no other is in use. */
  async canUseGpu(): Promise<boolean> {
    return this.#trial.isUsed || (await this.#isInside());
  }

  /** Null where there is nothing to offer: no build for this system, no GPU and nothing installed, or the program has it inside. */
  async status(): Promise<GpuBuild | null> {
    if (this.#wheels.length === 0 || (await this.#isInside())) return null;
    const [cards, usedBytes] = [await gpuCards().catch(() => []), await bytesUnder(this.#base)];
    if (cards.length === 0 && usedBytes === 0) return null;
    const needs = await needsOf(this.#folder, this.#wheels);
    return { ...describe(this.#options.pins, this.#wheels, cards), ...(await this.#state()), ...needs, usedBytes };
  }

  /** @param from wheels, or folders that hold them; null: downloads */
  async install(from: readonly string[] | null): Promise<GpuBuild> {
    const { jobs, push } = this.#options;
    await this.#expectStatus();
    const index = await packageIndex(process.env);
    try {
      await this.#alone(async () => {
        this.#isInstalling = true;
        push('gpuBuildChanged', null);
        const place = { wheels: [...this.#wheels], folder: this.#folder, index: index.href };
        const job = { kind: 'installBuild' as const, ...place, from: from === null ? null : [...from] };
        await jobs.run(job, 'installedBuild', { environment: downloadEnvironment });
      });
    } finally {
      this.#isInstalling = false;
      push('gpuBuildChanged', null);
    }
    return this.tryAgain();
  }

  /** Tries a build again that did not work. */
  async tryAgain(): Promise<GpuBuild> {
    await this.#trial.again();
    return this.#expectStatus();
  }

  async remove(): Promise<GpuBuild | null> {
    if (this.#options.host.holder() !== null && this.#trial.isUsed)
      throw new FaultError('busy', 'It is in use by the run that is training. Remove it when that has ended.');
    await this.#alone(async () => {
      this.#trial.forget();
      for (const name of (await readdir(this.#base)).filter((one) => one.startsWith('gpu-'))) {
        // Under its own name, a folder is whole.
        const gone = join(this.#base, `${name}.removed`);
        await rename(join(this.#base, name), gone);
        await rm(gone, { recursive: true });
      }
    });
    this.#options.push('gpuBuildChanged', null);
    return this.status();
  }

  #isInside(): Promise<boolean> {
    return folderExists(join(this.#options.runtime, 'nvidia'));
  }

  async #state(): Promise<Pick<GpuBuild, 'state' | 'fault'>> {
    if (this.#isInstalling) return { state: 'installing', fault: null };
    return (await folderExists(this.#folder)) ? this.#trial.state() : { state: 'absent', fault: null };
  }

  async #expectStatus(): Promise<GpuBuild> {
    const found = await this.status();
    if (found !== null) return found;
    throw new FaultError(
      'not-available',
      'TensorFlow for NVIDIA GPUs is for Linux on x64 with a GPU that nvidia-smi lists; the processor computes here.',
    );
  }

  /** Alone with the folder of the builds, which other programs may want to write as well. */
  async #alone(work: () => Promise<void>): Promise<void> {
    if (this.#isAlone) throw new FaultError('busy', 'TensorFlow for NVIDIA GPUs is being installed or removed.');
    this.#isAlone = true;
    try {
      await mkdir(this.#base, { recursive: true });
      const release = await takeLock(this.#base).catch((error: unknown) => {
        const { code, values } = faultOf(error);
        if (code !== 'locked') throw error;
        const text = `Process ${values['pid'] ?? ''} is installing or removing a build of TensorFlow in ${this.#base}.`;
        throw new FaultError('busy', text);
      });
      await work().finally(release);
    } finally {
      this.#isAlone = false;
    }
  }
}

function describe(pins: TensorFlowPins, wheels: readonly Wheel[], cards: readonly GraphicsCard[]) {
  const licences = Object.entries(pins.licences).map(([id, licence]) => ({
    ...licence,
    packages: wheels.filter(({ licence: own }) => own === id).map(({ requirement }) => requirement.replace('==', ' ')),
  }));
  return {
    version: pins.version,
    cards: cards.map(({ name }) => name),
    concern: cards[0] === undefined ? null : (concernsOf(cards[0])[0] ?? null),
    wholeDownloadBytes: wheels.reduce((sum, { bytes }) => sum + bytes, 0),
    installedBytes: wheels.reduce((sum, { unpackedBytes }) => sum + unpackedBytes, 0),
    licences: licences.filter(({ packages }) => packages.length > 0),
  };
}

async function needsOf(folder: string, wheels: readonly Wheel[]) {
  const { downloadBytes, neededBytes } = await missingOf(folder, wheels);
  const { host } = await packageIndex(process.env);
  return { folder, host, downloadBytes, neededBytes, freeBytes: await freeBytesAt(dirname(folder)) };
}

async function bytesUnder(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) =>
      stat(join(parentPath, name)).then(
        ({ size }) => size,
        // A file may go while they are counted.
        () => 0,
      ),
    );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
