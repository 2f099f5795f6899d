/** The program itself: its settings and what it says of itself. */

export type Language = 'en' | 'zh';

export type Theme = 'system' | 'light' | 'dark';

export interface Settings {
  readonly language: Language | 'system';
  readonly theme: Theme;
  /** Resume interrupted runs without asking, when the last attempt made progress. */
  readonly resumeAutomatically: boolean;
  readonly keepAwake: boolean;
  /** On its battery too. */
  readonly awakeOnBattery: boolean;
  /** Notifications of runs that end or stop while the window is not in front. */
  readonly notify: boolean;
  /** Ask once a day, at the start, whether there is a newer version. */
  readonly checkForUpdates: boolean;
  readonly threads: number | null;
}

/** What was kept of a workspace of an older version, before it was brought up to date. */
export interface Upgrade {
  /** The copy of its database. */
  readonly backup: string;
  readonly bytes: number;
  /** The version that had it before; null: it was too old to say so. */
  readonly from: string | null;
}

/** The program's own description: version, workspace, platform, settings. */
export interface About {
  readonly version: string;
  /** "-dev" when this runs on the fallback Electron. */
  readonly edition: string;
  readonly home: string;
  readonly platform: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly systemLanguage: Language;
  readonly settings: Settings;
  /** What was found damaged when the workspace was opened, a sentence each. */
  readonly damage: readonly string[];
  /** Made when the workspace was opened; null: it was of this version. */
  readonly upgrade: Upgrade | null;
}
