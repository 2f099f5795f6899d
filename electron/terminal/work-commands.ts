/** Commands that create or change runs. They hold the workspace while they work. */
import { extname, join, resolve } from 'node:path';
import * as v from 'valibot';
import { FaultError } from '../../trainer/durable/fault-error.ts';
import type { DatasetRow } from '../api/datasets.ts';
import type { Evaluated } from '../api/drafts.ts';
import type { AddedPlan, PlanRow } from '../api/plans.ts';
import type { ResultRow, RunRow } from '../api/runs.ts';
import { WhenNotFinite } from '../../trainer/protocol/when-not-finite.ts';
import { WeightsFormat } from '../../trainer/protocol/weights.ts';
import { RunConfig } from '../../trainer/protocol/run.ts';
import type { Inspection, Reading } from '../../trainer/protocol/dataset.ts';
import { canonicalJson } from '../../trainer/durable/canonical-json.ts';
import type { Options } from '../../trainer/protocol/options.ts';
import { Choice } from '../../trainer/protocol/options.ts';
import type { Result } from '../../trainer/protocol/results.ts';
import { suggestedName } from '../words/dataset-names.ts';
import { sentenceIn, sentencesIn } from '../words/sentences.ts';
import { titleWithChanges } from '../words/titles.ts';
import { resizedInWords } from '../words/transformers.ts';
import { withBatchOf } from '../words/with-batch.ts';
import { setPath } from '../workstation/drafts/presets.ts';
import { testSplit } from '../workstation/data/splits.ts';
import { fieldName } from '../workstation/report/naming.ts';
import { usage, type Arguments } from './arguments.ts';
import { comparisonText } from './comparison.ts';
import { shortFigureName } from './field-words.ts';
import { exitCodes } from './help.ts';
import { presetId, reportText, runId, show, styleOf, type Command } from './read-commands.ts';
import { oneLine } from './printable.ts';
import { planText, waitTexts, type Session } from './session.ts';
import { measuredText, tableOf, type Column } from './table.ts';
import { labelled } from './text-width.ts';
import type { Words } from './words.ts';

/** KIND:PATH, a folder, the name of data that is at hand, or the name of a data set of the workspace. */
export async function datasetOf(session: Session, given: string, reading?: Reading): Promise<DatasetRow> {
  const { handlers } = session;
  const rows = await handlers.datasets.answer();
  const named = rows.find((row) => row.name === given || row.fingerprint === given);
  const isRead = ({ inspection: { reading: own = {} } }: DatasetRow): boolean =>
    // Numbered classes are counted as numbers where nothing is said.
    reading === undefined || canonicalJson({ order: own.order, ...reading }) === canonicalJson(own);
  if (named !== undefined && named.state === 'ready' && isRead(named)) return named;
  if (named !== undefined && named.state === 'missing')
    throw new FaultError(
      'not-found',
      `The data set ${named.name} is no longer at ${named.path}. Name the folder where it is now: --dataset FOLDER.`,
      { path: named.path },
    );
  const known = (await handlers.knownData.answer()).find((data) => data.name === given);
  if (known !== undefined && known.path === null && known.name !== 'sample')
    throw new FaultError('not-available', known.missing ?? `${given} is not on this machine.`, { data: given });
  if (known !== undefined && known.path === null) await handlers.writeSampleSet.answer();
  const colon = given.indexOf(':');
  const kind = known !== undefined || colon < 0 ? null : given.slice(0, colon);
  const path = named?.path ?? known?.path ?? (known === undefined ? given.slice(colon + 1) : null);
  const present = (await handlers.datasets.answer()).find(
    (row) => row.state === 'ready' && isRead(row) && (path === null ? row.builtIn : row.path === path),
  );
  if (present !== undefined && (kind === null || present.inspection.dataset === kind)) return present;
  const inspection = await handlers.inspect.answer(path ?? given, false, reading ?? named?.inspection.reading);
  expectKind(inspection, kind);
  return handlers.addDataset.answer(inspection, known === undefined ? suggestedName(inspection) : known.name);
}

