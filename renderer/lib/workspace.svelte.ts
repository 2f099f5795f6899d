/** State shared by every screen: main's lists, the current run, and the latest messages. */
import { createContext } from 'svelte';
import { createSubscriber, SvelteMap, SvelteSet } from 'svelte/reactivity';
import type { DatasetRow, KnownData } from '../../electron/api/datasets.ts';
import type { GpuBuild } from '../../electron/api/gpu-build.ts';
import type { PlanRow } from '../../electron/api/plans.ts';
import type { Pushes } from '../../electron/api/pushes.ts';
import type { ReferenceCurves } from '../../electron/api/reference-curves.ts';
import type { ReportRow } from '../../electron/api/reports.ts';
import type { Interrupted, Progress, RunRow } from '../../electron/api/runs.ts';
import type { About, Settings, Upgrade } from '../../electron/api/settings.ts';
import type { Catalogue } from '../../trainer/protocol/catalogue.ts';
import type { DetectionRules } from '../../trainer/protocol/detections.ts';
import type { EvaluatedDetections } from '../../trainer/protocol/results.ts';
import type { Inspection, Reading, Thumbnail } from '../../trainer/protocol/dataset.ts';
import type { Fault } from '../../trainer/protocol/fault.ts';
import type { DoctorReport } from '../../trainer/protocol/hardware.ts';
import type { Preset } from '../../trainer/protocol/preset.ts';
import type { ImportedWeights, WantedWeights } from '../../trainer/protocol/weights.ts';
import { ask, faultOf, listen, Refusal } from './client.ts';
import { words } from './language/i18n.svelte.ts';
import { router } from './route.svelte.ts';
import { Task } from './task.svelte.ts';

export type Job = Parameters<Pushes['job']>[0];

export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly fault?: Fault;
  readonly action?: { readonly label: string; readonly run: () => void };
}

/** Anyone's detections to be counted: where they are, and on what. */
export interface CountedDetections {
  /** COCO's result file, or a folder of PASCAL VOC's. */
  readonly path: string;
  readonly fingerprint: string;
  readonly split: string;
  readonly rules: DetectionRules;
}

/** The last progress of each run, with its time. Subscribes to the push only while a screen reads it. */
export class ProgressFeed {
  #last = new Map<string, { readonly progress: Progress; readonly heardAt: number }>();
  #update: (() => void) | null = null;
  #subscribe = createSubscriber((update) => {
    this.#update = update;
    const stop = listen('progress', (progress) => this.#hear([progress]));
    void this.pull();
    return () => {
      stop();
      this.#update = null;
    };
  });

  #hear(all: readonly Progress[]): void {
    const heardAt = Date.now();
    for (const progress of all) this.#last.set(progress.run, { progress, heardAt });
    this.#update?.();
  }
  /** Requests the current state, since pushes may be missed, and forgets runs that no longer report. */
  async pull(): Promise<void> {
    const all = await ask('progress').catch(() => null);
    if (all === null) return;
    this.#last.clear();
    this.#hear(all);
  }
  of(run: string): { readonly progress: Progress; readonly heardAt: number } | null {
    this.#subscribe();
    return this.#last.get(run) ?? null;
  }
}

/** Thumbnails by data set, split and which, requested one at a time: each is a separate job. */
class Pictures {
  readonly #found = new SvelteMap<string, readonly Thumbnail[]>();
  readonly #asked = new Set<string>();
  #last: Promise<void> = Promise.resolve();

  of(fingerprint: string, split: string, which: number | readonly number[]): readonly Thumbnail[] | null {
    return this.#found.get(`${fingerprint} ${split} ${String(which)}`) ?? null;
  }
  want(fingerprint: string, split: string, which: number | readonly number[]): void {
    const key = `${fingerprint} ${split} ${String(which)}`;
    if (this.#asked.has(key)) return;
    this.#asked.add(key);
    this.#last = this.#last.then(async () => {
      try {
        this.#found.set(key, await ask('thumbnails', fingerprint, split, which));
      } catch (error) {
        // A card without pictures is still useful; requested again when it is shown again.
        if (!(error instanceof Refusal)) throw error;
        this.#asked.delete(key);
      }
    });
  }
}

