/** Settings visible outside the page: the theme, and the language of the menu, the dialogs and the tray. */
import { app, Menu, nativeTheme } from 'electron';
import type { CommandId } from '../api/pushes.ts';
import type { Language, Settings } from '../api/settings.ts';
import { buildMenu } from './menu.ts';
import type { DesktopPresence, PresenceState } from './presence.ts';
import { words, type Words } from './words.ts';

export function systemLanguage(): Language {
  return app.getLocale().startsWith('zh') ? 'zh' : 'en';
}

function languageOf({ language }: Settings): Language {
  return language === 'system' ? systemLanguage() : language;
}

export function presenceState(settings: Settings): PresenceState {
  const language = languageOf(settings);
  return { settings, language, text: words[language] };
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
  let text = presenceState(initial).text;

  function apply(settings: Settings): void {
    const state = presenceState(settings);
    text = state.text;
    nativeTheme.themeSource = settings.theme;
    Menu.setApplicationMenu(buildMenu(text, carryOut));
    presence.change(state);
  }
  apply(initial);
  return { text: () => text, apply };
}
