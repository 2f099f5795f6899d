/** Language-independent content of a report, from records only: the same records give the same model, byte for byte. */
import { canonicalJson } from '../../../trainer/durable/canonical-json.ts';
import type { Comparison } from '../../api/comparison.ts';
import type { Series } from '../../api/curves.ts';
import type { AttemptRow, CheckpointRow, LeftOutImages, LogLine, RunDetail, WithoutCopies } from '../../api/runs.ts';
import type { Catalogue, RecipeDescription } from '../../../trainer/protocol/catalogue.ts';
import type { Choice } from '../../../trainer/protocol/options.ts';
import type { Paper } from '../../../trainer/protocol/paper.ts';
import type { Plan } from '../../../trainer/protocol/plan.ts';
import type { Preset } from '../../../trainer/protocol/preset.ts';
import type { Origin } from '../../../trainer/protocol/preset-origins.ts';
import { originsAt } from '../../words/preset-origins.ts';
import { resizingOf } from '../../../trainer/protocol/run.ts';
import { whenNotFiniteOf } from '../../../trainer/protocol/when-not-finite.ts';
import { sourcesOf } from '../../../trainer/protocol/sources.ts';
import type { StoredDataset, StoredResult, StoredRun } from '../store/store.ts';
import { completeOptions } from '../comparison/subjects.ts';

/** A run with its rows and the files a reader can check. `records.ts` gathers it from store and disk. */
export interface ReportRun {
  readonly run: StoredRun;
  readonly attempts: readonly AttemptRow[];
  readonly checkpoints: readonly CheckpointRow[];
  readonly results: readonly StoredResult[];
  /** For each result, the figure without the images that have a copy in training data; null if there are none. */
  readonly withoutCopies: readonly (WithoutCopies | null)[];
  readonly hello: RunDetail['hello'];
  readonly log: readonly LogLine[];
  readonly leftOut: LeftOutImages;
  readonly series: readonly Series[];
  /** Path relative to the run's folder. */
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[];
}
export interface ReportInput {
  readonly comparison: Comparison;
  readonly plan: Plan | null;
  /** When the plan and its rules were stored; null where there is no plan, or none that was started. */
  readonly planStoredAt: number | null;
  readonly papers: readonly Paper[];
  readonly runs: readonly ReportRun[];
  readonly datasets: readonly StoredDataset[];
  readonly catalogue: Catalogue;
  readonly presets: readonly Preset[];
  readonly environment: {
    readonly version: string;
    readonly edition: string;
    readonly platform: string;
    readonly versions: Readonly<Record<string, string>>;
  };
}

/** A value of a run's configuration, defaults included, and its origin according to the preset. */
export interface Parameter {
  readonly path: string;
  readonly value: string;
  readonly origin: Origin | null;
}
export interface HistoryEntry {
  readonly run: string;
  readonly attempt: number;
  readonly kind: AttemptRow['ended'] | 'open' | 'resumed';
  readonly at: number;
  readonly step: number | null;
  /** Steps repeated because they came after the last safe point. */
  readonly lostSteps: number;
  readonly text: string;
}
export type Limit =
  | 'single-seed'
  | 'not-comparable'
  | 'one-dataset'
  | 'test-set-seen'
  | 'chosen-in-part'
  | 'chosen-on-test-set'
  | 'pending'
  | 'paper-single-witness'
  | 'no-energy';
export interface ChecklistItem {
  readonly id:
    | 'claims'
    | 'rules-before'
    | 'error-bars'
    | 'seeds'
    | 'hyperparameters'
    | 'data-identity'
    | 'data-licence'
    | 'leaks'
    | 'compute'
    | 'results'
    | 'checkpoints'
    | 'energy';
  readonly answer: 'yes' | 'no' | 'not-applicable';
}

