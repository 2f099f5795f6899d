/** Deviations from the paper: each once, under the figures it concerns. */
import type { ComparisonRow, Reason } from '../../api/comparison.ts';
import { canonicalJson } from '../../../trainer/durable/canonical-json.ts';
import type { Block, Section, TableCell, TableRow } from './document.ts';
import type { Words } from './locales/en.ts';
import type { ReportModel } from './model.ts';
import { effectNote, fieldName, namesOf, reasonSide, shortFigureName, subjectName } from './naming.ts';

interface Difference {
  readonly reason: Reason;
  readonly rows: ComparisonRow[];
}
/** Differences that concern the same figures. */
interface Group {
  readonly name: string;
  readonly differences: readonly Difference[];
}

export function deviations(model: ReportModel, words: Words): Section {
  const compared = model.comparison.rows.filter(({ paper, reasons }) => paper !== null && reasons.length > 0);
  const differences = differencesOf(compared);
  const groupsOf = (...kinds: readonly Reason['kind'][]): readonly Group[] =>
    grouped(
      differences.filter(({ reason }) => kinds.includes(reason.kind)),
      compared,
      words,
    );
  const text = compared.length === 0 ? words.deviations.none : words.deviations.intro;
  const folded = (title: string, groups: readonly Group[]): readonly Block[] =>
    groups.length === 0 ? [] : [{ kind: 'heading', text: title }, foldedTable(groups, words)];
  const stated = groupsOf('breaks', 'deviation');
  return {
    id: 'deviations',
    title: words.sections.deviations,
    blocks: [
      { kind: 'paragraph', text },
      ...(stated.length === 0 ? [] : [statedTable(stated, words)]),
      ...folded(words.deviations.unstated, groupsOf('unstated')),
      ...folded(words.deviations.irrelevant, groupsOf('irrelevant')),
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

/** Differences that concern the most figures come first. */
function grouped(
  differences: readonly Difference[],
  compared: readonly ComparisonRow[],
  words: Words,
): readonly Group[] {
  const groups = new Map<string, Difference[]>();
  const sorted = [...differences].sort((one, other) => other.rows.length - one.rows.length);
  for (const difference of sorted) {
    const key = difference.rows.map((row) => compared.indexOf(row)).join(' ');
    groups.set(key, [...(groups.get(key) ?? []), difference]);
  }
  return [...groups.values()].map((own): Group => {
    const rows = own[0]?.rows ?? [];
    const isOfAll = rows.length === compared.length && rows.length > 1;
    return { name: isOfAll ? words.deviations.common : figuresOf(rows, words), differences: own };
  });
}

/** `VICReg: linear top-1, linear top-5; ResNet-18, labels: linear top-1`. */
function figuresOf(rows: readonly ComparisonRow[], words: Words): string {
  const subjects = new Map(rows.map(({ subject }) => [subject.id, subject.label]));
  const named = [...subjects].map(([id, label]) => {
    const own = rows.filter(({ subject }) => subject.id === id);
    const figures = [...new Set(own.map((row) => shortFigureName(words, row)))].join(words.listComma);
    return words.deviations.figuresOf({ subject: subjectName(words, label), figures });
  });
  return namesOf(words, named);
}

function statedTable(groups: readonly Group[], words: Words): Block {
  const { columns } = words;
  return {
    kind: 'table',
    columns: [
      { title: columns.field, kind: 'text' },
      { title: columns.theirs, kind: 'text' },
      { title: columns.ours, kind: 'text' },
      { title: columns.effect, kind: 'text' },
    ],
    rows: groups.flatMap(({ name, differences }): readonly TableRow[] => [
      { group: name },
      ...differences.map((difference) => differenceCells(difference, words)),
    ]),
  };
}

/** Values that the paper does not state, or that change nothing: ours alone, one line per group of figures. */
function foldedTable(groups: readonly Group[], words: Words): Block {
  return {
    kind: 'table',
    columns: [
      { title: words.columns.figures, kind: 'text' },
      { title: words.columns.ours, kind: 'text' },
    ],
    rows: groups.map(({ name, differences }) => [
      name,
      differences
        .map(({ reason }) =>
          reason.ours === null
            ? reason.why[words.language]
            : `${fieldName(words, reason.field)}${words.colon}${reasonSide(words, reason, 'ours')}`,
        )
        .join(words.semicolon),
    ]),
  };
}

function differenceCells({ reason, rows }: Difference, words: Words): readonly TableCell[] {
  const effects = rows.flatMap((row): readonly string[] => {
    const own = effectOf(row, reason);
    if (own === undefined) return [];
    return [words.deviations.at({ figure: shortFigureName(words, row), effect: effectNote(words, reason.field, own) })];
  });
  return [
    fieldName(words, reason.field),
    reasonSide(words, reason, 'theirs'),
    reasonSide(words, reason, 'ours'),
    {
      text: words.effects[reason.kind],
      tone: reason.kind === 'breaks' ? 'attention' : 'quiet',
      note: [reason.why[words.language], ...new Set(effects)].join(' '),
    },
  ];
}

function effectOf({ reasons }: ComparisonRow, { field }: Reason): Reason['effect'] {
  return reasons.find((reason) => reason.field === field)?.effect;
}