/** Files named with what is wrong with them, where a folder cannot be used. */
const mostReasons = 3;

function expectKind(inspection: Inspection, kind: string | null): void {
  const { dataset, path, found, rejects } = inspection;
  if (dataset === null) {
    const [first] = rejects;
    const reasons = rejects
      .slice(0, mostReasons)
      .map(({ file, reason }) => ` ${file} cannot be used: ${sentenceIn('en', reason, String)}.`);
    throw new FaultError(
      'wrong-folder',
      `${path} is not a data set that Reprise can read; it contains ${sentencesIn('en', found, String)}.${reasons.join('')} "reprise datasets inspect" lists the layouts it reads.`,
      { path: first === undefined ? path : join(path, first.file) },
      first === undefined ? {} : { reason: first.reason },
    );
  }
  if (kind !== null && kind !== dataset)
    throw new FaultError('wrong-folder', `${path} contains a data set of kind "${dataset}", not "${kind}".`, {
      path,
      found: dataset,
    });
}

/** Applies `--set` to a configuration; rejects an unknown path, so that a typing error changes nothing silently. */
export function withSettings(config: RunConfig, settings: Arguments['set']): RunConfig {
  const changed = structuredClone(config) as unknown as Record<string, unknown>;
  for (const [path, value] of settings) setPath(changed, path.split('.'), value);
  const parsed = v.safeParse(RunConfig, changed);
  if (parsed.success) return parsed.output;
  const issue = parsed.issues[0];
  throw usage(`--set ${v.getDotPath(issue) ?? ''}: ${issue.message}.`);
}

/** Waits for the work, then says how one run ended. */
async function finish(session: Session, args: Arguments, id: string): Promise<number> {
  if (await session.work()) {
    session.print(session.words.say('stopped'));
    return exitCodes.stopped;
  }
  const detail = await session.handlers.run.answer(id);
  const { row, results, folder } = detail;
  show(session, args, { row, results, folder }, () =>
    [
      `${row.id}  ${session.words.status(row.status)}  ${oneLine(row.title)}`,
      ...results.map((result) => `  ${resultText(result, session.words)}`),
      ...(row.fault === null ? [] : [`  ${session.words.fault(row.fault)}`]),
      `  ${folder}`,
    ].join('\n'),
  );
  return codeOf(row);
}

function resultText(result: ResultRow, words: Words): string {
  const { unit, withoutCopies } = result;
  const text = `${resultName(result, words)}${words.report.colon}${measuredText(result)}  (${result.n} ${words.say('onImages')})`;
  if (withoutCopies === null) return text;
  const { images, value, splits } = withoutCopies;
  const without = { images: String(images), splits: splits.join(', '), value: measuredText({ value, unit }) };
  return `${text}${words.report.semicolon}${words.report.results.withoutCopies(without)}`;
}

/** `k-NN k = 20 top-1, last epoch`. */
function resultName(
  result: Pick<Result, 'evaluator' | 'dataset' | 'split' | 'metric' | 'which'> & Partial<Pick<Result, 'protocol'>>,
  words: Words,
): string {
  const { which, protocol = {} } = result;
  const name = shortFigureName(words, { ...result, protocol });
  const epoch = which === 'last' ? 'lastEpoch' : 'bestEpoch';
  return which === 'only' ? name : `${name}${words.report.comma}${words.say(epoch)}`;
}

function codeOf(row: Pick<RunRow, 'status'>): number {
  if (row.status === 'done') return exitCodes.done;
  return row.status === 'stopped' ? exitCodes.stopped : exitCodes.failed;
}

/** The given title, else one that says what the settings changed of the draft. */
async function titled(
  { handlers }: Session,
  { title, set }: Pick<Arguments, 'title' | 'set'>,
  draft: RunConfig,
  config: RunConfig,
): Promise<RunConfig> {
  if (title !== null) return { ...config, title };
  const setsTitle = set.some(([path]) => path === 'title');
  return setsTitle ? config : { ...config, title: titleWithChanges(draft, config, await handlers.catalogue.answer()) };
}

