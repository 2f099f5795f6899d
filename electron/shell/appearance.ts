/** Settings visible outside the page: the theme, and the language of the menu, the dialogs and the tray. */
import { app, Menu, nativeTheme } from 'electron';
import type { CommandId } from '../api/pushes.ts';
import type { Language, Settings } from '../api/settings.ts';
import { buildMenu } from './menu.ts';
import type { DesktopPresence } from './presence.ts';
import { words, type Words } from './words.ts';

export function systemLanguage(): Language {
  return app.getLocale().startsWith('zh') ? 'zh' : 'en';
}

export function wordsOf(settings: Settings): Words {
  return words[settings.language === 'system' ? systemLanguage() : settings.language];
}

export interface Appearance {
  /** Words in the language of the settings last applied. */
  text(): Words;
  apply(settings: Settings): void;
}

export function createAppearance(
  initial: Settings,
  presence: DesktopPresence,
  carryOut: (command: CommandId) => void,
): Appearance {
  let text = wordsOf(initial);

  function apply(settings: Settings): void {
    text = wordsOf(settings);
    nativeTheme.themeSource = settings.theme;
    Menu.setApplicationMenu(buildMenu(text, carryOut));
    presence.change({ keepAwake: settings.keepAwake, text });
  }
  apply(initial);
  return { text: () => text, apply };
}
