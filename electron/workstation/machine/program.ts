/** Requests about the program and the machine. */
import { release } from 'node:os';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Settings, Upgrade } from '../../api/settings.ts';
import type { RequestHandler } from '../request-types.ts';
import { writeSettings } from './settings.ts';
import type { Desktop } from './desktop.ts';

export interface Program {
  readonly about: RequestHandler<'about'>;
  readonly changeSettings: RequestHandler<'changeSettings'>;
  readonly chooseHome: RequestHandler<'chooseHome'>;
  readonly logFailure: RequestHandler<'logFailure'>;
  readonly chooseFolder: RequestHandler<'chooseFolder'>;
  readonly chooseFile: RequestHandler<'chooseFile'>;
  readonly chooseFiles: RequestHandler<'chooseFiles'>;
  readonly hardware: RequestHandler<'hardware'>;
  readonly doctor: RequestHandler<'doctor'>;
  readonly openLink: RequestHandler<'openLink'>;
}

export interface ProgramOptions {
  readonly home: string;
  readonly version: string;
  readonly edition: string;
  readonly write: boolean;
  readonly settings: { current: Settings };
  readonly damage: readonly string[];
  readonly upgrade: Upgrade | null;
  readonly complain: (line: string) => void;
  readonly versions: Readonly<Record<string, string>>;
  readonly desktop: Desktop;
  /** Of the updates, if this build has any. */
  readonly ownHost: string | null;
  readonly hardware: RequestHandler<'hardware'>;
  readonly doctor: RequestHandler<'doctor'>;
}

export function createProgram(options: ProgramOptions): Program {
  const { home, version, edition, settings, versions, desktop } = options;
  return {
    about: () => {
      const platform = `${process.platform} ${release()} ${process.arch}`;
      return {
        version,
        edition,
        home,
        platform,
        versions,
        systemLanguage: systemLanguage(),
        settings: settings.current,
        damage: options.damage,
        upgrade: options.upgrade,
      };
    },
    changeSettings: async (next) => {
      if (!options.write) throw new FaultError('locked', 'The workspace is open for reading only.');
      settings.current = await writeSettings(home, next);
      return settings.current;
    },
    // Another workspace requires a restart, which only the desktop program can do.
    chooseHome: () => null,
    logFailure: (where, description) => options.complain(`The window failed at ${where}: ${description}`),
    chooseFolder: desktop.pickFolder,
    chooseFile: desktop.pickFile,
    chooseFiles: desktop.pickFiles,
    hardware: options.hardware,
    doctor: options.doctor,
    openLink: (url) => desktop.openLink(url, options.ownHost),
  };
}

/** Language from the environment; the desktop program asks the system instead. */
export function systemLanguage(environment: NodeJS.ProcessEnv = process.env): 'en' | 'zh' {
  const named = environment['LC_ALL'] || environment['LC_MESSAGES'] || environment['LANG'] || '';
  return named.startsWith('zh') ? 'zh' : 'en';
}
