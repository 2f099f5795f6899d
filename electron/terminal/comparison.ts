/** A comparison as the terminal prints it: table, claims, differences on the same images. */
import type { Comparison, ComparisonRow, Interval } from '../api.ts';
import { tableOf } from './table.ts';
import type { Words } from './words.ts';

export function comparisonText(comparison: Comparison, words: Words): string {
  const parts = [rowsText(comparison.rows, words), claimsText(comparison, words), pairsText(comparison, words)];
  return parts.filter((part) => part !== '').join('\n\n');
}

function rowsText(rows: readonly ComparisonRow[], words: Words): string {
  if (rows.length === 0) return words.say('nothing');
  const head = (['subject', 'figure', 'paper', 'earlier', 'ours', 'interval', 'difference', 'verdict'] as const).map(
    words.say,
  );
  const cells = rows.map((row) => [
    row.subject.label,
    `${row.evaluator} ${row.metric}`,
    figure(row.paper?.value ?? null),
    figure(row.earlier?.value ?? null),
    figure(row.ours?.mean ?? null),
    intervalText(row.ours?.interval ?? null),
    row.difference === null ? '' : signed(row.difference.value),
    `${words.verdict(row.verdict)}${becauseText(row, words)}`,
  ]);
  return tableOf(head, cells, new Set([2, 3, 4, 5, 6]));
}

function becauseText(row: ComparisonRow, words: Words): string {
  const breaks = row.reasons.filter((reason) => reason.kind === 'breaks').map((reason) => reason.field);
  return breaks.length === 0 ? '' : ` (${words.say('because')} ${[...new Set(breaks)].join(', ')})`;
}

function claimsText(comparison: Comparison, words: Words): string {
  if (comparison.claims.length === 0) return '';
  const lines = comparison.claims.map(({ claim, verdict, evidence }) => {
    const figures = evidence
      .map(({ name, value, limit, interval }) => {
        const bound = limit === null ? '' : ` (${figure(limit)})`;
        return `${name} ${figure(value)}${bound}${interval === null ? '' : ` ${intervalText(interval)}`}`;
      })
      .join(', ');
    return `  ${words.claim(verdict).padEnd(14)} ${claim.text[words.language]}  [${claim.where ?? words.say('ownYardstick')}]\n${' '.repeat(17)}${figures}`;
  });
  return `${words.say('claims')}\n${lines.join('\n')}`;
}

function pairsText(comparison: Comparison, words: Words): string {
  if (comparison.pairs.length === 0) return '';
  const lines = comparison.pairs.map(
    ({ better, worse, evaluator, metric, difference, interval, images }) =>
      `  ${better} ${words.say('above')} ${worse}, ${evaluator} ${metric}: ${signed(difference)} ${intervalText(interval)}, n ${images}`,
  );
  return `${words.say('pairs')}\n${lines.join('\n')}`;
}

function figure(value: number | null): string {
  return value === null ? '–' : value.toFixed(2);
}

function signed(value: number): string {
  return `${value >= 0 ? '+' : '−'}${Math.abs(value).toFixed(2)}`;
}

function intervalText(interval: Interval | null): string {
  if (interval === null) return '';
  const percent = Math.round(interval.confidence * 100);
  return `[${interval.low.toFixed(2)}, ${interval.high.toFixed(2)}] ${percent} %`;
}
