/** Read-only commands. They can run while the app is open. */
import { FaultError } from '../../trainer/durable/fault-error.ts';
import type { Selection } from '../api/comparison.ts';
import type { DatasetRow } from '../api/datasets.ts';
import type { ReportRow } from '../api/reports.ts';
import type { RunRow } from '../api/runs.ts';
import type { CopyPair } from '../../trainer/protocol/copies.ts';
import type { Inspection } from '../../trainer/protocol/dataset.ts';
import type { ImportedWeights } from '../../trainer/protocol/weights.ts';
import { chosenEncoderInWords } from '../words/encoders.ts';
import type { Said } from '../../trainer/protocol/sentence.ts';
import { questionOf } from '../words/readings.ts';
import { sentenceIn, sentencesIn } from '../words/sentences.ts';
import { detectorFacts } from '../words/detectors.ts';
import { transformerFacts } from '../words/transformers.ts';
import { networkName, networkReason, normsInWords } from '../words/weights.ts';
import { usage, type Arguments } from './arguments.ts';
import { comparisonText, type ComparisonStyle } from './comparison.ts';
import { exitCodes } from './help.ts';
import { oneLine } from './printable.ts';
import type { Session } from './session.ts';
import { bytes, measuredText, tableOf, type Column, type TableRow } from './table.ts';
import { labelled, widthOf, wrap } from './text-width.ts';
import type { Words } from './words.ts';

export type Command = (session: Session, args: Arguments) => Promise<number>;

/** JSON for machines, text for people. */
export function show(session: Session, args: Arguments, value: unknown, text: () => string): void {
  session.line.end();
  session.print(args.json ? JSON.stringify(value, null, 2) : text());
}

export const doctor: Command = async (session, args) => {
  const report = await session.handlers.doctor.answer();
  const marks = { ok: '✓', attention: '!', wrong: '✗', unknown: '?' };
  show(session, args, report, () => {
    const names = report.checks.map(({ id }) => session.words.check(id));
    const most = Math.max(...names.map(widthOf));
    return report.checks
      .map(({ state, text }, index) => {
        const name = names[index] ?? '';
        return labelled(`${marks[state]} ${name}${' '.repeat(most - widthOf(name))}  `, text, session.room);
      })
      .join('\n');
  });
  return report.checks.some((check) => check.state === 'wrong') ? exitCodes.failed : exitCodes.done;
};

export const datasets: Command = async (session, args) => {
  const [action, path] = args.words;
  if (action === undefined) {
    const rows = await session.handlers.datasets.answer();
    show(session, args, rows, () => datasetsText(rows, session));
    return exitCodes.done;
  }
  if (action !== 'inspect' || path === undefined) throw usage(`"datasets ${args.words.join(' ')}" is not a command.`);
  const inspection = await session.handlers.inspect.answer(path, args.contents, args.reading);
  show(session, args, inspection, () => inspectionText(inspection, session));
  return inspection.dataset === null ? exitCodes.missing : exitCodes.done;
};

/** Enough of a fingerprint to tell data sets apart; --json and an inspection give all of it. */
const fingerprintDigits = 12;

function datasetsText(rows: readonly DatasetRow[], { words, room }: Session): string {
  if (rows.length === 0) return words.say('nothing');
  const columns: readonly Column[] = [
    { title: words.say('name'), holds: 'text' },
    { title: words.say('kind'), holds: 'text' },
    { title: words.say('imageCount'), holds: 'figures' },
    { title: words.say('state'), holds: 'text' },
    { title: words.say('fingerprint'), holds: 'name' },
  ];
  const lines = rows.flatMap(({ name, inspection, path, state, fingerprint }): readonly TableRow[] => [
    [
      name,
      inspection.title,
      String(inspection.splits.reduce((sum, { images }) => sum + images, 0)),
      words.data(state),
      fingerprint.slice(0, fingerprintDigits),
    ],
    `  ${path}`,
  ]);
  return tableOf(columns, lines, room);
}

const sentence = ({ language }: Words, said: Said): string => sentenceIn(language, said, String);

