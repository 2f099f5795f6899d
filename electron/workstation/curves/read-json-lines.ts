/**
 * Curves in lines of JSON, an object for each point: `stats.txt` of VICReg's official code, which begins with the command line,
 * `log.txt` of DINO and MAE.
 */
import { said } from '../../../trainer/protocol/sentence.ts';
import { CurveCollector, named, type FoundCurves } from './collect.ts';
import { EpochLength } from './epoch-length.ts';
import { linesOf } from './formats/text-lines.ts';
import { expectedNames, isTime, positionNames, type PositionNames } from './position-names.ts';
import { withoutPlace } from './read-table.ts';
import { CurvesUnreadable } from './unreadable.ts';

export const longestLine = 1 << 20;

type Point = Readonly<Record<string, unknown>>;

/** The object of a line; null if it holds none. Python writes NaN and Infinity, which are no JSON. */
export function objectIn(text: string): Point | null {
  if (!text.startsWith('{')) return null;
  const strict = text.replaceAll(/(?<=[:[,]\s*)-?(?:NaN|Infinity)(?=\s*[,}\]])/g, 'null');
  try {
    const value: unknown = JSON.parse(strict);
    return typeof value === 'object' && value !== null ? (value as Point) : null;
  } catch {
    // Counted and said by the caller.
    return null;
  }
}

const count = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);

export async function readJsonLines(path: string): Promise<FoundCurves> {
  const [collector, length] = [new CurveCollector(), new EpochLength()];
  const others = new Set<string>();
  let names: PositionNames | null = null;
  let [foreign, foreignLine, without] = [0, 0, 0];
  for await (const { number, text } of linesOf(path, longestLine)) {
    if (text?.trim() === '') continue;
    const point = text === null ? null : objectIn(text.trim());
    if (point === null) {
      foreign += 1;
      foreignLine ||= number;
      continue;
    }
    names ??= namesOf(point);
    const primary = names.step ?? names.epoch ?? '';
    const position = count(point[primary]);
    const epoch = names.step === null || names.epoch === null ? null : count(point[names.epoch]);
    if (position === null) {
      without += 1;
      continue;
    }
    if (epoch !== null) length.add(position, epoch);
    for (const [source, value] of Object.entries(point)) {
      if (source === names.step || source === names.epoch || source === '') continue;
      if ((typeof value === 'number' || value === null) && !isTime(source)) collector.add(source, position, value);
      else others.add(source);
    }
  }
  if (names === null) throw new CurvesUnreadable(said`no line of it is an object of JSON`);
  return {
    kind: 'json-lines',
    axis: names.step === null ? 'epoch' : 'step',
    stepsPerEpoch: length.steps(),
    batch: null,
    curves: collector.curves(),
    notes: [
      ...(foreign > 0 ? [said`lines that are no JSON, left out: ${foreign} (the first is line ${foreignLine})`] : []),
      ...(others.size > 0 ? [said`left out, as they hold no number: ${named([...others])}`] : []),
      ...withoutPlace(without),
      ...collector.notes(),
    ],
  };
}

function namesOf(point: Point): PositionNames {
  const names = positionNames(Object.keys(point));
  if (names.step !== null || names.epoch !== null) return names;
  throw new CurvesUnreadable(
    said`its lines name no step and no epoch (${expectedNames}); they have ${named(Object.keys(point))}`,
  );
}
