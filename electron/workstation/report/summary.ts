/** The first page: what was done, the results, and what they mean. */
import type { ClaimVerdict, Comparison, ComparisonRow, Verdict } from '../../api/comparison.ts';
import type { PretrainConfig } from '../../../trainer/protocol/run.ts';
import { deviceInWords } from '../../words/choices.ts';
import { splitInWords } from '../../words/dataset-names.ts';
import { deviationsOf } from '../../words/deviations.ts';
import { networkInWords, normsInWords } from '../../words/weights.ts';
import type { Block, Section } from './document.ts';
import { between, clock, decimal, whole } from './format.ts';
import type { Words } from './locales/en.ts';
import type { ReportModel } from './model.ts';
import { dataName, evaluatorName, shortFigureName, storedDataName, subjectName } from './naming.ts';
import { claimCell, evidenceText, glanceTable } from './tables.ts';

/** Number of rows that fit on the first page. */
const mostRows = 12;

export function summary(model: ReportModel, words: Words): Section {
  const { plan } = model;
  const lead: readonly Block[] = plan === null ? [] : [{ kind: 'paragraph', text: plan.summary[words.language] }];
  return {
    id: 'summary',
    title: words.sections.summary,
    blocks: [
      ...lead,
      { kind: 'heading', text: words.summary.tried },
      { kind: 'facts', items: triedFacts(model, words) },
      ...outcome(model, words),
      { kind: 'heading', text: words.summary.means },
      { kind: 'list', items: [...meaning(model, words), ...model.limits.map((limit) => words.limits[limit])] },
    ],
  };
}

function triedFacts(model: ReportModel, words: Words): readonly (readonly [string, string])[] {
  const { datasets, runs, papers, comparison } = model;
  const { facts } = words.summary;
  const pretrained = runs.flatMap(({ run: { config } }) => (config.kind === 'pretrain' ? [config] : []));
  const controls = new Set(
    runs.flatMap(({ run: { config } }) =>
      config.kind === 'evaluate' && config.subject.kind !== 'run' && config.subject.kind !== 'weights'
        ? [subjectName(words, config.subject.kind)]
        : [],
    ),
  );
  const data = datasets.map((dataset) =>
    words.summary.dataOf({
      name: storedDataName(words, dataset),
      splits: dataset.inspection.splits
        .map(({ split, images }) =>
          words.summary.splitOf({ split: splitInWords(words.language, split), images: whole(images) }),
        )
        .join(words.comma),
    }),
  );
  const items: readonly (readonly [string, string])[] = [
    [facts.papers, papers.flatMap(({ title, role }) => (role === 'paper' ? [title] : [])).join(words.semicolon)],
    [facts.data, data.join(words.semicolon)],
    [facts.methods, methodsOf(pretrained, model, words)],
    [facts.controls, [...controls].join(words.listComma)],
    [facts.imported, importedOf(model, words)],
    [facts.evaluation, evaluationsOf(comparison, words)],
    [facts.budget, budgetOf(pretrained, model, words)],
    [facts.kind, kindOf(model, words)],
  ];
  return items.filter(([, value]) => value !== '');
}

/** Each method with its encoders and number of runs. */
function methodsOf(pretrained: readonly PretrainConfig[], { titles }: ReportModel, words: Words): string {
  const counted = new Map<string, { readonly method: string; readonly encoder: string; count: number }>();
  for (const { method, encoders } of pretrained) {
    const encoder = [...new Set(encoders.map(({ id }) => titles[id] ?? id))].join(' + ');
    const key = `${method.id}\n${encoder}`;
    const known = counted.get(key) ?? { method: titles[method.id] ?? method.id, encoder, count: 0 };
    known.count += 1;
    counted.set(key, known);
  }
  return [...counted.values()]
    .map(({ method, encoder, count }) => words.summary.methodOf({ method, encoder, runs: words.summary.runs(count) }))
    .join(words.listComma);
}

/** Each evaluation once, with its metrics and its split. */
function evaluationsOf({ rows }: Comparison, words: Words): string {
  const metrics = new Map<string, { readonly row: ComparisonRow; readonly names: Set<string> }>();
  for (const row of rows) {
    const key = `${evaluatorName(words, row)}\n${row.dataset} ${row.split}`;
    const known = metrics.get(key) ?? { row, names: new Set() };
    known.names.add(words.metrics[row.metric] ?? row.metric);
    metrics.set(key, known);
  }
  return [...metrics.values()]
    .map(({ row, names }) =>
      words.summary.evaluationOf({
        evaluator: evaluatorName(words, row),
        metrics: [...names].join(words.listComma),
        split: dataName(words, row),
      }),
    )
    .join(words.semicolon);
}