/** Files left out by reason, what is not used, and warnings. */
function remarks(inspection: Inspection, words: Words): readonly string[] {
  const { say, language } = words;
  const text = (said: Said) => sentence(words, said);
  const { rejects, rejectKinds, unused, warnings, choices } = inspection;
  // Records from before reasons were counted have none.
  const leftOut =
    rejectKinds.length > 0
      ? rejectKinds.map(({ count, reason, examples }) => `  ${count} × ${text(reason)}: ${examples.join(', ')}`)
      : rejects.slice(0, 10).map(({ file, reason }) => `  ${file}: ${text(reason)}`);
  return [
    ...leftOut,
    ...(unused.length > 0 ? [`${say('unused')}:`] : []),
    ...unused.map(
      ({ what, count, why, use }) => `  ${text(what)} (${count}): ${sentencesIn(language, [why, use], String)}`,
    ),
    ...(warnings.length > 0 ? [`${say('warnings')}:`] : []),
    ...warnings.map((line) => `  ${text(line)}`),
    ...choices.flatMap((choice) => {
      const { question, answers } = questionOf(language, choice, String);
      const marked = answers.map(({ value, text, isNow }) => {
        return `  ${isNow ? '*' : ' '} --read ${choice.about}=${value}: ${text}`;
      });
      return [question, ...marked];
    }),
  ];
}

function nearDuplicates({ nearDuplicates: near }: Inspection, { say }: Words): readonly string[] {
  if (near === null) return [];
  const kind = ({ changes }: CopyPair) => (changes.length > 0 ? changes : ['resaved' as const]).map((one) => say(one));
  return [
    `${near.count} ${say('near')}, ${near.leaked} ${say('nearLeaked')}`,
    ...near.pairs.slice(0, 10).map((pair) => `  ${pair.picture.file} ~ ${pair.copyOf.file} (${kind(pair).join(', ')})`),
  ];
}

function inspectionText(inspection: Inspection, { words, room }: Session): string {
  const { say } = words;
  const text = (said: Said) => sentence(words, said);
  const found = sentencesIn(words.language, inspection.found, String);
  if (inspection.dataset === null) {
    const { path, expected } = inspection;
    const lines = [
      `${say('notRecognised')}: ${path}`,
      `${say('found')}: ${found}`,
      `${say('expected')}:`,
      ...expected.map((one) => `  ${text(one)}`),
      ...(inspection.rejectCount > 0 ? [`${inspection.rejectCount} ${say('rejects')}:`] : []),
      ...remarks(inspection, words),
    ];
    return lines.flatMap((line) => wrap(line, room)).join('\n');
  }
  const size = (image: readonly [number, number] | null) => (image === null ? say('unknown') : image.join(' × '));
  const sizes = [...new Set([size(inspection.smallest), size(inspection.largest)])];
  const lines = [
    `${say('recognised')}: ${inspection.title} (${inspection.dataset})  ${inspection.path}`,
    `${inspection.classes.length} ${say('classes')}, ${inspection.channels ?? say('unknown')} ${say('channels')}, ${say('size')} ${sizes.join(' … ')}, ${bytes(inspection.bytes)}`,
    ...inspection.splits.map(({ split, images, perClass }) => {
      const [least, most] = [Math.min(...perClass), Math.max(...perClass)];
      const each = least === most ? String(least) : `${least} … ${most}`;
      const range = perClass.length === 0 ? '' : ` (${say('perClass')} ${each})`;
      return `${say('split')} ${split}: ${images} ${say('onImages')}${range}`;
    }),
    `${say('found')}: ${found}`,
    inspection.contents === 'listed'
      ? `${inspection.rejectCount} ${say('rejects')}; ${say('listed')}`
      : `${inspection.rejectCount} ${say('rejects')}, ${inspection.leakCount} ${say('leaks')}, ${inspection.duplicateCount} ${say('duplicates')}`,
    ...remarks(inspection, words),
    ...inspection.leaks.slice(0, 10).map(([one, other]) => `  ${one} = ${other}`),
    ...nearDuplicates(inspection, words),
    `${say('licence')}: ${inspection.licence ?? say('unknown')}   ${say('source')}: ${inspection.source === null ? say('unknown') : text(inspection.source)}`,
    `${say('fingerprint')}: ${inspection.fingerprint}`,
  ];
  return lines.flatMap((line) => wrap(line, room)).join('\n');
}

export const presets: Command = async (session, args) => {
  const [left, right] = args.words;
  if (left !== undefined && right !== undefined) {
    const differences = await session.handlers.comparePresets.answer(
      await presetId(session, left),
      await presetId(session, right),
    );
    const columns: readonly Column[] = [
      { title: session.words.say('setting'), holds: 'text' },
      { title: left, holds: 'text' },
      { title: right, holds: 'text' },
    ];
    const lines = differences.flatMap((one) => differingValues(one.path, one.left, one.right));
    show(session, args, differences, () => tableOf(columns, lines, session.room));
    return exitCodes.done;
  }
  const all = await session.handlers.presets.answer();
  const { language, say } = session.words;
  const columns: readonly Column[] = [
    { title: say('preset'), holds: 'name' },
    { title: say('summary'), holds: 'text' },
  ];
  const lines = all.map((preset) => [preset.id, preset.summary[language]]);
  show(session, args, all, () => tableOf(columns, lines, session.room));
  return exitCodes.done;
};

