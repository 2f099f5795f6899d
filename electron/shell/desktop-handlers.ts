/** Answers that need the desktop; they override the workstation's own. */
import { app, type BrowserWindow } from 'electron';
import { FaultError } from '../../trainer/durable/fault-error.ts';
import type { About } from '../api/settings.ts';
import type { Handlers } from '../workstation/requests.ts';
import type { Workstation } from '../workstation/workstation.ts';
import { type Appearance, systemLanguage } from './appearance.ts';
import { pickPath } from './desktop.ts';
import { rememberHome } from './home.ts';
import { isTraining } from './open-workstation.ts';

export function desktopHandlers(
  workstation: Workstation,
  appearance: Appearance,
  window: () => BrowserWindow | null,
): Handlers {
  const { handlers } = workstation;

  async function about(): Promise<About> {
    const own = await handlers.about.answer();
    const { electron, chrome } = process.versions;
    return { ...own, systemLanguage: systemLanguage(), versions: { ...own.versions, electron, chrome } };
  }

  /** Starts the program again on another workspace. */
  async function chooseHome(): Promise<string | null> {
    if (await isTraining(workstation))
      throw new FaultError('busy', 'A run is training in this workspace. Stop it before choosing another one.');
    const folder = await pickPath(window(), { properties: ['openDirectory', 'createDirectory'] });
    if (folder === null) return null;
    rememberHome(folder);
    app.relaunch();
    app.quit();
    return folder;
  }

  return {
    ...handlers,
    about: { ...handlers.about, answer: about },
    changeSettings: {
      ...handlers.changeSettings,
      answer: async (next) => {
        const saved = await handlers.changeSettings.answer(next);
        appearance.apply(saved);
        return saved;
      },
    },
    chooseHome: { ...handlers.chooseHome, answer: chooseHome },
  };
}