export interface ReportModel extends Omit<ReportInput, 'catalogue' | 'presets'> {
  readonly format: 1;
  readonly title: { readonly en: string; readonly zh: string };
  /** When the newest record was written. A report has no other date. */
  readonly recordedAt: number;
  /** Titles of methods, encoders and evaluators, and of the presets that runs began with, by id. */
  readonly titles: Readonly<Record<string, string>>;
  /** Ids of the methods that learn from labels. */
  readonly labelled: readonly string[];
  readonly parameters: readonly { readonly run: string; readonly values: readonly Parameter[] }[];
  readonly compute: readonly { readonly run: string; readonly seconds: number }[];
  readonly history: readonly HistoryEntry[];
  readonly commands: readonly string[];
  readonly limits: readonly Limit[];
  readonly checklist: readonly ChecklistItem[];
}

export function buildReport(input: ReportInput): ReportModel {
  const { catalogue, presets, ...rest } = input;
  const pretrained = input.runs.filter(({ run }) => run.kind === 'pretrain');
  const named = (pretrained.length > 0 ? pretrained : input.runs).map(({ run }) => run.title);
  const titled = [...catalogue.methods, ...catalogue.encoders, ...catalogue.evaluators, ...catalogue.datasets];
  const titles = Object.fromEntries(titled.map(({ id, title }) => [id, title]));
  const joined = [...new Set(named)].slice(0, 3).join(' · ');
  return {
    ...rest,
    format: 1,
    title: input.plan?.title ?? { en: joined, zh: joined },
    recordedAt: Math.max(0, ...input.runs.flatMap(timesOf)),
    titles: { ...titles, ...presetTitles(input, titles) },
    labelled: catalogue.methods.filter(({ labels }) => labels).map(({ id }) => id),
    parameters: input.runs.map(({ run }) => ({ run: run.id, values: parametersOf(run, catalogue, presets) })),
    compute: input.runs.map((entry) => ({ run: entry.run.id, seconds: secondsOf(entry.attempts) })),
    history: input.runs.flatMap(historyOf),
    commands: commandsOf(input),
    limits: limitsOf(input),
    checklist: checklistOf(input),
  };
}

/** Other methods have a preset of the same title. */
function presetTitles({ presets, runs }: ReportInput, titles: ReportModel['titles']): ReportModel['titles'] {
  const used = new Set(runs.flatMap(({ run }) => run.config.preset ?? []));
  return Object.fromEntries(
    presets
      .filter(({ id }) => used.has(id))
      .map(({ id, method, title }) => [id, `${titles[method] ?? method} · ${title}`]),
  );
}

function timesOf({ run, attempts }: ReportRun): readonly number[] {
  return [run.createdAt, run.endedAt ?? 0, ...attempts.map(({ lastSeenAt, startedAt }) => lastSeenAt ?? startedAt)];
}

/** Total over all attempts, including failed ones. */
function secondsOf(attempts: readonly AttemptRow[]): number {
  return attempts.reduce(
    (sum, { startedAt, lastSeenAt }) => sum + Math.max(0, (lastSeenAt ?? startedAt) - startedAt) / 1000,
    0,
  );
}

/** The configuration with the defaults of its recipes filled in. */
function completed({ config }: StoredRun, catalogue: Catalogue): unknown {
  const complete = (kind: Parameters<typeof completeOptions>[1], choice: Choice): Choice => {
    return { id: choice.id, options: completeOptions(catalogue, kind, choice) };
  };
  const resizing = resizingOf(config);
  const whenNotFinite = whenNotFiniteOf(config);
  if (config.kind === 'evaluate') {
    const { subject } = config;
    return {
      ...config,
      resizing,
      whenNotFinite,
      evaluator: complete('evaluators', config.evaluator),
      subject: 'encoder' in subject ? { ...subject, encoder: complete('encoders', subject.encoder) } : subject,
    };
  }
  return {
    ...config,
    resizing,
    whenNotFinite,
    method: complete('methods', config.method),
    encoders: config.encoders.map((one) => complete('encoders', one)),
    optimizer: complete('optimizers', config.optimizer),
    schedule: complete('schedules', config.schedule),
  };
}

