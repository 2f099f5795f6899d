/** A map's file, and the file of its layout: written by the trainer, read by the workstation. */
import * as v from 'valibot';
import { MapSummary, mostPoints, neighboursKept, type MapArrays } from '../protocol/maps.ts';
import { readArrays, writeArrays } from './array-file.ts';
import { FaultError } from './fault-error.ts';

export interface StoredMap {
  readonly summary: MapSummary;
  readonly arrays: MapArrays;
}

/** Six arrays, and the line before them. */
const longestFile = mostPoints * 4 * (5 + 2 * neighboursKept) + 2 ** 17;

function unlike(path: string, reason: string): FaultError {
  return new FaultError('unreadable-file', `${path} is not the file of a map (${reason}). Remove it to make it anew.`, {
    path,
  });
}

export async function writeMap(path: string, { summary, arrays }: StoredMap): Promise<void> {
  await writeArrays(path, { record: summary, arrays: { ...arrays } });
}

/**
 * Null if there is no such file.
 *
 * @throws FaultError `unreadable-file` for one that is damaged or of another shape
 */
export async function readMap(path: string): Promise<StoredMap | null> {
  const file = await readArrays(path, longestFile);
  if (file === null) return null;
  const summary = v.safeParse(MapSummary, file.record);
  if (!summary.success) throw unlike(path, summary.issues[0].message);
  const { points, neighbours } = summary.output;
  const read = <T extends Float32Array | Int32Array>(
    name: keyof MapArrays,
    kind: abstract new (...given: never[]) => T,
    length: number,
  ): T => {
    const values = file.arrays[name];
    if (values instanceof kind && values.length === length) return values;
    throw unlike(path, `"${name}" has not ${length} values`);
  };
  return {
    summary: summary.output,
    arrays: {
      places: read('places', Int32Array, points),
      labels: read('labels', Int32Array, points),
      clusters: read('clusters', Int32Array, points),
      principal: read('principal', Float32Array, 2 * points),
      neighbours: read('neighbours', Int32Array, points * neighbours),
      similarities: read('similarities', Float32Array, points * neighbours),
    },
  };
}

export async function writeLayout(path: string, layout: Float32Array): Promise<void> {
  await writeArrays(path, { record: null, arrays: { layout } });
}

/** Positions in the plane, [points, 2]; null if there is no such file. */
export async function readLayout(path: string, points: number): Promise<Float32Array | null> {
  const file = await readArrays(path, longestFile);
  if (file === null) return null;
  const { layout } = file.arrays;
  if (layout instanceof Float32Array && layout.length === 2 * points) return layout;
  throw unlike(path, `it has no layout of ${points} points`);
}
