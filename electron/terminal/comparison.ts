/** A comparison as the terminal prints it: figures by encoder, claims, differences on the same images. */
import type { ClaimVerdict, Comparison, ComparisonRow, Interval, Reason } from '../api/comparison.ts';
import {
  basisInWords,
  isChosenOnTest,
  markInWords,
  signsInWords,
  testMark,
  unitsInWords,
  variedInWords,
} from '../words/replication.ts';
import { probability } from '../workstation/report/format.ts';
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
    ...[paper, earlier, ours, 'n', interval, difference].map((title): Column => ({ title, holds: 'figures' })),
    { title: verdict, holds: 'text' },
  ];
  const name = nameOf(rows, words);
  const table = tableOf(
    columns,
    bySubject(rows, words, (row) => [figureCells(row, name, words), ...replicationLines(row, words)]),
    room,
  );
  const isMarked = rows.some(({ ours, paper }) => ours?.which === 'best' || (paper !== null && isChosenOnTest(paper)));
  return isMarked ? `${table}\n\n${markInWords(words.language)}` : table;
}

/** Where anything differed between the evaluations, a line that says what of how many units; and a fault of repetitions. */
function replicationLines({ ours }: ComparisonRow, words: Words): readonly TableRow[] {
  if (ours === null) return [];
  const { language, report } = words;
  const { varied, disagreeing } = ours;
  return [
    ...(varied.length === 0
      ? []
      : [`    ${unitsInWords(language, ours)}${report.semicolon}${variedInWords(language, varied)}`]),
    ...(disagreeing.length === 0
      ? []
      : [`    ${report.notes['repetitions-differ']}${report.colon}${disagreeing.join(report.listComma)}`]),
  ];
}

function bySubject(
  rows: readonly ComparisonRow[],
  words: Words,
  lines: (row: ComparisonRow) => readonly TableRow[],
): readonly TableRow[] {
  const groups = new Map<string, TableRow[]>();
  for (const row of rows) {
    const { id, label } = row.subject;
    groups.set(id, [...(groups.get(id) ?? [subjectName(words.report, label)]), ...lines(row)]);
  }
  return [...groups.values()].flat();
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
    marked(figure(paper?.value ?? null), paper !== null && isChosenOnTest(paper)),
    figure(earlier?.value ?? null),
    marked(figure(ours?.mean ?? null), ours?.which === 'best'),
    ours === null ? '' : String(ours.n),
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
  const { comma, pOf } = words.report;
  const rows = claims.map((told) => {
    const { claim, verdict, evidence, signs, test } = told;
    const figures = evidence.map(({ name, value, limit, interval, pValue }) => {
      const shown = [quantity(value), interval === null ? '' : intervalText(interval)].filter((part) => part !== '');
      const p = pValue === undefined ? '' : `${comma}${pOf(probability(pValue))}`;
      return `${names[name] ?? name} ${shown.join(' ')}${limit === null ? '' : ` ${limitOf(figure(limit))}`}${p}`;
    });
    const where = claim.where ?? words.say('notInPaper');
    const tests = [
      ...(signs === null ? [] : [signsInWords(words.language, signs, probability(signs.pValue))]),
      ...(test === null ? [] : [pValuesText(test, words)]),
      basisInWords(words.language, told),
    ].filter((part) => part !== '');
    return [words.claim(verdict), [claim.text[words.language], ...figures, ...tests].join('\n'), where];
  });
  const titles = [columns.verdict, columns.claim, columns.where];
  return `${words.say('claims')}\n${tableOf(
    titles.map((title) => ({ title, holds: 'text' })),
    rows,
    room,
  )}`;
}

/** `p 0.0123, Holm-adjusted p 0.0369`. */
function pValuesText({ pValue, adjusted }: NonNullable<ClaimVerdict['test']>, { report }: Words): string {
  const { columns, comma, pOf } = report;
  return `${pOf(probability(pValue))}${comma}${columns.adjusted} ${probability(adjusted)}`;
}

function pairsText({ pairs }: Comparison, words: Words, room: number): string {
  if (pairs.length === 0) return '';
  const { report } = words;
  const columns: readonly Column[] = [
    { title: report.columns.difference, holds: 'text' },
    { title: report.columns.figure, holds: 'text' },
    { title: words.say('points'), holds: 'figures' },
    { title: words.say('interval'), holds: 'text' },
    { title: report.columns.adjusted, holds: 'figures' },
    { title: report.columns.images, holds: 'figures' },
  ];
  const rows = pairs.map(({ better, worse, evaluator, metric, difference, overSeeds, overImages, test, images }) => [
    `${subjectName(report, better)} ${words.say('minus')} ${subjectName(report, worse)}`,
    `${report.evaluators[evaluator] ?? evaluator} ${report.metrics[metric] ?? metric}`,
    signed(difference),
    [
      ...(overSeeds === null ? [] : [`${report.columns.overSeeds} ${rangeText(overSeeds)}`]),
      ...(overImages === null ? [] : [`${report.columns.overImages} ${rangeText(overImages)}`]),
    ].join('\n'),
    probability(test.adjusted),
    String(images),
  ]);
  return `${words.say('pairs')}\n${tableOf(columns, rows, room)}`;
}

const marked = (text: string, isMarked: boolean): string => (isMarked ? `${text}${testMark}` : text);

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
