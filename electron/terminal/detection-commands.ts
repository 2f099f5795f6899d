/** Commands for result files of detections. */
import type { EvaluatedDetections } from '../../trainer/protocol/results.ts';
import { testSplit } from '../workstation/data/splits.ts';
import { masksLeftOutInWords } from '../words/detections.ts';
import { usage } from './arguments.ts';
import { exitCodes } from './help.ts';
import { runId, show, type Command } from './read-commands.ts';
import type { Session } from './session.ts';
import { measuredText, tableOf, type Column } from './table.ts';
import { datasetOf } from './work-commands.ts';

export const detections: Command = async (session, args) => {
  if (args.out === null) throw usage('"detections" needs --out FILE.json or a folder.');
  const found = await session.writeDetections(await runId(session, args.words[0]), args.out);
  show(
    session,
    args,
    found,
    () => `${session.words.say('detectionsWritten')}${session.words.report.colon}${found.path}`,
  );
  return exitCodes.done;
};

export const evaluateDetections: Command = async (session, args) => {
  const [file] = args.words;
  if (file === undefined || args.dataset === null)
    throw usage('"evaluate-detections" needs a result file, or a folder of them, and --dataset.');
  const dataset = await datasetOf(session, args.dataset, args.reading);
  const split = args.split ?? testSplit(dataset.inspection);
  const evaluated = await session.evaluateDetections({ file, dataset, split, rules: args.rules });
  show(session, args, evaluated, () => evaluatedText(evaluated, session, args.verbose));
  return exitCodes.done;
};

const inPercent = (value: number | null): string => measuredText({ value, unit: 'percent' });

function evaluatedText(
  { rules, images, imagesWithout, detections: count, masksLeftOut, missing, classes, figures }: EvaluatedDetections,
  { words, room }: Session,
  isVerbose: boolean,
): string {
  const { say, metric, report } = words;
  const columns: readonly Column[] = [
    { title: say('measured'), holds: 'text' },
    { title: say('value'), holds: 'figures' },
    { title: say('interval95'), holds: 'figures' },
  ];
  const rows = figures.map(({ metric: name, value, spread }) => {
    const bounds = spread?.bounds.find(({ confidence }) => confidence === 0.95);
    const interval = bounds === undefined ? '' : `${inPercent(bounds.low)} … ${inPercent(bounds.high)}`;
    return [metric(name), inPercent(value), interval];
  });
  const byClass = tableOf(
    [
      { title: say('class'), holds: 'text' },
      ...figures.map(({ metric: name }) => ({ title: metric(name), holds: 'figures' as const })),
    ],
    classes.map((name, label) => [name, ...figures.map((figure) => inPercent(figure.byClass[label] ?? null))]),
    room,
  );
  return [
    `${count} ${say('detectionCount')}${report.comma}${images} ${say('onImages')}${report.comma}${say('rules')}${report.colon}${rules}`,
    ...(missing.length === 0 ? [] : [`${say('missingClasses')}${report.colon}${missing.join(', ')}`]),
    ...(imagesWithout === 0 ? [] : [`${say('imagesWithoutDetections')}${report.colon}${imagesWithout}`]),
    ...(masksLeftOut === null ? [] : [masksLeftOutInWords(words.language, masksLeftOut)]),
    tableOf(columns, rows, room),
    ...(isVerbose ? [byClass] : []),
  ].join('\n');
}
