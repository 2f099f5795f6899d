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
  readonly threads: number | null;
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
}