export const run: Command = async (session, args) => {
  if (args.dataset === null) throw usage('"run" needs --dataset.');
  const preset = await presetId(session, args.preset ?? 'small', args.method);
  const dataset = await datasetOf(session, args.dataset, args.reading);
  // Measured first, once for this machine: nobody looks at this draft while that is done.
  await session.handlers.fastestExecution.answer();
  const draft = await session.handlers.draftRun.answer(preset, dataset.fingerprint, args.seed);
  const config = withSettings(draft, args.set);
  return finish(session, args, await session.handlers.createRun.answer(await titled(session, args, draft, config)));
};

/** How a paused run goes on past losses that are not finite: `--set whenNotFinite.policy=clip`. */
export function chosenWay(settings: Arguments['set']): WhenNotFinite | undefined {
  if (settings.length === 0) return undefined;
  const chosen: Record<string, unknown> = {};
  for (const [path, value] of settings) setPath(chosen, path.split('.'), value);
  const parsed = v.safeParse(v.strictObject({ whenNotFinite: WhenNotFinite }), chosen);
  if (parsed.success) return parsed.output.whenNotFinite;
  const issue = parsed.issues[0];
  throw usage(`--set ${v.getDotPath(issue) ?? ''}: ${issue.message}. A resume takes whenNotFinite.policy, and .norm.`);
}

export const resume: Command = async (session, args) => {
  const id = await runId(session, args.words[0]);
  const cut = (await session.handlers.interrupted.answer()).find((one) => one.run === id);
  for (const { field, theirs, ours } of cut?.changes ?? [])
    session.line.say(changeText(session.words, { field, theirs: String(theirs), ours: String(ours) }));
  await session.handlers.resumeRun.answer(id, chosenWay(args.set));
  return finish(session, args, id);
};

function changeText(
  words: Words,
  { field, theirs, ours }: { readonly field: string; readonly theirs: string; readonly ours: string },
): string {
  const { colon } = words.report;
  return `${words.say('changed')}${colon}${fieldName(words.report, field)} ${theirs} → ${words.data(ours)}`;
}

/** A run, or imported weights by their id or name. */
async function evaluatedOf(session: Session, { words: [given], branch }: Arguments): Promise<Evaluated> {
  const weights = await session.handlers.weights.answer();
  const found = weights.find(({ id, name }) => id === given || name === given);
  return found === undefined
    ? { kind: 'run', run: await runId(session, given), branch }
    : { kind: 'weights', weights: found.id };
}
/** The data that the branch of a run was trained on. */
async function dataOf(session: Session, of: Evaluated): Promise<string> {
  if (of.kind === 'weights') throw usage('Imported weights do not name their data: give --dataset.');
  const { config } = await session.handlers.run.answer(of.run);
  if (config.kind !== 'pretrain') throw usage(`"${of.run}" is not a pretraining run.`);
  const data = (of.branch === 1 && config.paired) || config.data;
  return data.fingerprint ?? data.path;
}

/** Another batch changes what the schedule of a detector is counted by, unless that is given too. */
async function withBatch(session: Session, choice: Choice, usual: RunConfig): Promise<Choice> {
  const { evaluators } = await session.handlers.catalogue.answer();
  const scaling = evaluators.find(({ id }) => id === choice.id)?.withBatch;
  const { batch } = choice.options;
  if (scaling === undefined || typeof batch !== 'number' || usual.kind !== 'evaluate') return choice;
  const scaled = withBatchOf(usual.evaluator.options, batch, scaling);
  const changed = [...scaling.grow, ...scaling.shrink].filter((key) => choice.options[key] === undefined);
  const values = changed.map((key) => `${key}=${JSON.stringify(scaled[key])}`);
  session.line.say(`${session.words.say('scaledWithBatch')}${session.words.report.colon}${values.join(' ')}`);
  return {
    ...choice,
    options: { ...Object.fromEntries(changed.map((key) => [key, scaled[key]!])), ...choice.options },
  };
}