/** `optimizer.options.rate` → text. Arrays of plain values stay whole. */
function flatten(value: unknown, path = ''): readonly (readonly [string, string])[] {
  const isPlain = (item: unknown): boolean => typeof item !== 'object' || item === null;
  if (isPlain(value)) return [[path, typeof value === 'string' ? value : canonicalJson(value)]];
  if (Array.isArray(value) && value.every(isPlain)) return [[path, value.map((item) => String(item)).join(', ')]];
  return Object.entries(value as object)
    .filter(([, entry]) => entry !== undefined)
    .flatMap(([key, entry]) => flatten(entry, path === '' ? key : `${path}.${key}`));
}

function parametersOf(run: StoredRun, catalogue: Catalogue, presets: readonly Preset[]): readonly Parameter[] {
  const { config } = run;
  const preset = presets.find(({ id }) => id === config.preset);
  const given = new Map((preset?.values ?? []).flatMap(({ path, value }) => flatten(value, path)));
  const originOf = (path: string): Origin | null => originsAt(preset?.origins ?? [], path)[0] ?? null;
  return (
    flatten(completed(run, catalogue))
      .filter(([path]) => path !== 'version' && path !== 'kind' && path !== 'title')
      // A changed value no longer has the preset's origin.
      .map(([path, value]) => ({ path, value, origin: given.get(path) === value ? originOf(path) : null }))
  );
}

/** Interruptions, resumes, and the trainer's notices. */
function historyOf({ run, attempts, log }: ReportRun): readonly HistoryEntry[] {
  const entries: HistoryEntry[] = [];
  attempts.forEach((attempt, index) => {
    const { lastStep, ended, startedAt, lastSeenAt, fromStep } = attempt;
    const own = { run: run.id, attempt: attempt.attempt };
    if (index > 0) {
      const before = attempts[index - 1]?.lastStep ?? fromStep;
      const lostSteps = Math.max(0, before - fromStep);
      entries.push({ ...own, kind: 'resumed', at: startedAt, step: fromStep, lostSteps, text: '' });
    }
    if (ended === 'done') return;
    const at = lastSeenAt ?? startedAt;
    const text = attempt.fault?.message ?? '';
    entries.push({ ...own, kind: ended ?? 'open', at, step: lastStep, lostSteps: 0, text });
  });
  for (const line of log) {
    if (line.level === 'info') continue;
    const attempt = attempts.findLast(({ startedAt }) => startedAt <= line.at)?.attempt ?? 1;
    entries.push({ run: run.id, attempt, kind: 'open', at: line.at, step: null, lostSteps: 0, text: line.text });
  }
  return entries.sort((one, other) => one.at - other.at);
}

/** Commands that reproduce the runs: those without a plan have custom values, which are in the report's bundle. */
function commandsOf({ plan, runs }: ReportInput): readonly string[] {
  if (plan === null && runs.length === 0) return [];
  const words = plan === null ? 'replay bundle.json' : `plan ${plan.id}`;
  return [`reprise ${words}`, `npm run reprise -- ${words}   # in a checkout`];
}

/** Epochs that the means of heads use, where the best one was measured too; null where none was. */
export function epochsUsed({ rows }: Comparison): 'last' | 'best' | 'mixed' | null {
  const used = rows.flatMap(({ ours }) =>
    ours?.values.some(({ which }) => which === 'best') === true ? [ours.which] : [],
  );
  const [first] = used;
  if (first === undefined) return null;
  return used.every((which) => which === first) ? (first === 'best' ? 'best' : 'last') : 'mixed';
}

