/** The sections that say what came out: summary, claims, results, differences, the earlier reproduction. */
import { canonicalJson } from '../../../trainer/durable/canonical-json.ts';
import type { ClaimVerdict, Comparison, ComparisonRow, Verdict } from '../../api/comparison.ts';
import type { Cell } from '../../../trainer/protocol/paper.ts';
import { isPercent } from '../comparison/verdicts.ts';
import { intervalPlot, seriesOf } from './charts.ts';
import type { Block, Section, TableCell, Tone } from './document.ts';
import { between, clock, decimal, nothing, probability, signed, whole } from './format.ts';
import type { Words } from './locales/en.ts';
import type { ReportModel } from './model.ts';
import { cellValue, effectNote, fieldName, figureName, reasonSide, runName, subjectName } from './naming.ts';

const tones: Readonly<Record<Verdict | ClaimVerdict['verdict'], Tone>> = {
  reproduced: 'ok',
  holds: 'ok',
  'not-reproduced': 'wrong',
  'does-not-hold': 'wrong',
  inconclusive: 'attention',
  'not-comparable': 'quiet',
  pending: 'quiet',
};

const verdictCell = (words: Words, verdict: keyof typeof tones): TableCell => ({
  text: words.verdicts[verdict],
  tone: tones[verdict],
  label: true,
});

function figureCell(words: Words, row: ComparisonRow): TableCell {
  if (row.ours === null) return nothing;
  const { mean, interval } = row.ours;
  return { text: decimal(mean, 2), ...(interval === null ? {} : { note: between(interval, 2) }) };
}

function citedCell(words: Words, cell: Cell | null): TableCell {
  return cell === null ? nothing : { text: cellValue(words, cell), note: cell.where };
}

/** The table of the report: paper, earlier reproduction, ours, difference, verdict. */
function comparisonTable(words: Words, rows: readonly ComparisonRow[]): Block {
  const { columns } = words;
  return {
    kind: 'table',
    columns: [
      { title: columns.experiment, kind: 'text' },
      { title: columns.paper, kind: 'figure' },
      { title: columns.earlier, kind: 'figure' },
      { title: columns.ours, kind: 'figure' },
      { title: columns.difference, kind: 'figure' },
      { title: columns.verdict, kind: 'text' },
    ],
    rows: rows.map((row) => {
      const { difference } = row;
      return [
        { text: subjectName(words, row.subject.label), note: figureName(words, row) },
        citedCell(words, row.paper),
        citedCell(words, row.earlier),
        figureCell(words, row),
        difference === null
          ? nothing
          : {
              text: signed(difference.value, 2),
              ...(difference.interval === null ? {} : { note: between(difference.interval, 2) }),
            },
        // Without a figure in the paper there is nothing to judge: the row is a control.
        row.paper === null && row.ours !== null ? nothing : verdictCell(words, row.verdict),
      ];
    }),
  };
}

const headlines = ({ rows }: Comparison): readonly ComparisonRow[] => rows.filter(({ metric }) => metric !== 'top5');

/** A figure of weights that others trained reproduces theirs; one of weights trained here replicates it (ACM). */
function kindOf({ runs }: ReportModel, words: Words): string {
  const names = runs.flatMap(({ run: { config } }) =>
    config.kind === 'evaluate' && config.subject.kind === 'weights' ? [config.subject.name] : [],
  );
  const { replicated, withWeights } = words.summary.kind;
  return names.length === 0 ? replicated : withWeights({ names: [...new Set(names)].join(words.comma) });
}

