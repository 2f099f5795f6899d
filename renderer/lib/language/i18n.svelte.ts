/** The words of the window in the language it is set to. */
import type { Language } from '../../../electron/api/settings.ts';
import { en, type Key } from '../../locales/en.ts';
import { createFormat, type Format } from './format.ts';
import { createSay, type Say, type SlotValues } from './say.ts';

export type { Key, SlotValues };

type NameOf<Slot extends string> = Slot extends `${infer Name}#${string}` ? Name : Slot;
type SlotsOf<Text extends string> = Text extends `${string}{${infer Slot}}${infer Rest}`
  ? NameOf<Slot> | SlotsOf<Rest>
  : never;
type Slots<K extends Key> = [SlotsOf<(typeof en)[K]>] extends [never]
  ? []
  : [Readonly<Record<SlotsOf<(typeof en)[K]>, string | number>>];

/** Told by the program, which knows the settings before they are asked for; else the system's. */
function firstLanguage(): Language {
  const told = new URLSearchParams(location.search).get('language') ?? navigator.language;
  return told.startsWith('zh') ? 'zh' : 'en';
}

class Words {
  language = $state<Language>(firstLanguage());
  say: Say = $derived(createSay(this.language));
  format: Format = $derived(createFormat(this.language, this.say));
}
export const words = new Words();

/** The sentence for a key; the compiler asks for exactly its slots. */
export function t<K extends Key>(key: K, ...slots: Slots<K>): string {
  return words.say(key, slots[0]);
}
/** A sentence whose key is built from a code. Null where the code has no sentence. */
export function tCode(group: string, code: string, slots: SlotValues = {}): string | null {
  const key = `${group}.${code}`;
  return key in en ? words.say(key as Key, slots) : null;
}
export function f(): Format {
  return words.format;
}
