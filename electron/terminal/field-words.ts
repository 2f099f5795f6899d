/** Figures, and the reasons why two of them cannot be compared, in the short form of a terminal. */
import type { ComparisonRow, Reason } from '../api/comparison.ts';
import { fieldName, figureName, reasonSide } from '../workstation/report/naming.ts';
import type { Words } from './words.ts';

/** Largest number of reasons that a verdict names. */
const mostNamed = 3;

/** `data set, encoder, epochs and 8 more`: why a figure cannot be compared, or what it deviates in. Empty where nothing is of the kind. */
export function reasonsInShort(
  words: Words,
  reasons: readonly Reason[],
  wanted: 'breaks' | 'deviation' = 'breaks',
): string {
  const found = reasons.filter(({ kind }) => kind === wanted).map(({ field }) => shortReason(words, field));
  const names = [...new Set(found)];
  const named = names.slice(0, mostNamed).join(words.say('listComma'));
  return names.length > mostNamed ? words.andMore(named, names.length - mostNamed) : named;
}

function shortReason(words: Words, field: string): string {
  if (field === 'paper') return words.say('notInPaper');
  return field === 'value' ? words.say('noNumber') : fieldName(words.report, field);
}

/** Value of a field in the paper or in our run. */
export function sideInWords(words: Words, reason: Reason, side: 'theirs' | 'ours'): string {
  const { metrics, evaluators } = words.report;
  const names = { metric: metrics, evaluator: evaluators }[reason.field] ?? {};
  return names[String(reason[side])] ?? reasonSide(words.report, reason, side);
}

/** `k-NN k = 20 top-1`: a figure without the data it was measured on. */
export function shortFigureName(
  words: Words,
  figure: Pick<ComparisonRow, 'evaluator' | 'metric' | 'dataset' | 'split' | 'protocol'>,
): string {
  const name = figureName(words.report, figure);
  return name.split(' · ')[0] ?? name;
}