export const evaluate: Command = async (session, args) => {
  if (args.evaluator === null) throw usage('"evaluate" needs --evaluator.');
  const of = await evaluatedOf(session, args);
  const dataset = await datasetOf(session, args.dataset ?? (await dataOf(session, of)), args.reading);
  // A path leads into the configuration, a word is an option of the evaluator.
  const paths = args.set.filter(([key]) => key.includes('.'));
  const options = Object.fromEntries(args.set.filter(([key]) => !key.includes('.'))) as Options;
  const choice = v.safeParse(Choice, { id: args.evaluator, options });
  if (!choice.success)
    throw usage(`--set does not fit the evaluator "${args.evaluator}": ${choice.issues[0].message}.`);
  const { draftEvaluation, createRun, fastestExecution } = session.handlers;
  if (of.kind === 'weights') await fastestExecution.answer();
  const usual = await draftEvaluation.answer(of, { id: args.evaluator, options: {} }, dataset.fingerprint);
  const followed = await withBatch(session, choice.output, usual);
  const chosen = await draftEvaluation.answer(of, followed, dataset.fingerprint);
  const config = await titled(session, { ...args, set: [] }, usual, withSettings(chosen, paths));
  return finish(session, args, await createRun.answer(config));
};

export const exportRun: Command = async (session, args) => {
  const named = v.safeParse(WeightsFormat, args.out === null ? null : extname(args.out).slice(1));
  if (args.out === null || !named.success) throw usage('"export" needs --out FILE.safetensors or FILE.pth.');
  const of = await evaluatedOf(session, args);
  const found = await session.exportWeights({ of, format: named.output, file: resolve(args.out) });
  show(session, args, found, () => {
    const { words } = session;
    return `${words.say('exported')}: ${found.file}  ${found.tensors} ${words.say('tensors')}`;
  });
  return exitCodes.done;
};

export const features: Command = async (session, args) => {
  if (args.dataset === null || args.out === null) throw usage('"features" needs --dataset and --out FILE.npy.');
  const of = await evaluatedOf(session, args);
  const dataset = await datasetOf(session, args.dataset, args.reading);
  const split = args.split ?? testSplit(dataset.inspection);
  const found = await session.features({ of, dataset, split, file: args.out });
  show(session, args, found, () => {
    const { words } = session;
    const written = `${words.say('features')}: ${found.file}  ${found.rows} × ${found.columns}`;
    return found.resized === undefined
      ? written
      : `${written}\n${resizedInWords(words.report.language, found.resized)}`;
  });
  return exitCodes.done;
};

export const plan: Command = async (session, args) => {
  const [name] = args.words;
  if (name === undefined) {
    const rows = await session.handlers.plans.answer();
    show(session, args, rows, () => plansText(rows, session));
    return exitCodes.done;
  }
  return carryThrough(session, args, name);
};

function plansText(rows: readonly PlanRow[], { words, room }: Session): string {
  const columns: readonly Column[] = [
    { title: words.say('plan'), holds: 'name' },
    { title: words.say('state'), holds: 'text' },
    { title: words.say('runs'), holds: 'figures' },
    { title: words.say('title'), holds: 'text' },
  ];
  const lines = rows.map(({ plan: { id, title, runs: planned }, state, runs, needs }) => {
    const missing = needs
      .filter(({ kind, ok }) => (kind === 'data' || kind === 'weights') && ok === false)
      .map(({ values }) => values['title']);
    const lacks = missing.length === 0 ? [] : [`${words.say('needs')}${words.report.colon}${missing.join(', ')}`];
    const open = planned.filter(({ key }) => runs.some((run) => run.key === key && run.waits?.for === 'decision'));
    const asking = open.map(({ config }) => config.title).join(words.say('listComma'));
    const asks = asking === '' ? [] : [`${words.say('decisions')}${words.report.colon}${asking}`];
    const done = runs.filter(({ status }) => status === 'done').length;
    const texts = [title[words.language], ...lacks, ...asks];
    return [id, words.planState(state), `${done}/${runs.length}`, texts.join('\n')];
  });
  return tableOf(columns, lines, room);
}

