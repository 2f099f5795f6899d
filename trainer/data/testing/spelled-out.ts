/** What an inspection says, in English. */
import { inEnglish, type Sentence } from '../../protocol/sentence.ts';

type SpelledOut<T> = T extends Sentence
  ? string
  : T extends readonly [infer One, infer Other]
    ? [SpelledOut<One>, SpelledOut<Other>]
    : T extends readonly (infer Item)[]
      ? SpelledOut<Item>[]
      : T extends object
        ? { [Key in keyof T]: SpelledOut<T[Key]> }
        : T;

const isSentence = (value: object): value is Sentence => 'say' in value && 'with' in value;

/** A record with the English of every sentence in it. */
export function spelledOut<T>(record: T): SpelledOut<T> {
  const spelled = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (isSentence(value)) return inEnglish(value);
    if (Array.isArray(value)) return value.map(spelled);
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, spelled(each)]));
  };
  return spelled(record) as SpelledOut<T>;
}
