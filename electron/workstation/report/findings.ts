/** The sections of findings: results, claims, the earlier reproduction. */
import type { ClaimVerdict, ComparisonRow } from '../../api/comparison.ts';
import { splitInWords } from '../../words/dataset-names.ts';
import { signsInWords } from '../../words/replication.ts';
import type { Block, Section, TableCell, TableRow } from './document.ts';
import { between, decimal, nothing, probability, signed, whole } from './format.ts';
import type { Words } from './locales/en.ts';
import { epochsUsed, type ReportModel } from './model.ts';
import { cellValue, dataName, evaluatorName, fieldName, figureName, shortFigureName, subjectName } from './naming.ts';
import { claimCell, comparisonTable, evidenceText, verdictCell } from './tables.ts';

function ruleText(words: Words, { rule }: ClaimVerdict['claim']): string {
  const at = (confidence: number): string => `${decimal(100 * confidence, 0)} %`;
  switch (rule.kind) {
    case 'collapse':
      return words.claims.collapse({ std: String(rule.embeddingStdBelow), points: String(rule.withinPoints) });
    case 'paired-better':
    case 'seeds-better':
      return words.claims[rule.kind]({ confidence: at(rule.confidence) });
    case 'paired-same':
      return words.claims['paired-same']({ points: String(rule.withinPoints) });
    case 'drops-less':
      return words.claims['drops-less']({ points: String(rule.byPoints), confidence: at(rule.confidence) });
  }
}

export function claims({ comparison }: ReportModel, words: Words): Section | null {
  if (comparison.claims.length === 0) return null;
  const { columns } = words;
  return {
    id: 'claims',
    title: words.sections.claims,
    blocks: [
      {
        kind: 'table',
        columns: [
          { title: columns.claim, kind: 'text' },
          { title: columns.rule, kind: 'text' },
          { title: columns.evidence, kind: 'text' },
          { title: columns.test, kind: 'figure' },
          { title: columns.adjusted, kind: 'figure' },
          { title: columns.verdict, kind: 'text' },
        ],
        rows: comparison.claims.map((told) => {
          const { claim, evidence, signs, test } = told;
          const pairs = signs && signsInWords(words.language, signs, probability(signs.pValue));
          return [
            {
              text: claim.text[words.language],
              note: claim.where === undefined ? words.ownYardstick : `${columns.where}${words.colon}${claim.where}`,
            },
            ruleText(words, claim),
            { text: evidenceText(words, evidence), note: pairs ?? '' },
            test === null ? nothing : probability(test.pValue),
            test === null ? nothing : probability(test.adjusted),
            claimCell(words, told),
          ];
        }),
      },
      { kind: 'paragraph', text: words.claimsNote, quiet: true },
    ],
  };
}

/** One row per run, with all the metrics of its evaluation, which use the same images. */
function seedsTable(model: ReportModel, words: Words): Block {
  const { columns } = words;
  const evaluations = new Map<string, ComparisonRow[]>();
  for (const row of model.comparison.rows) {
    if (row.ours === null) continue;
    const key = `${evaluatorName(words, row)}\n${row.dataset} ${row.split}`;
    evaluations.set(key, [...(evaluations.get(key) ?? []), row]);
  }
  return {
    kind: 'table',
    columns: [
      { title: columns.experiment, kind: 'text' },
      { title: columns.seed, kind: 'figure' },
      { title: columns.last, kind: 'figure' },
      { title: columns.best, kind: 'figure' },
      { title: columns.images, kind: 'figure' },
      { title: columns.run, kind: 'code' },
    ],
    rows: [...evaluations.values()].flatMap((rows) => evaluationRows(model, rows, words)),
  };
}

const joined = (values: readonly (number | null)[]): string => values.map((value) => decimal(value, 2)).join(' / ');

/** The figure of a run without the images that have copies in training data. */
function figureWithoutCopies({ runs }: ReportModel, run: string, { evaluator, metric }: ComparisonRow, which: string) {
  const found = runs.find((one) => one.run.id === run);
  const at = found?.results.findIndex(
    ({ result }) => result.evaluator === evaluator && result.metric === metric && result.which === which,
  );
  return at === undefined ? null : (found?.withoutCopies[at] ?? null);
}

function evaluationRows(model: ReportModel, rows: readonly ComparisonRow[], words: Words): readonly TableRow[] {
  const [first] = rows;
  if (first === undefined) return [];
  const metrics = [...new Set(rows.map(({ metric }) => metric))];
  const names = metrics.map((metric) => words.metrics[metric] ?? metric).join(' / ');
  const runs = new Map(
    rows.flatMap((row) =>
      (row.ours?.values ?? []).map(({ run, seed, evaluationSeed }) => [run, { row, seed, evaluationSeed }] as const),
    ),
  );
  const valuesOf = (run: string, best: boolean): TableCell => {
    const found = metrics.map((metric) => {
      const own = rows
        .filter((row) => row.metric === metric)
        .flatMap((row) => (row.ours?.values ?? []).map((entry) => ({ ...entry, row })));
      return own.find((entry) => entry.run === run && (entry.which === 'best') === best);
    });
    if (found.every((entry) => entry === undefined)) return nothing;
    const without = found.map((entry) => entry && figureWithoutCopies(model, run, entry.row, entry.which));
    const text = joined(found.map((entry) => entry?.value ?? null));
    const known = without.find((one) => one != null);
    if (known === undefined) return text;
    const note = words.results.withoutCopies({
      images: whole(known.images),
      splits: known.splits.map((split) => splitInWords(words.language, split)).join(words.listComma),
      value: joined(without.map((one) => one?.value ?? null)),
    });
    return { text, note };
  };
  return [
    { group: `${words.measure(evaluatorName(words, first), names)} · ${dataName(words, first)}` },
    ...[...runs].map(([run, { row, seed, evaluationSeed }]) => [
      subjectName(words, row.subject.label),
      evaluationSeed === null || evaluationSeed === seed ? String(seed) : `${seed} / ${evaluationSeed}`,
      valuesOf(run, false),
      valuesOf(run, true),
      whole(row.ours?.images ?? null),
      run,
    ]),
  ];
}

