/**
 * The words of the window. A message is a whole sentence with named slots: `{run}`; a slot with a plural is
 * `{count#run|runs}`, chosen by the language's own rule. Numbers in slots are grouped as the language does it.
 */
import type { Language } from '../../../electron/api/settings.ts';
import { en, type Key, type Messages } from '../../locales/en.ts';
import { zh } from '../../locales/zh.ts';

export type SlotValues = Readonly<Record<string, string | number | boolean>>;
export type Say = (key: Key, slots?: SlotValues) => string;

/** Placeholder for an unknown number; its title gives the reason. */
export const missing = '–';

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