export function summary(model: ReportModel, words: Words): Section {
  const { comparison, plan, runs, papers, compute } = model;
  const rows = headlines(comparison);
  const count = (verdict: Verdict): string =>
    String(comparison.rows.filter((row) => row.paper !== null && row.verdict === verdict).length);
  const claims = (...verdicts: readonly ClaimVerdict['verdict'][]): string =>
    String(comparison.claims.filter(({ verdict }) => verdicts.includes(verdict)).length);
  const items = [
    words.summary.scope({
      runs: String(runs.length),
      figures: String(comparison.rows.filter(({ ours }) => ours !== null).length),
      time: words.duration(clock(compute.reduce((sum, { seconds }) => sum + seconds, 0))),
      papers: papers.map(({ title }) => title).join('; '),
    }),
    kindOf(model, words),
    ...(comparison.claims.length === 0
      ? []
      : [
          words.summary.claims({
            holds: claims('holds'),
            fails: claims('does-not-hold'),
            open: claims('pending', 'inconclusive'),
          }),
        ]),
    words.summary.verdicts({
      reproduced: count('reproduced'),
      notReproduced: count('not-reproduced'),
      inconclusive: count('inconclusive'),
      notComparable: count('not-comparable'),
    }),
    // Where there are claims they say it, with their rules.
    ...(comparison.claims.length > 0 ? [] : comparison.pairs)
      .filter(({ metric }) => metric === 'top1')
      .map((pair) =>
        words.summary.pairs({
          better: subjectName(words, pair.better),
          worse: subjectName(words, pair.worse),
          difference: decimal(pair.difference, 2),
          interval: between(pair.interval, 2),
          figure: `${words.evaluators[pair.evaluator] ?? pair.evaluator} ${words.metrics[pair.metric] ?? pair.metric}`,
          images: whole(pair.images),
        }),
      ),
  ];
  const lead: readonly Block[] = plan === null ? [] : [{ kind: 'paragraph', text: plan.summary[words.language] }];
  const drawn = rows.filter(
    ({ metric, ours, paper, earlier }) => isPercent(metric) && (ours !== null || paper !== null || earlier !== null),
  );
  const plot: readonly Block[] =
    drawn.length === 0
      ? []
      : [{ kind: 'figure', svg: intervalPlot(drawn, words, seriesOf(model)), caption: words.summary.plot }];
  const table = rows.length === 0 ? [] : [comparisonTable(words, rows)];
  return {
    id: 'summary',
    title: words.sections.summary,
    blocks: [...lead, { kind: 'list', items }, ...table, ...plot],
  };
}

function ruleText(words: Words, { rule }: ClaimVerdict['claim']): string {
  switch (rule.kind) {
    case 'collapse':
      return words.claims.collapse({ std: String(rule.embeddingStdBelow), points: String(rule.withinPoints) });
    case 'paired-better':
      return words.claims['paired-better']({ confidence: `${decimal(100 * rule.confidence, 0)} %` });
    case 'paired-same':
      return words.claims['paired-same']({ points: String(rule.withinPoints) });
  }
}

function evidenceText(words: Words, evidence: ClaimVerdict['evidence']): string {
  return evidence
    .map(({ name, value, limit, interval }) => {
      const digits = name === 'embeddingStd' ? 4 : 2;
      const range = interval === null ? '' : ` ${between(interval, digits)}`;
      const bound = limit === null ? '' : ` ${words.limitOf(String(limit))}`;
      return `${words.evidence[name] ?? name} ${decimal(value, digits)}${range}${bound}`;
    })
    .join('; ');
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
          { title: columns.verdict, kind: 'text' },
        ],
        rows: comparison.claims.map(({ claim, verdict, evidence }) => [
          {
            text: claim.text[words.language],
            note: claim.where === undefined ? words.ownYardstick : `${columns.where}${words.colon}${claim.where}`,
          },
          ruleText(words, claim),
          evidenceText(words, evidence),
          verdictCell(words, verdict),
        ]),
      },
    ],
  };
}

function seedsTable(model: ReportModel, words: Words): Block {
  const { columns } = words;
  const value = (row: ComparisonRow, run: string, best: boolean): string => {
    const found = row.ours?.values.find((entry) => entry.run === run && (entry.which === 'best') === best);
    return found === undefined ? nothing : decimal(found.value, 2);
  };
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
    rows: model.comparison.rows.flatMap((row) => {
      const runs = new Map((row.ours?.values ?? []).map(({ run, seed }) => [run, seed]));
      return [...runs].map(([run, seed]) => [
        { text: subjectName(words, row.subject.label), note: figureName(words, row) },
        String(seed),
        value(row, run, false),
        value(row, run, true),
        whole(row.ours?.images ?? null),
        run,
      ]);
    }),
  };
}

