/** Which images of a split have which objects: a few bits an image, so that a filter by objects is an answer at once. */
import type { ObjectFilter } from '../../protocol/browse.ts';
import { objectRange, crowdFlag, difficultFlag } from '../../detection/object-table.ts';
import { FaultError } from '../../durable/fault-error.ts';
import type { OpenDataset } from '../../recipe.ts';
import type { FoundObjects } from '../found-images.ts';

export interface ObjectSurvey {
  imagesWith(filter: ObjectFilter): Uint32Array;
}

/** Annotation files that are read at the same time. */
const inFlight = 16;
const [without, crowds, difficult] = [1, 2, 4];

export async function surveyObjects(data: OpenDataset): Promise<ObjectSurvey> {
  const { count, classes } = data;
  const marks = new Uint8Array(count);
  const bytes = Math.ceil(classes.length / 8);
  const shown = new Uint8Array(count * bytes);
  const note = (index: number, label: number, isCrowd: boolean, isDifficult: boolean): void => {
    shown[index * bytes + (label >> 3)]! |= 1 << (label & 7);
    if (isCrowd) marks[index]! |= crowds;
    if (isDifficult) marks[index]! |= difficult;
  };

  if (data.found?.objects) noteTable(data.found.objects, marks, note);
  else await noteFiles(data, marks, note);

  return {
    imagesWith(filter) {
      const isWanted = (index: number): boolean => {
        if (filter.kind === 'class')
          return (
            filter.class < classes.length &&
            (shown[index * bytes + (filter.class >> 3)]! & (1 << (filter.class & 7))) !== 0
          );
        return (marks[index]! & { without, crowds, difficult }[filter.kind]) !== 0;
      };
      return Uint32Array.from({ length: count }, (_, index) => index).filter(isWanted);
    },
  };
}

type Note = (index: number, label: number, isCrowd: boolean, isDifficult: boolean) => void;

function noteTable({ table, rows }: FoundObjects, marks: Uint8Array, note: Note): void {
  for (let index = 0; index < marks.length; index++) {
    const [from, to] = objectRange(table, rows?.[index] ?? index);
    if (from === to) marks[index] = without;
    for (let at = from; at < to; at++) {
      const flags = table.flags[at]!;
      note(index, table.classes[at]!, (flags & crowdFlag) !== 0, (flags & difficultFlag) !== 0);
    }
  }
}

/** An image whose annotation cannot be read is in no filter: nothing is known of it. */
async function noteFiles(data: OpenDataset, marks: Uint8Array, note: Note): Promise<void> {
  const look = async (index: number): Promise<void> => {
    try {
      const { objects } = (await data.objects?.(index)) ?? { objects: [] };
      if (objects.length === 0) marks[index] = without;
      for (const object of objects) note(index, object.class, object.crowd, object.difficult);
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
    }
  };
  for (let next = 0; next < data.count; next += inFlight)
    await Promise.all(Array.from({ length: Math.min(inFlight, data.count - next) }, (_, along) => look(next + along)));
}