function limitsOf({ comparison, runs }: ReportInput): readonly Limit[] {
  const { rows } = comparison;
  const fingerprints = rows.map(({ dataset }) => dataset);
  const epochs = epochsUsed(comparison);
  const limits: readonly (readonly [Limit, boolean])[] = [
    ['pending', rows.some(({ verdict }) => verdict === 'pending')],
    ['single-seed', rows.some(({ ours }) => ours?.n === 1 && ours.unit !== 'none')],
    ['not-comparable', rows.some(({ verdict, paper }) => verdict === 'not-comparable' && paper !== null)],
    ['one-dataset', new Set(fingerprints).size === 1],
    ['test-set-seen', epochs === 'last'],
    ['chosen-in-part', epochs === 'mixed'],
    ['chosen-on-test-set', epochs === 'best'],
    ['paper-single-witness', rows.some(({ paper }) => paper !== null)],
    ['no-energy', runs.length > 0],
  ];
  return limits.filter(([, applies]) => applies).map(([limit]) => limit);
}

/** Every answer can be "no" by the records; what always is so by construction is no question. */
function checklistOf(input: ReportInput): readonly ChecklistItem[] {
  const { comparison, plan, planStoredAt, runs, datasets, catalogue } = input;
  const measured = comparison.rows.filter(({ ours }) => ours !== null);
  const main = measured.filter(({ subject }) => subject.role === 'main' || subject.role === 'other');
  const answer = (yes: boolean): ChecklistItem['answer'] => (yes ? 'yes' : 'no');
  const whereAny = <T>(any: readonly T[], every: (one: T) => boolean): ChecklistItem['answer'] =>
    any.length === 0 ? 'not-applicable' : answer(any.every(every));
  const trained = runs.filter(({ run }) => run.status === 'done' && run.kind === 'pretrain');
  const claims = plan?.claims ?? [];
  const planned = runs.filter(({ run }) => plan !== null && run.plan === plan.id);
  return [
    { id: 'claims', answer: answer(claims.length > 0) },
    {
      id: 'rules-before',
      answer: whereAny(
        claims.length === 0 ? [] : planned,
        ({ run }) => planStoredAt !== null && planStoredAt <= run.createdAt,
      ),
    },
    { id: 'results', answer: whereAny(comparison.rows, ({ ours }) => ours !== null && ours.mean !== null) },
    { id: 'error-bars', answer: whereAny(measured, ({ ours }) => ours?.interval !== null) },
    { id: 'seeds', answer: whereAny(main, ({ ours }) => (ours?.n ?? 0) >= 3) },
    { id: 'hyperparameters', answer: whereAny(runs, ({ run }) => isSpelledOut(run.config, catalogue)) },
    {
      id: 'data-identity',
      answer: whereAny(
        runs.flatMap(({ run }) => sourcesOf(run.config)),
        ({ fingerprint }) => fingerprint !== undefined,
      ),
    },
    { id: 'data-licence', answer: whereAny(datasets, ({ inspection }) => inspection.licence !== null) },
    {
      id: 'leaks',
      answer: whereAny(
        datasets,
        ({ inspection: { contents, leakCount, nearDuplicates } }) =>
          contents === 'checked' && leakCount === 0 && (nearDuplicates?.leaked ?? 0) === 0,
      ),
    },
    { id: 'compute', answer: whereAny(runs, ({ hello }) => hello !== null) },
    {
      id: 'checkpoints',
      answer: whereAny(trained, ({ files }) => files.some(({ path }) => path.endsWith('/manifest.json'))),
    },
    { id: 'energy', answer: 'no' },
  ];
}

/** Whether a recorded configuration names every option of its recipes: one that it leaves out was a default of its time. */
function isSpelledOut(config: StoredRun['config'], catalogue: Catalogue): boolean {
  const names = (recipes: readonly RecipeDescription[], choice: Choice): boolean => {
    const described = recipes.find(({ id }) => id === choice.id)?.options ?? [];
    return described.every(({ key }) => key in choice.options);
  };
  const { methods, encoders, optimizers, schedules, evaluators } = catalogue;
  if (config.kind === 'evaluate') {
    const { subject } = config;
    return names(evaluators, config.evaluator) && (!('encoder' in subject) || names(encoders, subject.encoder));
  }
  return (
    names(methods, config.method) &&
    config.encoders.every((encoder) => names(encoders, encoder)) &&
    names(optimizers, config.optimizer) &&
    names(schedules, config.schedule)
  );
}
