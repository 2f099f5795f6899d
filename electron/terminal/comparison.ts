/** A comparison as the terminal prints it: figures by encoder, claims, differences on the same images. */
import type { Comparison, ComparisonRow, Interval, Reason } from '../api/comparison.ts';
import { effectNote, fieldName, figureName, subjectName } from '../workstation/report/naming.ts';
import { figureVerdict } from '../workstation/report/tables.ts';
import { reasonsInShort, shortFigureName, sideInWords } from './field-words.ts';
import { tableOf, type Column, type TableRow } from './table.ts';
import type { Words } from './words.ts';

export interface ComparisonStyle {
  /** Places in a line. */
  readonly room: number;
  /** Also every reason why a figure differs from the paper's, with the values of both. */
  readonly isVerbose: boolean;
}

export function comparisonText(comparison: Comparison, words: Words, { room, isVerbose }: ComparisonStyle): string {
  const { rows } = comparison;
  const parts = [
    rowsText(rows, words, room),
    isVerbose ? reasonsText(rows, words, room) : '',
    claimsText(comparison, words, room),
    pairsText(comparison, words, room),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

/** Figures grouped under the encoder they were measured on. */
function rowsText(rows: readonly ComparisonRow[], words: Words, room: number): string {
  if (rows.length === 0) return words.say('nothing');
  const { figure, paper, earlier, ours, interval, difference, verdict } = words.report.columns;
  const columns: readonly Column[] = [
    { title: `  ${figure}`, holds: 'text' },
    ...[paper, earlier, ours, interval, difference].map((title): Column => ({ title, holds: 'figures' })),
    { title: verdict, holds: 'text' },
  ];
  return tableOf(
    columns,
    bySubject(rows, words, (row) => [figureCells(row, nameOf(rows, words), words)]),
    room,
  );
}

function bySubject(
  rows: readonly ComparisonRow[],
  words: Words,
  lines: (row: ComparisonRow) => readonly TableRow[],
): readonly TableRow[] {
  const groups = new Map<string, TableRow[]>();
  for (const row of rows) {
    const label = subjectName(words.report, row.subject.label);
    groups.set(label, [...(groups.get(label) ?? []), ...lines(row)]);
  }
  return [...groups].flatMap(([label, own]) => [label, ...own]);
}

/** The data a figure was measured on is named where the figures are of more than one. */
function nameOf(rows: readonly ComparisonRow[], words: Words): (row: ComparisonRow) => string {
  const isOneSplit = new Set(rows.map(({ dataset, split }) => `${dataset} ${split}`)).size === 1;
  return (row) => (isOneSplit ? shortFigureName(words, row) : figureName(words.report, row));
}

function figureCells(row: ComparisonRow, name: (row: ComparisonRow) => string, words: Words): readonly string[] {
  const { paper, earlier, ours, difference, verdict, reasons } = row;
  return [
    `  ${name(row)}`,
    figure(paper?.value ?? null),
    figure(earlier?.value ?? null),
    figure(ours?.mean ?? null),
    ours?.interval == null ? '' : rangeText(ours.interval),
    difference === null ? '' : signed(difference.value),
    verdictText(verdict, reasons, words),
  ];
}

function verdictText(verdict: ComparisonRow['verdict'], reasons: ComparisonRow['reasons'], words: Words): string {
  const kind = verdict === 'not-comparable' ? 'breaks' : 'deviation';
  const because = verdict === 'pending' ? '' : reasonsInShort(words, reasons, kind);
  const own = figureVerdict(words.report, { verdict, reasons });
  if (because === '') return own;
  // Without anything to compare it with, no other reason matters.
  if (reasons.every(({ field }) => field === 'paper')) return because;
  return `${own}${words.report.colon}${because}`;
}

/** Every field in which a figure differs from the paper's: a line each, but for what the paper does not say and what changes nothing. */
function reasonsText(rows: readonly ComparisonRow[], words: Words, room: number): string {
  const differing = rows.filter(({ reasons }) => reasons.length > 0);
  if (differing.length === 0) return '';
  const { columns, effects } = words.report;
  const name = nameOf(rows, words);
  const lines = bySubject(differing, words, (row) => [
    `  ${name(row)}`,
    ...row.reasons
      .filter(({ kind }) => kind === 'breaks' || kind === 'deviation')
      .map((reason) => {
        const noted = reason.effect === undefined ? [] : [effectNote(words.report, reason.field, reason.effect)];
        return [
          `    ${fieldName(words.report, reason.field)}`,
          sideInWords(words, reason, 'theirs'),
          sideInWords(words, reason, 'ours'),
          [effects[reason.kind], reason.why[words.language], ...noted].join('\n'),
        ];
      }),
    ...(['unstated', 'irrelevant'] as const).flatMap((kind) => {
      const folded = foldedText(row.reasons, kind, words);
      return folded === '' ? [] : [[`    ${effects[kind]}`, '', folded, '']];
    }),
  ]);
  const titles = [`    ${columns.field}`, columns.theirs, columns.ours, columns.effect];
  return `${words.say('differences')}\n${tableOf(
    titles.map((title) => ({ title, holds: 'text' })),
    lines,
    room,
  )}`;
}

/** `temperature 0.07; similarity cosine`: our values alone. */
function foldedText(reasons: ComparisonRow['reasons'], kind: Reason['kind'], words: Words): string {
  return reasons
    .filter((reason) => reason.kind === kind)
    .map((reason) =>
      reason.ours === null
        ? reason.why[words.language]
        : `${fieldName(words.report, reason.field)} ${sideInWords(words, reason, 'ours')}`,
    )
    .join(words.report.semicolon);
}

function claimsText({ claims }: Comparison, words: Words, room: number): string {
  if (claims.length === 0) return '';
  const { columns, evidence: names, limitOf } = words.report;
  const rows = claims.map(({ claim, verdict, evidence }) => {
    const figures = evidence.map(({ name, value, limit, interval }) => {
      const shown = [quantity(value), interval === null ? '' : intervalText(interval)].filter((part) => part !== '');
      return `${names[name] ?? name} ${shown.join(' ')}${limit === null ? '' : ` ${limitOf(figure(limit))}`}`;
    });
    const where = claim.where ?? words.say('notInPaper');
    return [words.claim(verdict), [claim.text[words.language], ...figures].join('\n'), where];
  });
  const titles = [columns.verdict, columns.claim, columns.where];
  return `${words.say('claims')}\n${tableOf(
    titles.map((title) => ({ title, holds: 'text' })),
    rows,
    room,
  )}`;
}

function pairsText({ pairs }: Comparison, words: Words, room: number): string {
  if (pairs.length === 0) return '';
  const { report } = words;
  const columns: readonly Column[] = [
    { title: report.columns.difference, holds: 'text' },
    { title: report.columns.figure, holds: 'text' },
    { title: words.say('points'), holds: 'figures' },
    { title: words.say('interval'), holds: 'figures' },
    { title: report.columns.images, holds: 'figures' },
  ];
  const rows = pairs.map(({ better, worse, evaluator, metric, difference, interval, images }) => [
    `${subjectName(report, better)} ${words.say('minus')} ${subjectName(report, worse)}`,
    `${report.evaluators[evaluator] ?? evaluator} ${report.metrics[metric] ?? metric}`,
    signed(difference),
    intervalText(interval),
    String(images),
  ]);
  return `${words.say('pairs')}\n${tableOf(columns, rows, room)}`;
}

function figure(value: number | null): string {
  return value === null ? '–' : value.toFixed(2);
}

/** A small quantity keeps its digits: a collapsed embedding has a standard deviation of 0.0041, not of 0.00. */
function quantity(value: number | null): string {
  return value === null || value === 0 || Math.abs(value) >= 0.1 ? figure(value) : String(Number(value.toPrecision(2)));
}

function signed(value: number): string {
  return `${value >= 0 ? '+' : ''}${value.toFixed(2)}`;
}

function rangeText({ low, high }: Interval): string {
  return `[${low.toFixed(2)}, ${high.toFixed(2)}]`;
}

function intervalText(interval: Interval): string {
  return `${rangeText(interval)} ${Math.round(interval.confidence * 100)} %`;
}
