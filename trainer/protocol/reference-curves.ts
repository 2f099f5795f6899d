/** Curves that are drawn under a run's own for comparison: of other programs, of other people's runs, of known good runs. */
import * as v from 'valibot';
import { Natural } from './numbers.ts';
import { Said } from './said.ts';

export const ReferenceId = v.pipe(v.string(), v.regex(/^ref-[0-9a-z]{6,40}$/, 'an id of reference curves'));

/** What the files were. */
export const ReferenceKind = v.picklist(['tensorboard', 'csv', 'json-lines', 'run']);
export type ReferenceKind = v.InferOutput<typeof ReferenceKind>;

/** Name of a curve, in a file or here. */
export const CurveName = v.pipe(v.string(), v.minLength(1), v.maxLength(500));

const curve = {
  /** Its name in the file. */
  source: CurveName,
  /** The metric of ours that it is drawn with; null: none. */
  metric: v.nullable(CurveName),
  points: Natural,
};

/** `curves/<id>/record.json` of a workspace: what is known of the curves and may be changed. */
export const ReferenceRecord = v.strictObject({
  version: v.literal(1),
  id: ReferenceId,
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
  kind: ReferenceKind,
  /** The file or folder they were read from. */
  file: v.string(),
  /** SHA-256 of the file; of a folder, over the names and checksums of those of its files that were read. */
  checksum: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  bytes: Natural,
  addedAt: Natural,
  /** What the positions of points count. */
  axis: v.picklist(['step', 'epoch']),
  /** Null where the file has only one of them. */
  stepsPerEpoch: v.nullable(v.pipe(v.number(), v.gtValue(0))),
  /** Images of a step; null where that is not known. */
  batch: v.nullable(Natural),
  /** The method with whose runs they are drawn; null: with all. */
  method: v.nullable(v.string()),
  /** What was left out, cut or changed when they were read. */
  notes: v.array(Said),
  curves: v.array(v.strictObject(curve)),
});
export type ReferenceRecord = v.InferOutput<typeof ReferenceRecord>;

const values = v.array(v.nullable(v.number()));

/** `curves/<id>/points.json`: the points of each curve in the record's order. They never change. */
export const ReferencePoints = v.strictObject({
  version: v.literal(1),
  curves: v.array(
    v.pipe(
      v.strictObject({ positions: v.array(v.number()), values }),
      v.check(({ positions, values: all }) => positions.length === all.length, 'as many positions as values'),
    ),
  ),
});
export type ReferencePoints = v.InferOutput<typeof ReferencePoints>;

/** `resources/curves/<preset>.json`: a run of a preset that this project made, thinned. */
export const RecordedCurves = v.strictObject({
  version: v.literal(1),
  preset: v.string(),
  method: v.string(),
  /** Name of the data it was trained on, as a person knows it. */
  data: v.string(),
  seed: Natural,
  epochs: v.number(),
  batch: Natural,
  steps: Natural,
  stepsPerEpoch: v.pipe(v.number(), v.gtValue(0)),
  /** What computed it: `cpu`, and versions of libraries. */
  device: v.string(),
  versions: v.record(v.string(), v.string()),
  /** By metric; each value is the mean of the points since the one before. */
  curves: v.array(v.strictObject({ metric: CurveName, steps: v.array(Natural), values })),
});
export type RecordedCurves = v.InferOutput<typeof RecordedCurves>;
