/**
 * Sentences that a record keeps as data, so that every program writes them in the language of its reader: an English template,
 * by which `electron/words/sentences.ts` finds the one in another language, and the values in it.
 */

/** A name is a text and stays as it is in every language; a list is written with the commas of the language. */
export type Value = string | number | Quotation | Sentence | readonly Value[];

/** What one file has and others have not, such as its first bytes. */
export interface Quotation {
  readonly quoted: string;
}
export const quoted = (text: string): Quotation => ({ quoted: text });

export interface Sentence {
  /** In English; `{1}` stands for the first value. */
  readonly say: string;
  readonly with: readonly Value[];
}

/** Records from before there were sentences hold texts in English. */
export type Said = string | Sentence;

/** The sentence that a template literal spells out. Its templates are collected from the source, so that none lacks a translation. */
export function said(parts: TemplateStringsArray, ...values: readonly Value[]): Sentence {
  const say = parts.reduce((text, part, at) => `${text}{${at}}${part}`);
  return { say, with: values };
}

/** A name, a path or a pattern, where a sentence is expected: it is the same in every language. */
export const asIs = (name: string): Sentence => ({ say: '{1}', with: [name] });

/** How a language writes what a sentence is made of. */
export interface Writer {
  /** The template in the language, by the English one. */
  readonly template: (say: string) => string;
  readonly number: (value: number) => string;
  readonly comma: string;
}

export function written(value: Value, writer: Writer): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return writer.number(value);
  if ('quoted' in value) return value.quoted;
  if (!isSentence(value)) return value.map((one) => written(one, writer)).join(writer.comma);
  const { say, with: values } = value;
  return writer
    .template(say)
    .replace(/\{(\d+)\}/g, (_whole, place) => written(values[Number(place) - 1] ?? '', writer));
}

const english: Writer = { template: (say) => say, number: String, comma: ', ' };
export const inEnglish = (sentence: Said): string => written(sentence, english);

const isSentence = (value: Value): value is Sentence => typeof value === 'object' && 'say' in value;

/** Equal for sentences that differ in numbers and quotations alone. */
export function kindOf(sentence: Said): string {
  return JSON.stringify(sentence, (_key, value: Value) =>
    typeof value === 'number' || (typeof value === 'object' && 'quoted' in value) ? null : value,
  );
}

/** What two sentences of one kind have in common: … stands for the values in which they differ. */
export function commonTo<S extends Said>(one: S, other: Said): S | Sentence {
  if (typeof one === 'string' || typeof other === 'string') return one;
  return { say: one.say, with: one.with.map((value, at) => commonValue(value, other.with[at] ?? '')) };
}

function commonValue(one: Value, other: Value): Value {
  if (isSentence(one) && isSentence(other)) return commonTo(one, other);
  return JSON.stringify(one) === JSON.stringify(other) ? one : '…';
}