function budgetOf(pretrained: readonly PretrainConfig[], { runs, compute }: ReportModel, words: Words): string {
  const range = (pick: (config: PretrainConfig) => number): string => {
    const values = [...new Set(pretrained.map(pick))].sort((one, other) => one - other);
    return values.length > 1 ? `${values[0]}–${values.at(-1)}` : String(values[0]);
  };
  const training = words.summary.trainingOf({
    epochs: range(({ epochs }) => epochs),
    batch: range(({ batch }) => batch),
    seeds: [...new Set(pretrained.map(({ seed }) => seed))].join(words.listComma),
  });
  const devices = [
    ...new Set(runs.flatMap(({ hello }) => (hello === null ? [] : deviceInWords(words.language, hello.device)))),
  ]
    .sort()
    .join(words.listComma);
  const computing = words.summary.computingOf({
    runs: words.summary.runs(runs.length),
    time: words.duration(clock(compute.reduce((sum, { seconds }) => sum + seconds, 0))),
    devices: devices === '' ? words.unknown : devices,
  });
  return [...(pretrained.length === 0 ? [] : [training]), ...(runs.length === 0 ? [] : [computing])].join(
    words.semicolon,
  );
}

/** Of each imported encoder the network of its file that was taken, and a doubt about its statistics. */
function importedOf({ runs }: ReportModel, { language, colon, semicolon }: Words): string {
  const told = runs.flatMap(({ run: { config } }) => {
    if (config.kind !== 'evaluate' || config.subject.kind !== 'weights') return [];
    const { name, network, norms } = config.subject;
    const notes = [
      ...(network === undefined ? [] : [networkInWords(language, network)]),
      ...(norms === undefined ? [] : [normsInWords(language, norms)]),
    ];
    return notes.length === 0 ? [] : [`${name}${colon}${notes.join(' ')}`];
  });
  return [...new Set(told)].join(semicolon);
}

/** Measuring weights trained by others is a reproduction; training them here is a replication (ACM terminology). */
function kindOf({ runs }: ReportModel, words: Words): string {
  const names = runs.flatMap(({ run: { config } }) =>
    config.kind === 'evaluate' && config.subject.kind === 'weights' ? [config.subject.name] : [],
  );
  const { replicated, withWeights } = words.summary.kind;
  return names.length === 0 ? replicated : withWeights({ names: [...new Set(names)].join(words.comma) });
}

/** The key figures and the verdicts on the claims; the later sections have the rest. */
function outcome({ comparison }: ReportModel, words: Words): readonly Block[] {
  const rows = comparison.rows.filter(({ isSecondary }) => !isSecondary);
  const rank = { main: 0, other: 0, ablation: 1, control: 2 } as const;
  const shown =
    rows.length <= mostRows
      ? rows
      : [...rows].sort((one, other) => rank[one.subject.role] - rank[other.subject.role]).slice(0, mostRows);
  if (rows.length === 0 && comparison.claims.length === 0) return [];
  const left = rows.length - shown.length;
  return [
    { kind: 'heading', text: words.summary.outcome },
    ...(rows.length === 0 ? [] : [glanceTable(words, shown)]),
    ...(left === 0
      ? []
      : [{ kind: 'paragraph' as const, text: words.summary.more({ count: whole(left) }), quiet: true }]),
    ...(comparison.claims.length === 0 ? [] : [claimGlance(comparison, words)]),
  ];
}

function claimGlance({ claims }: Comparison, words: Words): Block {
  return {
    kind: 'table',
    columns: [
      { title: words.columns.claim, kind: 'text' },
      { title: words.columns.evidence, kind: 'text' },
      { title: words.columns.verdict, kind: 'text' },
    ],
    rows: claims.map((told) => [
      told.claim.text[words.language],
      // Only the evidence for the rule; the section on claims has the rest.
      evidenceText(
        words,
        told.evidence.filter(({ limit }) => limit !== null),
      ),
      claimCell(words, told),
    ]),
  };
}

function meaning({ comparison }: ReportModel, words: Words): readonly string[] {
  const { rows, claims, pairs } = comparison;
  const compared = rows.filter(({ paper }) => paper !== null);
  const count = (verdict: Verdict): number => compared.filter((row) => row.verdict === verdict).length;
  const deviating = compared.filter(
    ({ verdict, reasons }) => verdict === 'reproduced' && deviationsOf(reasons).length > 0,
  ).length;
  const judged = (...verdicts: readonly ClaimVerdict['verdict'][]): number =>
    claims.filter(({ verdict }) => verdicts.includes(verdict)).length;
  return [
    ...(claims.length === 0
      ? []
      : [
          words.summary.claims({
            all: claims.length,
            holds: judged('holds'),
            fails: judged('does-not-hold'),
            open: judged('pending', 'inconclusive'),
          }),
        ]),
    words.summary.verdicts({
      all: compared.length,
      reproduced: count('reproduced') - deviating,
      withDeviations: deviating,
      notReproduced: count('not-reproduced'),
      inconclusive: count('inconclusive'),
      notComparable: count('not-comparable'),
      pending: count('pending'),
    }),
    // If there are claims, they cover this, with their rules.
    ...(claims.length > 0 ? [] : pairs)
      .filter(
        ({ evaluator, metric }) =>
          !rows.some((row) => row.isSecondary && row.evaluator === evaluator && row.metric === metric),
      )
      .map((pair) =>
        words.summary.pairs({
          better: subjectName(words, pair.better),
          worse: subjectName(words, pair.worse),
          difference: decimal(pair.difference, 2),
          interval: between((pair.overSeeds ?? pair.overImages)!, 2),
          figure: shortFigureName(words, pair),
          images: whole(pair.images),
        }),
      ),
  ];
}