export function results(model: ReportModel, words: Words): Section | null {
  const { comparison } = model;
  if (comparison.rows.every(({ ours }) => ours === null)) return null;
  const epochs = epochsUsed(comparison);
  const notes = [...new Set(comparison.rows.flatMap((row) => (row.ours === null ? [] : row.notes)))];
  return {
    id: 'results',
    title: words.sections.results,
    blocks: [
      comparisonTable(words, comparison.rows),
      ...(notes.length === 0 ? [] : [{ kind: 'list' as const, items: notes.map((note) => words.notes[note]) }]),
      ...pairsBlocks(model, words),
      { kind: 'heading', text: words.results.seeds },
      seedsTable(model, words),
      ...(epochs === null ? [] : [{ kind: 'paragraph' as const, text: words.results.epoch[epochs], quiet: true }]),
    ],
  };
}

function pairsBlocks({ comparison: { pairs } }: ReportModel, words: Words): readonly Block[] {
  if (pairs.length === 0) return [];
  const { columns } = words;
  const groupOf = (pair: (typeof pairs)[number]): string =>
    words.results.onImages({ figure: shortFigureName(words, pair), images: whole(pair.images) });
  const rows = [...new Set(pairs.map(groupOf))].flatMap((group): readonly TableRow[] => [
    { group },
    ...pairs
      .filter((pair) => groupOf(pair) === group)
      .map((pair) => [
        subjectName(words, pair.better),
        subjectName(words, pair.worse),
        signed(pair.difference, 2),
        pair.overSeeds === null
          ? nothing
          : { text: between(pair.overSeeds, 2), note: words.results.unitsOf(...pair.units) },
        pair.overImages === null ? nothing : between(pair.overImages, 2),
        probability(pair.test.pValue),
        probability(pair.test.adjusted),
      ]),
  ]);
  return [
    { kind: 'heading', text: words.results.pairs },
    {
      kind: 'table',
      columns: [
        { title: columns.better, kind: 'text' },
        { title: columns.worse, kind: 'text' },
        { title: columns.difference, kind: 'figure' },
        { title: columns.overSeeds, kind: 'figure' },
        { title: columns.overImages, kind: 'figure' },
        { title: columns.test, kind: 'figure' },
        { title: columns.adjusted, kind: 'figure' },
      ],
      rows,
    },
    { kind: 'paragraph', text: words.results.pairsNote(resamplesOf(pairs)), quiet: true },
  ];
}

/** Numbers of samples that the bootstraps drew, the largest first: `2,000 / 1,000`. Empty where there was none. */
function resamplesOf(pairs: ReportModel['comparison']['pairs']): string {
  const drawn = new Set(pairs.flatMap(({ overImages }) => overImages?.resamples ?? []));
  return [...drawn]
    .sort((one, other) => other - one)
    .map(whole)
    .join(' / ');
}

export function earlier(model: ReportModel, words: Words): Section | null {
  const rows = model.comparison.references ?? [];
  const [first] = rows;
  if (first === undefined) return null;
  const { columns } = words;
  const why = (row: ComparisonRow): string => {
    const remark = row.earlier?.remark;
    const metric = row.reasons.find(({ field }) => field === 'metric');
    const parts = [
      remark === undefined ? undefined : (words.remarks[remark] ?? remark),
      metric === undefined
        ? undefined
        : `${fieldName(words, 'metric')}${words.colon}${words.metrics[String(metric.theirs)] ?? metric.theirs} / ${words.metrics[String(metric.ours)] ?? metric.ours}`,
    ];
    return parts.filter((part) => part !== undefined).join(words.semicolon);
  };
  const verdicts = [...new Set(rows.map(({ verdict }) => verdict))];
  // A verdict shared by all rows is stated once.
  const isOne = verdicts.length === 1;
  return {
    id: 'earlier',
    title: words.sections.earlier,
    blocks: [
      { kind: 'paragraph', text: words.earlier(first.subject.label, isOne ? words.verdicts[first.verdict] : null) },
      {
        kind: 'table',
        columns: [
          { title: columns.experiment, kind: 'text' },
          { title: columns.paper, kind: 'figure' },
          { title: columns.earlier, kind: 'figure' },
          ...(isOne ? [] : [{ title: columns.verdict, kind: 'text' as const }]),
          { title: columns.remark, kind: 'text' },
        ],
        rows: rows.map((row) => {
          const fraction = row.protocol['fraction'];
          const share = typeof fraction === 'number' ? ` ${decimal(100 * fraction, 0)} %` : '';
          return [
            { text: `${figureName(words, row)}${share}`, note: row.earlier?.where ?? '' },
            row.paper === null
              ? nothing
              : { text: cellValue(words, row.paper), note: words.metrics[row.paper.metric] ?? row.paper.metric },
            cellValue(words, row.earlier),
            ...(isOne ? [] : [verdictCell(words, row.verdict)]),
            why(row),
          ];
        }),
      },
    ],
  };
}
