/** Curves in TensorBoard's event files: one, or all under a folder, whose sub-folders are the runs of an experiment. */
import { said, type Sentence } from '../../../trainer/protocol/sentence.ts';
import { CurveCollector, named, type FoundCurves } from './collect.ts';
import { EpochLength } from './epoch-length.ts';
import { createEventReader } from './formats/event-message.ts';
import { recordsOf, type RecordEnd } from './formats/record-stream.ts';

/** An event file with its folder as the prefix of its curves: `train/`, or nothing. */
export interface EventFile {
  readonly path: string;
  readonly name: string;
  readonly prefix: string;
}

/** @param files in the order in which they were written */
export async function readEvents(files: readonly EventFile[]): Promise<FoundCurves> {
  const collector = new CurveCollector();
  const counts = { long: 0, damaged: 0, malformed: 0 };
  const others = new Set<string>();
  const ends: Sentence[] = [];
  for (const { path, name, prefix } of files) {
    const read = createEventReader();
    const records = recordsOf(path);
    for (let next = await records.next(); ; next = await records.next()) {
      if (next.done === true) {
        ends.push(...endNote(name, next.value));
        break;
      }
      const { bytes, why } = next.value;
      if (bytes === null) {
        counts[why === 'long' ? 'long' : 'damaged'] += 1;
        continue;
      }
      const event = tried(() => read(bytes));
      if (event === 'malformed') counts.malformed += 1;
      else if (event !== null) {
        for (const { tag, value } of event.values) if (tag !== '') collector.add(prefix + tag, event.step, value);
        for (const tag of event.others) others.add(prefix + tag);
      }
    }
  }
  const curves = collector.curves();
  return {
    kind: 'tensorboard',
    axis: 'step',
    stepsPerEpoch: epochLength(curves),
    batch: null,
    curves,
    notes: [
      ...ends,
      ...(counts.damaged > 0 ? [said`records that differ from their checksums, left out: ${counts.damaged}`] : []),
      ...(counts.malformed > 0 ? [said`records that are no events, left out: ${counts.malformed}`] : []),
      ...(counts.long > 0 ? [said`records longer than those of curves, passed over: ${counts.long}`] : []),
      ...(others.size > 0 ? [said`pictures, histograms and texts are left out: ${named([...others])}`] : []),
      ...collector.notes(),
    ],
  };
}

function tried<T>(work: () => T): T | 'malformed' {
  try {
    return work();
  } catch (error) {
    // Its checksum is right: another program wrote something else into it.
    if (error instanceof Error) return 'malformed';
    throw error;
  }
}

function endNote(name: string, end: RecordEnd): readonly Sentence[] {
  switch (end.kind) {
    case 'whole':
      return [];
    case 'torn':
      return [said`the last record of ${name} was cut short, as its writer ended, and is left out`];
    case 'lost':
      return [said`what follows byte ${end.at} of ${name} is no record; it is left out`];
  }
}

/** PyTorch Lightning records the epoch as a curve of its own. */
function epochLength(curves: FoundCurves['curves']): number | null {
  const epochs = curves.find(({ source }) => /(?:^|\/)epoch$/.test(source));
  const length = new EpochLength();
  epochs?.positions.forEach((step, at) => {
    const epoch = epochs.values[at];
    if (epoch !== null && epoch !== undefined) length.add(step, epoch);
  });
  return length.steps();
}
