/** The state of the made-up workstation, and its pushes. */
import type { Pushes } from '../../../electron/api/pushes.ts';
import type { Requests } from '../../../electron/api/requests.ts';
import type { Language, Settings } from '../../../electron/api/settings.ts';

export interface FakeOptions {
  readonly language?: Language;
  readonly theme?: 'light' | 'dark';
  readonly empty?: boolean;
  /** Nothing goes on by itself. */
  readonly still?: boolean;
}

/** Answers to some of the requests, at once or later. */
export type FakeAnswers<K extends keyof Requests> = {
  readonly [N in K]: (...args: Parameters<Requests[N]>) => ReturnType<Requests[N]> | Promise<ReturnType<Requests[N]>>;
};

export const now = Date.now();
/** The time `count` minutes ago. */
export const minutes = (count: number): number => now - count * 60_000;
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class FakeWorld {
  readonly empty: boolean;
  readonly language: Language;
  settings: Settings;
  /** Step of the run in training. */
  step = 412;
  /** New titles of renamed runs. */
  readonly titles = new Map<string, string>();
  /** Tags that were changed, and runs that were archived or taken out again. */
  readonly tags = new Map<string, readonly string[]>();
  readonly archived = new Map<string, boolean>();
  /** Deleted runs. */
  readonly gone = new Set<string>();
  readonly #listeners = new Map<string, Set<(...values: never[]) => void>>();

  constructor({ language = 'en', theme = 'light', empty = false }: FakeOptions) {
    this.empty = empty;
    this.language = language;
    const usual = { keepAwake: true, awakeOnBattery: true, notify: true, checkForUpdates: false };
    this.settings = { language, theme, resumeAutomatically: false, ...usual, threads: null };
  }

  push<K extends keyof Pushes>(name: K, ...values: Parameters<Pushes[K]>): void {
    for (const listener of this.#listeners.get(name) ?? [])
      (listener as unknown as (...all: Parameters<Pushes[K]>) => void)(...values);
  }

  on<K extends keyof Pushes>(name: K, listener: Pushes[K]): () => void {
    const all = this.#listeners.get(name) ?? new Set();
    all.add(listener);
    this.#listeners.set(name, all);
    return () => all.delete(listener);
  }

  /** Takes about a second, with progress. */
  async sideJob(kind: string, phase: string): Promise<void> {
    for (let at = 0; at <= 10; at += 1) {
      this.push('job', { kind, phase, fraction: at / 10, secondsLeft: (10 - at) * 0.12, ended: false });
      await pause(120);
    }
    this.push('job', { kind, phase, fraction: 1, secondsLeft: 0, ended: true });
  }
}
