/** The shape of a sentence in a record. */
import * as v from 'valibot';
import type * as sentence from './sentence.ts';

const Value: v.GenericSchema<sentence.Value> = v.lazy(() =>
  v.union([v.string(), v.number(), v.strictObject({ quoted: v.string() }), Sentence, v.array(Value)]),
);
const Sentence: v.GenericSchema<sentence.Sentence> = v.strictObject({ say: v.string(), with: v.array(Value) });
export const Said: v.GenericSchema<sentence.Said> = v.union([v.string(), Sentence]);
