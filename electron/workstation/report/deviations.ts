/** What differs from the paper: each difference once, under the figures that it concerns. */
import type { ComparisonRow, Reason } from '../../api.ts';
import { canonicalJson } from '../subjects.ts';
import type { Block, Section, TableCell, TableRow } from './document.ts';
import type { Words } from './locales/en.ts';
import type { ReportModel } from './model.ts';
import { effectNote, fieldName, reasonSide, shortFigureName, subjectName } from './naming.ts';

interface Difference {
  readonly reason: Reason;
  readonly rows: ComparisonRow[];
}
/** Differences of the same figures, by the name of these. */
type Groups = ReadonlyMap<string, readonly Difference[]>;

export function deviations(model: ReportModel, words: Words): Section {
  const compared = model.comparison.rows.filter(({ paper, reasons }) => paper !== null && reasons.length > 0);
  const differences = differencesOf(compared);
  const isUnstated = ({ reason, rows }: Difference): boolean =>
    reason.theirs === null && reason.kind === 'deviation' && rows.every((row) => effectOf(row, reason) === undefined);
  const stated = grouped(
    differences.filter((difference) => !isUnstated(difference)),
    compared,
    words,
  );
  const unstated = grouped(differences.filter(isUnstated), compared, words);
  const text = compared.length === 0 ? words.deviations.none : words.deviations.intro;
  return {
    id: 'deviations',
    title: words.sections.deviations,
    blocks: [
      { kind: 'paragraph', text },
      ...(stated.size === 0 ? [] : [statedTable(stated, words)]),
      ...(unstated.size === 0
        ? []
        : [{ kind: 'heading' as const, text: words.deviations.unstated }, unstatedTable(unstated, words)]),
    ],
  };
}

function differencesOf(compared: readonly ComparisonRow[]): readonly Difference[] {
  const differences = new Map<string, Difference>();
  for (const row of compared) {
    for (const reason of row.reasons) {
      const { field, theirs, ours, kind } = reason;
      const key = canonicalJson([field, theirs, ours, kind]);
      const known = differences.get(key) ?? { reason, rows: [] };
      known.rows.push(row);
      differences.set(key, known);
    }
  }
  return [...differences.values()];
}

/** What concerns most figures comes first. */
function grouped(differences: readonly Difference[], compared: readonly ComparisonRow[], words: Words): Groups {
  const groups = new Map<string, Difference[]>();
  const sorted = [...differences].sort((one, other) => other.rows.length - one.rows.length);
  for (const difference of sorted) {
    const { rows } = difference;
    const isOfAll = rows.length === compared.length && rows.length > 1;
    const name = isOfAll ? words.deviations.common : figuresOf(rows, words);
    groups.set(name, [...(groups.get(name) ?? []), difference]);
  }
  return groups;
}

/** `VICReg: linear top-1, linear top-5; ResNet-18, labels: linear top-1`. */
function figuresOf(rows: readonly ComparisonRow[], words: Words): string {
  const labels = [...new Set(rows.map(({ subject }) => subject.label))];
  return labels
    .map((label) => {
      const own = rows.filter(({ subject }) => subject.label === label);
      const figures = [...new Set(own.map((row) => shortFigureName(words, row)))].join(words.listComma);
      return words.deviations.figuresOf({ subject: subjectName(words, label), figures });
    })
    .join(words.semicolon);
}

function statedTable(groups: Groups, words: Words): Block {
  const { columns } = words;
  return {
    kind: 'table',
    columns: [
      { title: columns.field, kind: 'text' },
      { title: columns.theirs, kind: 'text' },
      { title: columns.ours, kind: 'text' },
      { title: columns.effect, kind: 'text' },
    ],
    rows: [...groups].flatMap(([group, own]): readonly TableRow[] => [
      { group },
      ...own.map((difference) => differenceCells(difference, words)),
    ]),
  };
}

/** Where the paper says nothing there is no column for it: what we used, in a line for the same figures. */
function unstatedTable(groups: Groups, words: Words): Block {
  return {
    kind: 'table',
    columns: [
      { title: words.columns.figures, kind: 'text' },
      { title: words.columns.ours, kind: 'text' },
    ],
    rows: [...groups].map(([group, own]) => [
      group,
      own
        .map(({ reason }) => `${fieldName(words, reason.field)}${words.colon}${reasonSide(words, reason, 'ours')}`)
        .join(words.semicolon),
    ]),
  };
}

function differenceCells({ reason, rows }: Difference, words: Words): readonly TableCell[] {
  const effects = rows.flatMap((row): readonly string[] => {
    const own = effectOf(row, reason);
    if (own === undefined) return [];
    return [words.deviations.at({ figure: shortFigureName(words, row), effect: effectNote(words, own) })];
  });
  return [
    fieldName(words, reason.field),
    reasonSide(words, reason, 'theirs'),
    reasonSide(words, reason, 'ours'),
    {
      text: words.effects[reason.kind],
      tone: reason.kind === 'breaks' ? 'attention' : 'quiet',
      note: [...new Set(effects)].join(words.semicolon),
    },
  ];
}

function effectOf({ reasons }: ComparisonRow, { field }: Reason): Reason['effect'] {
  return reasons.find((reason) => reason.field === field)?.effect;
}