/** Every single value in which two values differ, by the path that `--set` takes. */
function differingValues(path: string, left: unknown, right: unknown): readonly TableRow[] {
  if (JSON.stringify(left) === JSON.stringify(right)) return [];
  if (!isRecord(left) || !isRecord(right)) return [[path, valueText(left), valueText(right)]];
  const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  return keys.flatMap((key) => differingValues(`${path}.${key}`, left[key], right[key]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  const holdsValues = Array.isArray(value) && value.every((one) => typeof one !== 'object');
  return typeof value === 'object' && value !== null && !holdsValues;
}

/** JSON with a space after each comma, where a line may end. */
function valueText(value: unknown): string {
  if (value === undefined) return '–';
  return Array.isArray(value) ? `[${value.map(valueText).join(', ')}]` : JSON.stringify(value).replaceAll(',"', ', "');
}

/** "small" alone is VICReg's, with --method that method's; a whole name is the preset of that name. */
export async function presetId(session: Session, name: string, method: string | null = null): Promise<string> {
  const all = await session.handlers.presets.answer();
  const fitting = all.filter((preset) => method === null || preset.method === method);
  const found =
    fitting.find((preset) => preset.id === name) ??
    fitting.find((preset) => preset.id === `${method ?? 'vicreg'}-${name}`);
  if (found !== undefined) return found.id;
  throw new FaultError('unknown-id', `There is no preset "${name}". "reprise presets" lists them.`, { id: name });
}

export const weights: Command = async (session, args) => {
  const rows = await session.handlers.weights.answer();
  show(session, args, rows, () => (rows.length === 0 ? session.words.say('nothing') : weightsText(rows, session)));
  return exitCodes.done;
};

/** Lines below a row of weights: the choice among several networks, what was left, and doubts. */
function weightsNotes(row: ImportedWeights, words: Session['words']): readonly string[] {
  const { language } = words;
  const { colon, comma } = words.report;
  const facts = [...transformerFacts(words.language, row), ...detectorFacts(words.language, row)];
  const notes = facts.map(({ name, text }) => `${name}${colon}${text}`);
  const others = row.networks.filter(({ name }) => name !== row.network);
  if (others.length > 0) {
    notes.push(
      `${words.say('network')}${colon}${networkName(language, row.network)} (${networkReason(language, row.why)})`,
    );
    const listed = others.map(({ name, tensors, why }) => {
      const role = why === null ? '' : `${comma}${networkReason(language, why)}`;
      return `${networkName(language, name)} (${tensors} ${words.say('tensors')}${role})`;
    });
    notes.push(`${words.say('networks')}${colon}${listed.join(comma)}`);
  } else if (row.layout === null) notes.push(networkReason(language, row.why));
  if (row.norms !== null) notes.push(normsInWords(language, row.norms));
  if (row.unmatched.length > 0) {
    const shown = row.unmatched.slice(0, 3).join(', ');
    const more = row.unmatched.length > 3 ? ', …' : '';
    notes.push(`${row.unmatched.length} ${words.say('unmatched')}${colon}${shown}${more}`);
  }
  if (row.passedOver.length > 0) {
    const listed = row.passedOver.map(({ what, count, names }) => `${count} ${what} (${names.join(', ')})`);
    notes.push(`${words.say('passedOver')}${colon}${listed.join(comma)}`);
  }
  return [...notes, ...row.warnings].map((note) => `  ${note}`);
}

export function weightsText(rows: readonly ImportedWeights[], { words, room }: Session): string {
  const columns: readonly Column[] = [
    { title: 'ID', holds: 'name' },
    { title: words.say('name'), holds: 'text' },
    { title: words.say('encoder'), holds: 'text' },
    { title: words.say('tensorCount'), holds: 'figures' },
  ];
  const lines = rows.flatMap((row): readonly TableRow[] => {
    const { id, name, encoder, channels, file, tensors, sameAs } = row;
    const cells = [
      id,
      name,
      `${chosenEncoderInWords(words.language, encoder)}${words.report.comma}${channels} ${words.say('channels')}`,
      String(tensors),
    ];
    const same = `  ${words.say('sameEncoder')}${words.report.colon}${sameAs.join(', ')}`;
    return [cells, `  ${file}`, ...(sameAs.length === 0 ? [] : [same]), ...weightsNotes(row, words)];
  });
  return tableOf(columns, lines, room);
}

export const runs: Command = async (session, args) => {
  const rows = await session.handlers.runs.answer();
  show(session, args, rows, () => runsText(rows, session));
  return exitCodes.done;
};

/** What a queued run waits for. The device may be held by a measurement, which is not a run. */
export function waitText(
  waitsFor: NonNullable<RunRow['waitsFor']>,
  rows: ReadonlyMap<string, Pick<RunRow, 'title'>>,
  words: Words,
): string {
  if (waitsFor.kind === 'plan') return words.say('planPaused');
  const held = rows.get(waitsFor.run)?.title;
  return held === undefined ? words.say('deviceMeasured') : `${words.say('waits')} ${oneLine(held)}`;
}

function runsText(rows: readonly RunRow[], { words, room }: Session): string {
  if (rows.length === 0) return words.say('nothing');
  const columns: readonly Column[] = [
    { title: words.say('id'), holds: 'name' },
    { title: words.say('title'), holds: 'text' },
    { title: words.say('state'), holds: 'text' },
    { title: words.say('steps'), holds: 'figures' },
    { title: words.say('headline'), holds: 'figures' },
    { title: words.say('seed'), holds: 'figures' },
    { title: words.say('disk'), holds: 'figures' },
  ];
  const byId = new Map(rows.map((row) => [row.id, row]));
  const stateText = (status: RunRow['status'], waitsFor: RunRow['waitsFor']): string => {
    if (waitsFor === null) return words.status(status);
    // Nothing of a paused plan is on its way.
    const why = waitText(waitsFor, byId, words);
    return waitsFor.kind === 'plan' ? why : `${words.status(status)}, ${why}`;
  };
  const cells = rows.map(({ id, title, status, waitsFor, step, steps, headline, seed, diskBytes }) => [
    id,
    oneLine(title),
    stateText(status, waitsFor),
    steps === null ? String(step) : steps === 0 ? '' : `${step}/${steps}`,
    headline?.value == null ? '' : `${words.metric(headline.metric)} ${measuredText(headline)}`,
    String(seed),
    bytes(diskBytes),
  ]);
  return tableOf(columns, cells, room);
}

/** A run by its id or the beginning of it. */
export async function runId(session: Session, given: string | undefined): Promise<string> {
  if (given === undefined) throw usage('Name a run: "reprise runs" lists them.');
  const rows = await session.handlers.runs.answer();
  const exact = rows.find((row) => row.id === given);
  if (exact !== undefined) return exact.id;
  const fitting = rows.filter((row) => row.id.startsWith(given));
  const [only] = fitting;
  if (only !== undefined && fitting.length === 1) return only.id;
  const message =
    fitting.length > 1
      ? `${fitting.length} runs begin with "${given}". Give more of the id.`
      : `There is no run "${given}". "reprise runs" lists them.`;
  throw new FaultError('unknown-id', message, { run: given });
}

async function selectionOf(session: Session, args: Arguments): Promise<Selection> {
  const chosen = await chosenOf(session, args);
  return {
    ...chosen,
    ...(args.baseline === null ? {} : { baseline: args.baseline }),
    ...(args.epoch === null ? {} : { epoch: args.epoch }),
  };
}

async function chosenOf(session: Session, args: Arguments): Promise<Selection> {
  if (args.plan !== null) return { kind: 'plan', plan: args.plan };
  if (args.words.length > 0)
    return { kind: 'runs', runs: await Promise.all(args.words.map((word) => runId(session, word))) };
  // Nothing named: the plan that was started, else everything.
  const started = (await session.handlers.plans.answer()).find((row) => row.startedAt !== null);
  if (started !== undefined) return { kind: 'plan', plan: started.plan.id };
  return { kind: 'runs', runs: (await session.handlers.runs.answer()).map((row) => row.id) };
}

export function styleOf({ room }: Session, { verbose }: Arguments): ComparisonStyle {
  return { room, isVerbose: verbose };
}

export const compare: Command = async (session, args) => {
  const comparison = await session.handlers.compare.answer(await selectionOf(session, args));
  show(session, args, comparison, () => comparisonText(comparison, session.words, styleOf(session, args)));
  return exitCodes.done;
};

export const report: Command = async (session, args) => {
  const row = await session.handlers.exportReport.answer(
    await selectionOf(session, args),
    args.formats,
    session.words.language,
  );
  show(session, args, row, () => reportText(row, session.words));
  return exitCodes.done;
};

export function reportText(row: ReportRow, words: Words): string {
  return [
    `${words.say('report')}: ${row.folder}`,
    ...row.files.map((file) => `  ${file.format.padEnd(9)} ${file.path}  ${bytes(file.bytes)}`),
    ...row.missing.map((gap) => `  ${gap.format.padEnd(9)} ${words.say('notWritten')}: ${gap.reason}`),
  ].join('\n');
}
