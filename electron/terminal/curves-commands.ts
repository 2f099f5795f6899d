/** Curves of other programs taken in, and a run's given to TensorBoard; what else is imported or exported goes on to its command. */
import { stat } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { sentenceIn } from '../words/sentences.ts';
import type { ReferenceCurves } from '../api/reference-curves.ts';
import type { ExportedCurves } from '../workstation/curves/export-events.ts';
import { usage, type Arguments } from './arguments.ts';
import { exitCodes } from './help.ts';
import { importRun as importRunOrWeights } from './import-command.ts';
import { oneLine } from './printable.ts';
import { runId, show, type Command } from './read-commands.ts';
import type { Session } from './session.ts';
import { tableOf, type Column } from './table.ts';
import { wrap } from './text-width.ts';
import * as work from './work-commands.ts';

/** Files that hold curves and never weights. */
const ofCurves = new Set(['.csv', '.tsv', '.txt', '.jsonl', '.ndjson', '.log']);

export const importRun: Command = async (session, args) => {
  const [path] = args.words;
  if (path === undefined || !(await holdsCurves(path, args))) return importRunOrWeights(session, args);
  const wanted = {
    ...(args.title !== null && { name: args.title }),
    ...(args.method !== null && { method: args.method }),
    metrics: metricsOf(args.set),
  };
  const found = await session.handlers.importCurves.answer(resolve(path), wanted);
  show(session, args, found, () => curvesText(found, session));
  return exitCodes.done;
};

async function holdsCurves(path: string, args: Arguments): Promise<boolean> {
  if (args.curves || ofCurves.has(extname(path).toLowerCase()) || /tfevents/.test(path)) return true;
  const isFolder = (await stat(path).catch(() => null))?.isDirectory() === true;
  return isFolder && (await stat(join(path, 'config.json')).catch(() => null)) === null;
}

/** `--set train_loss=loss`, `--set epoch=null`. */
function metricsOf(settings: Arguments['set']): Readonly<Record<string, string | null>> {
  return Object.fromEntries(
    settings.map(([source, metric]) => {
      if (metric !== null && typeof metric !== 'string')
        throw usage(`--set ${source}=${JSON.stringify(metric)}: expected the name of a metric, or null.`);
      return [source, metric];
    }),
  );
}

function curvesText({ id, name, curves, notes }: ReferenceCurves, { words, room }: Session): string {
  const columns: readonly Column[] = [
    { title: words.say('curveThere'), holds: 'text' },
    { title: words.say('curveHere'), holds: 'text' },
    { title: words.say('pointsKept'), holds: 'figures' },
  ];
  const rows = curves.map(({ source, metric, points }) => [oneLine(source), metric ?? '–', String(points)]);
  const told = notes.map((note) => oneLine(sentenceIn(words.language, note, String)));
  return [
    `${words.say('importedCurves')}${words.report.colon}${oneLine(name)} (${id})`,
    tableOf(columns, rows, room),
    ...told.flatMap((note) => wrap(note, room)),
    ...wrap(words.say('curvesHint'), room),
  ].join('\n');
}

export const exportRun: Command = async (session, args) => {
  if (!args.tensorboard) return work.exportRun(session, args);
  if (args.out === null || args.words.length === 0) throw usage('"export --tensorboard" needs runs and --out FOLDER.');
  const found: ({ readonly run: string } & ExportedCurves)[] = [];
  for (const word of args.words) {
    const run = await runId(session, word);
    found.push({ run, ...(await session.writeCurves(run, join(resolve(args.out), run))) });
  }
  const { words } = session;
  show(session, args, found, () =>
    found
      .map(({ file, points }) => `${words.say('curveWritten')}: ${file}  ${points} ${words.say('pointCount')}`)
      .join('\n'),
  );
  return exitCodes.done;
};
