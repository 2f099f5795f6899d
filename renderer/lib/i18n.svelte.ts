/**
 * The words of the window. A message is a whole sentence with named slots: `{run}`; a slot with a plural is
 * `{count#run|runs}`, chosen by the language's own rule. Numbers in slots are grouped as the language does it.
 */
import type { Language } from '../../electron/api.ts';
import { en, type Key, type Messages } from '../locales/en.ts';
import { zh } from '../locales/zh.ts';
import { createFormat, missing, type Format } from './format.ts';

export type { Key };
export type SlotValues = Readonly<Record<string, string | number | boolean>>;
export type Say = (key: Key, slots?: SlotValues) => string;

type NameOf<Slot extends string> = Slot extends `${infer Name}#${string}` ? Name : Slot;
type SlotsOf<Text extends string> = Text extends `${string}{${infer Slot}}${infer Rest}`
  ? NameOf<Slot> | SlotsOf<Rest>
  : never;
type Slots<K extends Key> = [SlotsOf<(typeof en)[K]>] extends [never]
  ? []
  : [Readonly<Record<SlotsOf<(typeof en)[K]>, string | number>>];

const tables: Readonly<Record<Language, Messages>> = { en, zh };

export function createSay(language: Language): Say {
  const numbers = new Intl.NumberFormat(language === 'zh' ? 'zh-CN' : 'en-GB', { maximumFractionDigits: 4 });
  const plurals = new Intl.PluralRules(language);
  return (key, slots = {}) =>
    tables[language][key].replace(
      /\{(\w+)(?:#([^|}]*)\|([^}]*))?\}/g,
      (_whole, name: string, one?: string, other?: string) => {
        const value = slots[name];
        if (one !== undefined && other !== undefined) return plurals.select(Number(value)) === 'one' ? one : other;
        if (value === undefined || value === '') return missing;
        return typeof value === 'number' ? numbers.format(value) : String(value);
      },
    );
}

class Words {
  language = $state<Language>(navigator.language.startsWith('zh') ? 'zh' : 'en');
  say: Say = $derived(createSay(this.language));
  format: Format = $derived(createFormat(this.language, this.say));
}
export const words = new Words();

/** The sentence for a key; the compiler asks for exactly its slots. */
export function t<K extends Key>(key: K, ...slots: Slots<K>): string {
  return words.say(key, slots[0]);
}
/** A sentence whose key is put together from a code. Null where nobody has worded that code. */
export function tCode(group: string, code: string, slots: SlotValues = {}): string | null {
  const key = `${group}.${code}`;
  return key in en ? words.say(key as Key, slots) : null;
}
export function f(): Format {
  return words.format;
}
