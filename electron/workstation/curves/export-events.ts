/** The curves of a run as an event file that TensorBoard reads: scalars by step, with the time at which they were recorded. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeError } from '../../../trainer/durable/disk-fault.ts';
import { writeAtomically } from '../../../trainer/durable/files.ts';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Store } from '../store/store.ts';
import { fileVersionMessage, scalarsMessage } from './formats/event-message.ts';
import { recordOf } from './formats/record-stream.ts';
import { keptPoints, outlineOf, type RecordedPoints } from './run-events.ts';

export interface ExportedCurves {
  readonly file: string;
  readonly points: number;
}

/** Records are handed over in parts of about this size. */
const partBytes = 1 << 16;

/** @param folder where the file goes; null: `tensorboard` in the run's own folder */
export async function exportCurves(
  { store }: { readonly store: Pick<Store, 'run'> },
  id: string,
  folder: string | null,
): Promise<ExportedCurves> {
  const run = await store.run(id);
  if (run === null) throw new FaultError('unknown-id', `There is no run "${id}".`, { run: id });
  const outline = await outlineOf(run.folder);
  // Written again, it takes the place of itself: TensorBoard would show two files of one folder as one run.
  const file = join(
    folder ?? join(run.folder, 'tensorboard'),
    `events.out.tfevents.${Math.floor(run.createdAt / 1000)}.reprise`,
  );
  await mkdir(join(file, '..'), { recursive: true }).catch((error: unknown) => {
    throw writeError(error, file);
  });
  let points = 0;
  const counted = async function* (): AsyncGenerator<RecordedPoints> {
    for await (const recorded of keptPoints(run.folder, outline)) {
      points += recorded.points.length;
      yield recorded;
    }
  };
  await writeAtomically(file, eventFileOf(run.createdAt / 1000, counted()));
  return { file, points };
}

/** @param seconds at which the run was made, since 1970 */
export async function* eventFileOf(
  seconds: number,
  recorded: AsyncIterable<RecordedPoints>,
): AsyncGenerator<Uint8Array> {
  let parts = [recordOf(fileVersionMessage(seconds))];
  let length = 0;
  for await (const { at, points } of recorded) {
    for (const values of byStep(points)) {
      const scalars = values.map(({ name, value }) => ({ tag: name, value }));
      const record = recordOf(scalarsMessage(at / 1000, values[0]?.step ?? 0, scalars));
      parts.push(record);
      length += record.length;
    }
    if (length < partBytes) continue;
    yield Buffer.concat(parts);
    parts = [];
    length = 0;
  }
  yield Buffer.concat(parts);
}

type Points = RecordedPoints['points'];

/** Points that follow each other with the same step. */
function byStep(points: Points): readonly Points[] {
  const groups: Points[number][][] = [];
  for (const point of points) {
    const last = groups.at(-1);
    if (last?.[0]?.step === point.step) last.push(point);
    else groups.push([point]);
  }
  return groups;
}