export function results(model: ReportModel, words: Words): Section | null {
  const { comparison } = model;
  if (comparison.rows.every(({ ours }) => ours === null)) return null;
  const { columns } = words;
  const notes = [...new Set(comparison.rows.flatMap((row) => (row.ours === null ? [] : row.notes)))];
  const pairs: readonly Block[] =
    comparison.pairs.length === 0
      ? []
      : [
          { kind: 'heading', text: words.results.pairs },
          {
            kind: 'table',
            columns: [
              { title: columns.better, kind: 'text' },
              { title: columns.worse, kind: 'text' },
              { title: columns.figure, kind: 'text' },
              { title: columns.difference, kind: 'figure' },
              { title: columns.interval, kind: 'figure' },
              { title: columns.test, kind: 'figure' },
              { title: columns.adjusted, kind: 'figure' },
              { title: columns.images, kind: 'figure' },
            ],
            rows: comparison.pairs.map((pair) => [
              subjectName(words, pair.better),
              subjectName(words, pair.worse),
              `${words.evaluators[pair.evaluator] ?? pair.evaluator} ${words.metrics[pair.metric] ?? pair.metric}`,
              signed(pair.difference, 2),
              between(pair.interval, 2),
              pair.test === undefined ? nothing : probability(pair.test.pValue),
              pair.test === undefined ? nothing : probability(pair.test.adjusted),
              whole(pair.images),
            ]),
          },
          { kind: 'paragraph', text: words.results.pairsNote, quiet: true },
        ];
  // The headline rows stand in the summary already; here are the others.
  const more = comparison.rows.filter(({ metric }) => metric === 'top5');
  return {
    id: 'results',
    title: words.sections.results,
    blocks: [
      ...(more.length === 0 ? [] : [comparisonTable(words, more)]),
      ...(notes.length === 0 ? [] : [{ kind: 'list' as const, items: notes.map((note) => words.notes[note]) }]),
      ...pairs,
      { kind: 'heading', text: words.results.seeds },
      seedsTable(model, words),
      { kind: 'paragraph', text: words.results.best[model.comparison.selection.epoch ?? 'last'], quiet: true },
    ],
  };
}

export function deviations(model: ReportModel, words: Words): Section {
  const { columns } = words;
  const { rows } = model.comparison;
  // Top-5 differs from the paper in just what top-1 differs in: it is told once.
  const repeated = (row: ComparisonRow, index: number): boolean =>
    rows
      .slice(0, index)
      .some(
        (earlierRow) =>
          earlierRow.subject.label === row.subject.label &&
          earlierRow.evaluator === row.evaluator &&
          canonicalJson(earlierRow.reasons) === canonicalJson(row.reasons),
      );
  const compared = rows.filter((row, index) => row.paper !== null && row.reasons.length > 0 && !repeated(row, index));
  const tables = compared.flatMap((row): readonly Block[] => [
    { kind: 'heading', text: `${subjectName(words, row.subject.label)} · ${figureName(words, row)}` },
    {
      kind: 'table',
      columns: [
        { title: columns.field, kind: 'text' },
        { title: `${columns.theirs} (${[row.paper?.where, row.paper?.row].filter(Boolean).join(', ')})`, kind: 'text' },
        { title: columns.ours, kind: 'text' },
        { title: columns.effect, kind: 'text' },
      ],
      rows: row.reasons.map((reason) => [
        fieldName(words, reason.field),
        reasonSide(words, reason, 'theirs'),
        reasonSide(words, reason, 'ours'),
        {
          text: words.effects[reason.kind],
          tone: reason.kind === 'breaks' ? 'attention' : 'quiet',
          ...(reason.effect === undefined ? {} : { note: effectNote(words, reason.effect) }),
        },
      ]),
    },
  ]);
  return {
    id: 'deviations',
    title: words.sections.deviations,
    blocks: [
      { kind: 'paragraph', text: compared.length === 0 ? words.deviations.none : words.deviations.intro },
      ...tables,
      ...parameterTable(model, words),
    ],
  };
}

function parameterTable(model: ReportModel, words: Words): readonly Block[] {
  const { parameters } = model.comparison;
  if (parameters.length === 0) return [];
  const ids = [...new Set(parameters.flatMap(({ values }) => Object.keys(values)))];
  const runs = model.runs.filter(({ run }) => ids.includes(run.id)).map(({ run }) => run.id);
  return [
    { kind: 'heading', text: words.deviations.parameters },
    {
      kind: 'table',
      columns: [
        { title: words.columns.name, kind: 'code' },
        ...runs.map((run) => ({ title: runName(model, run), kind: 'text' as const })),
      ],
      rows: parameters.map(({ path, values }) => [path, ...runs.map((run) => values[run] ?? nothing)]),
    },
  ];
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
    return parts.filter((part) => part !== undefined).join('; ');
  };
  return {
    id: 'earlier',
    title: words.sections.earlier,
    blocks: [
      { kind: 'paragraph', text: words.earlier(first.subject.label) },
      {
        kind: 'table',
        columns: [
          { title: columns.experiment, kind: 'text' },
          { title: columns.paper, kind: 'figure' },
          { title: columns.earlier, kind: 'figure' },
          { title: columns.verdict, kind: 'text' },
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
            verdictCell(words, row.verdict),
            why(row),
          ];
        }),
      },
    ],
  };
}