/** Runs the plan of a bundle and compares the figures with those of the bundle. */
export const replay: Command = async (session, args) => {
  const [file] = args.words;
  if (file === undefined) throw usage('"replay" needs the bundle.json of a report.');
  const added = await session.handlers.addPlan.answer(resolve(file));
  const code = await carryThrough(session, args, added.plan);
  if (!args.json && code === exitCodes.done) session.print(await replayText(session, added));
  return code;
};

async function carryThrough(session: Session, args: Arguments, name: string): Promise<number> {
  const { handlers, words } = session;
  // Timed before its first run, while nothing else holds the device: the time left is known from the start.
  const found = await planRow(session, name);
  if (found.state !== 'done' && found.secondsLeft === null) await handlers.calibratePlan.answer(name);
  await handlers.startPlan.answer(name, args.seeds);
  const started = await planRow(session, name);
  session.line.say(`${planText(started, words)}  (${words.say('workspace')} ${session.home})`);
  for (const text of waitTexts(started, words)) session.line.say(text);
  if (await session.work()) {
    session.print(words.say('stopped'));
    return exitCodes.stopped;
  }
  const selection = { kind: 'plan' as const, plan: name };
  const comparison = await handlers.compare.answer(selection);
  const report = await handlers.exportReport.answer(selection, args.formats, words.language);
  const ended = await planRow(session, name);
  show(session, args, { plan: ended, comparison, report }, () =>
    [
      comparisonText(comparison, words, styleOf(session, args)),
      '',
      reportText(report, words),
      ...waitTexts(ended, words),
    ].join('\n'),
  );
  return ended.state === 'done' ? exitCodes.done : exitCodes.failed;
}

/** Each figure of the bundle beside the figure of the same run here. */
async function replayText(
  { handlers, words, room }: Session,
  { plan: id, results, environment }: AddedPlan,
): Promise<string> {
  const row = (await handlers.plans.answer()).find(({ plan }) => plan.id === id);
  const here = new Map<string, readonly ResultRow[]>();
  for (const { key, run: made } of row?.runs ?? [])
    if (made !== null) here.set(key, (await handlers.run.answer(made)).results);
  const lines = results.map((result) => {
    const { run: key, evaluator, metric, which, value, unit } = result;
    const own = here
      .get(key)
      ?.find((one) => one.evaluator === evaluator && one.metric === metric && one.which === which)?.value;
    const agrees = own === undefined ? '' : words.say(own === value ? 'sameBits' : 'otherBits');
    return [key, resultName(result, words), measuredText(result), measuredText({ value: own ?? null, unit }), agrees];
  });
  const { version, platform, instructionSets, versions } = environment;
  const made = [version, platform, ...instructionSets, ...Object.entries(versions).map((pair) => pair.join(' '))];
  const columns: readonly Column[] = [
    { title: words.say('id'), holds: 'text' },
    { title: words.say('measured'), holds: 'text' },
    { title: words.say('then'), holds: 'figures' },
    { title: words.say('now'), holds: 'figures' },
    { title: words.say('agreement'), holds: 'text' },
  ];
  const source = labelled(`${words.say('then')}${words.report.colon}`, made.join(', '), room);
  return `\n${tableOf(columns, lines, room)}\n${source}`;
}

async function planRow(session: Session, name: string) {
  const found = (await session.handlers.plans.answer()).find((row) => row.plan.id === name);
  if (found === undefined)
    throw new FaultError('unknown-id', `There is no plan "${name}". "reprise plan" lists them.`, { id: name });
  return found;
}
