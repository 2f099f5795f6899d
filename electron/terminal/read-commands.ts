/** Commands that only look: they run beside the app. */
import { FaultError } from '../../trainer/durable/fault-error.ts';
import type { ReportRow, RunRow, Selection } from '../api.ts';
import type { Inspection } from '../../trainer/protocol/dataset.ts';
import type { ImportedWeights } from '../../trainer/protocol/weights.ts';
import { usage, type Arguments } from './arguments.ts';
import { comparisonText } from './comparison.ts';
import { exitCodes } from './help.ts';
import type { Session } from './session.ts';
import { bytes, tableOf } from './table.ts';
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
  show(session, args, report, () =>
    report.checks.map((check) => `${marks[check.state]} ${check.id.padEnd(10)} ${check.text}`).join('\n'),
  );
  return report.checks.some((check) => check.state === 'wrong') ? exitCodes.failed : exitCodes.done;
};

export const datasets: Command = async (session, args) => {
  const [action, path] = args.words;
  if (action === undefined) {
    const rows = await session.handlers.datasets.answer();
    show(session, args, rows, () =>
      rows
        .map((row) => `${row.name}  ${row.inspection.title}  ${row.path}  ${row.state}  ${row.fingerprint}`)
        .join('\n'),
    );
    return exitCodes.done;
  }
  if (action !== 'inspect' || path === undefined) throw usage(`"datasets ${args.words.join(' ')}" is not known.`);
  const inspection = await session.handlers.inspect.answer(path, args.contents);
  show(session, args, inspection, () => inspectionText(inspection, session.words));
  return inspection.dataset === null ? exitCodes.missing : exitCodes.done;
};

function inspectionText(inspection: Inspection, words: Words): string {
  const { say } = words;
  if (inspection.dataset === null)
    return [
      `${say('notRecognised')}: ${inspection.path}`,
      `${say('expected')}: ${inspection.expected.join('; ')}`,
      `${say('found')}: ${inspection.found.join('; ')}`,
    ].join('\n');
  const size = (image: readonly [number, number] | null) => (image === null ? say('unknown') : image.join(' × '));
  const lines = [
    `${say('recognised')}: ${inspection.title} (${inspection.dataset})  ${inspection.path}`,
    `${inspection.classes.length} ${say('classes')}, ${inspection.channels ?? say('unknown')} ${say('channels')}, ${say('size')} ${size(inspection.smallest)} … ${size(inspection.largest)}, ${bytes(inspection.bytes)}`,
    ...inspection.splits.map(({ split, images, perClass }) => {
      const range = perClass.length === 0 ? '' : ` (${Math.min(...perClass)} … ${Math.max(...perClass)})`;
      return `${say('split')} ${split}: ${images}${range}`;
    }),
    inspection.contents === 'listed'
      ? `${inspection.rejectCount} ${say('rejects')}; ${say('listed')}`
      : `${inspection.rejectCount} ${say('rejects')}, ${inspection.leakCount} ${say('leaks')}, ${inspection.duplicateCount} ${say('duplicates')}`,
    ...inspection.rejects.slice(0, 10).map(({ file, reason }) => `  ${file}: ${reason}`),
    ...inspection.leaks.slice(0, 10).map(([one, other]) => `  ${one} = ${other}`),
    `${say('licence')}: ${inspection.licence ?? say('unknown')}   ${say('source')}: ${inspection.source ?? say('unknown')}`,
    `${say('fingerprint')}: ${inspection.fingerprint}`,
  ];
  return lines.join('\n');
}

export const presets: Command = async (session, args) => {
  const [left, right] = args.words;
  if (left !== undefined && right !== undefined) {
    const differences = await session.handlers.comparePresets.answer(
      await presetId(session, left),
      await presetId(session, right),
    );
    show(session, args, differences, () =>
      tableOf(
        ['', left, right],
        differences.map((one) => [one.path, JSON.stringify(one.left), JSON.stringify(one.right)]),
      ),
    );
    return exitCodes.done;
  }
  const all = await session.handlers.presets.answer();
  show(session, args, all, () =>
    all.map((preset) => `${preset.id.padEnd(24)} ${preset.summary[session.words.language]}`).join('\n'),
  );
  return exitCodes.done;
};

/** "small" alone is VICReg's, with --method that method's; a whole name is the preset of that name. */
export async function presetId(session: Session, name: string, method: string | null = null): Promise<string> {
  const all = await session.handlers.presets.answer();
  const fitting = all.filter((preset) => method === null || preset.method === method);
  const found =
    fitting.find((preset) => preset.id === name) ??
    fitting.find((preset) => preset.id === `${method ?? 'vicreg'}-${name}`);
  if (found !== undefined) return found.id;
  throw new FaultError('unknown-id', `No preset "${name}". Known: ${all.map((preset) => preset.id).join(', ')}.`, {
    id: name,
  });
}

export const weights: Command = async (session, args) => {
  const rows = await session.handlers.weights.answer();
  show(session, args, rows, () =>
    rows.length === 0 ? session.words.say('nothing') : rows.map(weightsText).join('\n'),
  );
  return exitCodes.done;
};

export function weightsText({ id, name, encoder, channels, file, tensors, unmatched }: ImportedWeights): string {
  const rest = unmatched.length === 0 ? '' : `, ${unmatched.length} unmatched (${unmatched.slice(0, 3).join(', ')}…)`;
  return `${id}  ${name}  ${encoder.id}, ${channels} channels  ${file}: ${tensors} tensors${rest}`;
}

export const runs: Command = async (session, args) => {
  const rows = await session.handlers.runs.answer();
  show(session, args, rows, () => runsText(rows, session.words));
  return exitCodes.done;
};

function runsText(rows: readonly RunRow[], words: Words): string {
  if (rows.length === 0) return words.say('nothing');
  const head = (['id', 'title', 'state', 'steps', 'headline', 'seed', 'disk'] as const).map(words.say);
  const cells = rows.map((row) => [
    row.id,
    row.title,
    row.waitsFor === null
      ? words.status(row.status)
      : `${words.status(row.status)} (${words.say('waits')} ${row.waitsFor.run})`,
    row.steps === null ? String(row.step) : `${row.step}/${row.steps}`,
    row.headline === null || row.headline.value === null
      ? ''
      : `${row.headline.metric} ${row.headline.value.toFixed(2)}`,
    String(row.seed),
    bytes(row.diskBytes),
  ]);
  return tableOf(head, cells, new Set([3, 5, 6]));
}

/** A run by its id or the beginning of it. */
export async function runId(session: Session, given: string | undefined): Promise<string> {
  if (given === undefined) throw usage('A run is missing.');
  const rows = await session.handlers.runs.answer();
  const exact = rows.find((row) => row.id === given);
  if (exact !== undefined) return exact.id;
  const fitting = rows.filter((row) => row.id.startsWith(given));
  const [only] = fitting;
  if (only !== undefined && fitting.length === 1) return only.id;
  const message = fitting.length > 1 ? `${fitting.length} runs begin with "${given}".` : `There is no run "${given}".`;
  throw new FaultError('unknown-id', message, { run: given });
}

async function selectionOf(session: Session, args: Arguments): Promise<Selection> {
  const chosen = await chosenOf(session, args);
  return {
    ...chosen,
    ...(args.baseline === null ? {} : { baseline: args.baseline }),
    ...(args.best ? { epoch: 'best' } : {}),
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

export const compare: Command = async (session, args) => {
  const comparison = await session.handlers.compare.answer(await selectionOf(session, args));
  show(session, args, comparison, () => comparisonText(comparison, session.words));
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