export class Workspace {
  about = $state.raw<About | null>(null);
  readonly catalogue = new Task<Catalogue>();
  readonly presets = new Task<readonly Preset[]>();
  readonly runs = new Task<readonly RunRow[]>();
  readonly interrupted = new Task<readonly Interrupted[]>();
  readonly plans = new Task<readonly PlanRow[]>();
  readonly datasets = new Task<readonly DatasetRow[]>();
  readonly knownData = new Task<readonly KnownData[]>();
  readonly weights = new Task<readonly ImportedWeights[]>();
  /** Curves that are drawn under those of runs. */
  readonly references = new Task<readonly ReferenceCurves[]>();
  /** Ids of those that are not drawn until the window is closed. */
  readonly hiddenReferences = new SvelteSet<string>();
  /** The weights file being read, or read last. */
  readonly importing = new Task<ImportedWeights>();
  /** The file that was last read, to read it once more in another way. */
  imported: { readonly file: string; readonly wanted: WantedWeights } | null = null;
  readonly reports = new Task<readonly ReportRow[]>();
  readonly progress = new ProgressFeed();
  /** Counts the changes of a run, so that its page knows when to reload. */
  readonly changes = new SvelteMap<string, number>();
  /** Side jobs in progress, by kind. */
  readonly jobs = new SvelteMap<string, Job>();
  /** Why records cannot be written at the moment, and are held. */
  recordsHeld = $state.raw<Fault | null>(null);
  notices = $state.raw<readonly Notice[]>([]);
  /** The current or last inspection of a folder; it continues while the user is elsewhere. */
  readonly inspection = new Task<Inspection>();
  inspectedPath = $state<string | null>(null);
  /** The current or last count of anyone's detections; it continues while the user is elsewhere. */
  readonly counting = new Task<EvaluatedDetections>();
  counted = $state.raw<CountedDetections | null>(null);
  /** Timing of a plan's steps on this machine. */
  readonly calibration = new Task<PlanRow>();
  readonly doctor = new Task<DoctorReport>();
  /** TensorFlow's build for NVIDIA GPUs; null: there is nothing to offer. */
  readonly gpuBuild = new Task<GpuBuild | null>();
  /** Its installation, trial or removal; it continues while the user is elsewhere. */
  readonly gpuChange = new Task<GpuBuild | null>();
  /** The built-in sample set being written. */
  readonly sample = new Task<void>();
  readonly pictures = new Pictures();
  #nextNotice = 1;
  #refreshing = false;

  readonly runById = $derived(new Map((this.runs.value ?? []).map((row) => [row.id, row])));
  /** The run that holds the trainer, if any. */
  readonly current = $derived(
    (this.runs.value ?? []).find((row) => row.status === 'running') ??
      (this.runs.value ?? []).find((row) => row.status === 'paused') ??
      null,
  );

  /** Requests everything once and listens from then on. Returns a function that stops it. */
  open(): () => void {
    const stops = [
      listen('runsChanged', (runs) => {
        for (const run of runs) this.changes.set(run, (this.changes.get(run) ?? 0) + 1);
        this.#refreshSoon();
      }),
      listen('plansChanged', () => this.refreshPlans()),
      listen('weightsChanged', () => this.refreshWeights()),
      listen('curvesChanged', () => this.refreshReferences()),
      listen('gpuBuildChanged', (failed) => {
        this.refreshGpuBuild();
        if (failed !== null)
          this.say(words.say('gpuBuild.leftForProcessor'), {
            label: words.say('hardware.title'),
            run: () => router.go({ view: 'hardware' }),
          });
      }),
      listen('contentsChecked', (found) => {
        this.refreshDatasets();
        this.say(words.say('datasets.wasChecked', found));
      }),
      listen('recordsHeld', (fault) => (this.recordsHeld = fault)),
      listen('trainerLeft', ({ title, pid, state }) =>
        this.say(words.say(`run.trainerLeft.${state}`, { run: title, pid: String(pid) })),
      ),
      listen('job', (job) => {
        if (job.ended) this.jobs.delete(job.kind);
        else this.jobs.set(job.kind, job);
      }),
    ];
    const shown = (): void => {
      if (!document.hidden) this.refresh();
    };
    document.addEventListener('visibilitychange', shown);
    void this.catalogue.run(() => ask('catalogue'));
    void this.presets.run(() => ask('presets'));
    void ask('about').then(
      (about) => {
        this.#adopt(about);
        const message = about.damage.join('\n');
        if (message !== '') this.tell({ code: 'damaged-files', message, values: {} });
        if (about.upgrade !== null) this.#sayUpgrade(about.upgrade);
        if (about.settings.checkForUpdates) void this.#sayUpdate();
      },
      (error: unknown) => this.tell(faultOf(error)),
    );
    void ask('recordsHeld').then(
      (fault) => (this.recordsHeld = fault),
      (error: unknown) => this.tell(faultOf(error)),
    );
    this.refresh();
    this.refreshDatasets();
    this.refreshWeights();
    this.refreshReferences();
    this.refreshGpuBuild();
    return () => {
      for (const stop of stops) stop();
      document.removeEventListener('visibilitychange', shown);
    };
  }

