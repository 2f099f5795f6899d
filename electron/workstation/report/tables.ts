/** Cells and tables shared by several sections. */
import type { ClaimVerdict, ComparisonRow, Verdict } from '../../api/comparison.ts';
import type { Cell } from '../../../trainer/protocol/paper.ts';
import { deviationsOf, isJudged } from '../../words/deviations.ts';
import type { Block, TableCell, TableRow, Tone } from './document.ts';
import { basisInWords, unitsInWords, variedInWords } from '../../words/replication.ts';
import { between, decimal, nothing, probability, signed } from './format.ts';
import type { Words } from './locales/en.ts';
import { cellValue, figureName, ownValue, subjectName } from './naming.ts';

const tones: Readonly<Record<Verdict | ClaimVerdict['verdict'], Tone>> = {
  reproduced: 'ok',
  holds: 'ok',
  'not-reproduced': 'wrong',
  'does-not-hold': 'wrong',
  inconclusive: 'attention',
  'not-comparable': 'quiet',
  pending: 'quiet',
};

export function verdictCell(words: Words, verdict: keyof typeof tones): TableCell {
  return { text: words.verdicts[verdict], tone: tones[verdict], label: true };
}

/** The verdict on a figure, with the number of deviations it was reached with. */
export function figureVerdict(words: Words, row: Pick<ComparisonRow, 'verdict' | 'reasons'>): string {
  const count = isJudged(row.verdict) ? deviationsOf(row.reasons).length : 0;
  return words.withDeviations(words.verdicts[row.verdict], count);
}

/** `difference over seeds 0.23 [−0.54, 0.95] (threshold 0), p 0.4213; …`. */
export function evidenceText(words: Words, evidence: ClaimVerdict['evidence']): string {
  return evidence
    .map(({ name, value, limit, interval, pValue }) => {
      const digits = name === 'embeddingStd' ? 4 : 2;
      const range = interval === null ? '' : ` ${between(interval, digits)}`;
      const bound = limit === null ? '' : words.limitOf(String(limit));
      const p = pValue === undefined ? '' : `${words.comma}${words.pOf(probability(pValue))}`;
      return `${words.evidence[name] ?? name} ${decimal(value, digits)}${range}${bound}${p}`;
    })
    .join(words.semicolon);
}

/** The verdict on a claim, and what it was tested over. */
export function claimCell(words: Words, claim: ClaimVerdict): TableCell {
  return {
    text: words.verdicts[claim.verdict],
    tone: tones[claim.verdict],
    label: true,
    note: basisInWords(words.language, claim),
  };
}

/** Without a figure in the paper there is no verdict: the row is a control. */
function rowVerdict(words: Words, row: ComparisonRow): TableCell {
  if (row.paper === null && row.ours !== null) return nothing;
  return { text: figureVerdict(words, row), tone: tones[row.verdict], label: true };
}

function citedCell(words: Words, cell: Cell | null): TableCell {
  return cell === null ? nothing : { text: cellValue(words, cell), note: cell.where };
}

/** Groups the rows of each figure under its name. */
export function byFigure(
  words: Words,
  rows: readonly ComparisonRow[],
  cellsOf: (row: ComparisonRow) => readonly (readonly TableCell[])[],
): readonly TableRow[] {
  const names = [...new Set(rows.map((row) => figureName(words, row)))];
  return names.flatMap((group): readonly TableRow[] => {
    const cells = rows.filter((row) => figureName(words, row) === group).flatMap(cellsOf);
    return cells.length === 0 ? [] : [{ group }, ...cells];
  });
}

/** The table of the report: paper, earlier reproduction, ours, difference, verdict. */
export function comparisonTable(words: Words, rows: readonly ComparisonRow[]): Block {
  const { columns } = words;
  return {
    kind: 'table',
    columns: [
      { title: columns.experiment, kind: 'text' },
      { title: columns.paper, kind: 'figure' },
      { title: columns.earlier, kind: 'figure' },
      { title: columns.ours, kind: 'figure' },
      { title: columns.interval, kind: 'figure' },
      { title: columns.difference, kind: 'figure' },
      { title: columns.verdict, kind: 'text' },
    ],
    rows: byFigure(words, rows, (row) => [
      [
        subjectCell(words, row, true),
        citedCell(words, row.paper),
        citedCell(words, row.earlier),
        ownValue(row),
        intervalText(row),
        differenceCell(row),
        rowVerdict(words, row),
      ],
    ]),
  };
}

/** The same rows at a glance: our figure, its interval, and the paper's. */
export function glanceTable(words: Words, rows: readonly ComparisonRow[]): Block {
  const { columns } = words;
  return {
    kind: 'table',
    columns: [
      { title: columns.experiment, kind: 'text' },
      { title: columns.ours, kind: 'figure' },
      { title: columns.interval, kind: 'figure' },
      { title: columns.paper, kind: 'figure' },
      { title: columns.verdict, kind: 'text' },
    ],
    rows: byFigure(words, rows, (row) => [
      [
        subjectCell(words, row, false),
        ownValue(row),
        intervalText(row),
        cellValue(words, row.paper),
        rowVerdict(words, row),
      ],
    ]),
  };
}

/** What was measured, and how often independently; in full also what differed between the evaluations. */
function subjectCell(words: Words, { subject, ours }: ComparisonRow, inFull: boolean): TableCell {
  const text = subjectName(words, subject.label);
  if (ours === null) return text;
  const varied = inFull ? variedInWords(words.language, ours.varied) : '';
  return {
    text,
    note: [unitsInWords(words.language, ours), varied].filter((part) => part !== '').join(words.semicolon),
  };
}

function intervalText({ ours }: ComparisonRow): string {
  return ours?.interval ? between(ours.interval, 2) : nothing;
}

function differenceCell({ difference }: ComparisonRow): TableCell {
  if (difference === null) return nothing;
  const note = difference.interval === null ? '' : between(difference.interval, 2);
  return { text: signed(difference.value, 2), note };
}