  #sayUpgrade({ backup, bytes, from }: Upgrade): void {
    const values = { backup, size: words.format.bytes(bytes) };
    const text =
      from === null ? words.say('upgrade.made', values) : words.say('upgrade.madeFrom', { ...values, version: from });
    const action = {
      label: words.say('action.showInFolder'),
      run: () => void this.attempt(() => ask('showInFolder', { kind: 'home', id: '' })),
    };
    this.#show({ id: this.#nextNotice++, text, action }, null);
  }

  /** Waits for the check that the start began, if one was due. */
  async #sayUpdate(): Promise<void> {
    const known = await ask('updates').catch(() => null);
    if (known?.newer == null) return;
    this.say(words.say('updates.found', { version: known.newer.version }), {
      label: words.say('updates.show'),
      run: () => router.go({ view: 'settings' }),
    });
  }

  /** Several rows change at once when a run ends; one request covers them all. */
  #refreshSoon(): void {
    if (this.#refreshing) return;
    this.#refreshing = true;
    setTimeout(() => {
      this.#refreshing = false;
      this.refresh();
    }, 150);
  }

  refresh(): void {
    void this.runs.run(() => ask('runs'));
    void this.interrupted.run(() => ask('interrupted'));
    this.refreshPlans();
    void this.progress.pull();
  }
  refreshPlans(): void {
    void this.plans.run(() => ask('plans'));
  }
  refreshDatasets(): void {
    void this.datasets.run(() => ask('datasets'));
    void this.knownData.run(() => ask('knownData'));
  }
  refreshWeights(): void {
    void this.weights.run(() => ask('weights'));
  }
  refreshReferences(): void {
    void this.references.run(() => ask('referenceCurves'));
  }
  refreshGpuBuild(): void {
    void this.gpuBuild.run(() => ask('gpuBuild'));
  }
  /** Installs, tries or removes TensorFlow's build for NVIDIA GPUs. */
  async changeGpuBuild(work: () => Promise<GpuBuild | null>): Promise<void> {
    await this.gpuChange.run(work);
    this.refreshGpuBuild();
    this.doctor.clear();
  }
  /** Reads a weights file; the result is shown on the weights page. */
  async importWeights(file: string, wanted: WantedWeights = {}): Promise<void> {
    this.importing.clear();
    this.imported = { file, wanted };
    await this.importing.run(() => ask('importWeights', file, wanted));
  }
  /** Scans a folder; the result is shown on the data sets page. */
  async inspect(path: string, reading?: Reading): Promise<void> {
    this.inspectedPath = path;
    this.inspection.clear();
    await this.inspection.run(() => ask('inspect', path, false, reading));
  }
  /** Writes the built-in sample set and adds it under a name. */
  async writeSampleSet(name: string): Promise<void> {
    await this.sample.run(async () => {
      await ask('addDataset', await ask('writeSampleSet'), name);
    });
    this.refreshDatasets();
  }
  /** Checks the contents of a listed data set. Until it is done, and if it is cancelled, the listing remains. */
  checkContents(path: string, reading?: Reading): Promise<Inspection | null> {
    this.inspectedPath = path;
    return this.inspection.run(() => ask('inspect', path, true, reading));
  }
  forgetInspection(): void {
    this.inspectedPath = null;
    this.inspection.clear();
  }
  async countDetections(wanted: CountedDetections): Promise<void> {
    const { path, fingerprint, split, rules } = wanted;
    this.counting.clear();
    this.counted = wanted;
    await this.counting.run(() => ask('evaluateDetections', path, fingerprint, split, rules));
  }
  forgetCounted(): void {
    this.counted = null;
    this.counting.clear();
  }
  async calibrate(plan: string): Promise<void> {
    await this.calibration.run(() => ask('calibratePlan', plan));
    void this.plans.run(() => ask('plans'));
  }
  refreshReports(): void {
    void this.reports.run(() => ask('reports'));
  }

  #adopt(about: About): void {
    this.about = about;
    const { settings } = about;
    words.language = settings.language === 'system' ? about.systemLanguage : settings.language;
    document.documentElement.lang = words.language === 'zh' ? 'zh-CN' : 'en';
    if (settings.theme === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = settings.theme;
  }

  async change(settings: Settings): Promise<void> {
    if (this.about === null) return;
    const before = this.about;
    // Applied at once; reverted if it cannot be saved.
    this.#adopt({ ...before, settings });
    try {
      this.#adopt({ ...before, settings: await ask('changeSettings', settings) });
    } catch (error) {
      this.#adopt(before);
      this.tell(faultOf(error));
    }
  }

  /** Runs an action and shows its fault, if any. Returns true on success. */
  async attempt(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      const fault = faultOf(error);
      // A cancellation needs no message.
      if (fault.code !== 'cancelled') this.tell(fault);
      return false;
    }
  }

  say(text: string, action?: Notice['action']): void {
    this.#show({ id: this.#nextNotice++, text, ...(action === undefined ? {} : { action }) }, 8000);
  }
  tell(fault: Fault): void {
    this.#show({ id: this.#nextNotice++, text: fault.message, fault }, null);
  }
  #show(notice: Notice, milliseconds: number | null): void {
    this.notices = [...this.notices.slice(-3), notice];
    if (milliseconds !== null) setTimeout(() => this.dismiss(notice.id), milliseconds);
  }
  dismiss(id: number): void {
    this.notices = this.notices.filter((notice) => notice.id !== id);
  }
}

export const [useWorkspace, provideWorkspace] = createContext<Workspace>();
