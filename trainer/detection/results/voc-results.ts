/**
 * PASCAL VOC's result files: a text file a class, `comp4_det_test_aeroplane.txt`, a line a detection: id of the image, score,
 * first column, first row, last column, last row, counted from 1 (section 8.2 of the devkit's documentation). comp3: a detector
 * trained on VOC alone; comp4: on other data too.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FaultError } from '../../durable/fault-error.ts';
import { writeAtomically } from '../../durable/files.ts';
import { linesIn } from '../../data/formats/lines.ts';
import { quoted, said } from '../../protocol/sentence.ts';
import type { Pace } from '../json-elements.ts';
import type { Detection } from '../objects.ts';
import { DetectionStore, type ImageDetections } from './detection-store.ts';
import { reasonOfResult, unreadableResults, WrongResult } from './wrong-results.ts';

export type VocCompetition = 'comp3' | 'comp4';

export interface VocFiles {
  readonly competition: VocCompetition;
  /** Name of the split. */
  readonly split: string;
}

const fileOf = ({ competition, split }: VocFiles, name: string): string => `${competition}_det_${split}_${name}.txt`;

function lineOf(image: string, { score, box: [left, top, right, bottom] }: Detection): string {
  return `${image} ${score} ${left + 1} ${top + 1} ${right} ${bottom}\n`;
}

/** Writes a file a class into an existing folder, also for a class without detections. */
export async function writeVocResults(
  folder: string,
  store: DetectionStore,
  names: readonly string[],
  files: VocFiles,
) {
  for (const [label, name] of names.entries()) {
    const lines = function* (): Generator<string> {
      for (const { image, detections } of store.byImage())
        yield detections
          .filter((detection) => detection.class === label)
          .map((detection) => lineOf(image, detection))
          .join('');
    };
    await writeAtomically(join(folder, fileOf(files, name)), lines());
  }
}

/** @throws WrongResult that says which value is wrong */
function detectionFrom(line: string, label: number, images: ReadonlySet<string>): ImageDetections {
  const words = line.trim().split(/\s+/);
  if (words.length !== 6)
    throw new WrongResult(
      said`it has ${words.length} words, not an image, a score and four edges: "${quoted(line.slice(0, 60))}"`,
    );
  const [image = '', ...values] = words;
  if (!images.has(image))
    throw new WrongResult(
      said`image ${quoted(`"${image}"`)} is none of the ${images.size} annotated images of this split`,
    );
  const numbers = values.map(Number);
  const wrong = numbers.findIndex((value) => !Number.isFinite(value));
  if (wrong !== -1) throw new WrongResult(said`"${quoted(values[wrong]!)}" is not a number`);
  const [score = 0, left = 0, top = 0, right = 0, bottom = 0] = numbers;
  return { image, detections: [{ class: label, score, box: [left - 1, top - 1, right, bottom] }] };
}

export interface VocResults {
  readonly store: DetectionStore;
  readonly files: VocFiles;
  /** Classes without a file: they count as without detections. */
  readonly missing: readonly string[];
}

/** The one set of result files of a folder. @throws FaultError 'unreadable-file' if there is none, or several */
async function findFiles(folder: string, names: readonly string[]): Promise<{ files: VocFiles; present: Set<string> }> {
  const listed = new Set(await readdir(folder));
  const sets = new Map<string, VocFiles>();
  for (const file of listed) {
    // The longest name, so that "potted_plant" is not taken for the class "plant" of a split "test_potted".
    const [name] = names
      .filter((each) => file.endsWith(`_${each}.txt`))
      .sort((one, other) => other.length - one.length);
    if (name === undefined) continue;
    const [, competition, split] = /^(comp3|comp4)_det_(.+)$/.exec(file.slice(0, -`_${name}.txt`.length)) ?? [];
    if (!split) continue;
    sets.set(`${competition} ${split}`, { competition: competition as VocCompetition, split });
  }
  const [files, other] = sets.values();
  if (!files) {
    const example = fileOf({ competition: 'comp4', split: 'test' }, names[0]!);
    throw unreadableResults(folder, said`there is no file of results like ${example} in this folder`);
  }
  if (other)
    throw unreadableResults(
      folder,
      said`there are several sets of results in this folder (${[...sets.keys()]}); put one into a folder of its own`,
    );
  return { files, present: new Set(names.filter((name) => listed.has(fileOf(files, name)))) };
}

/**
 * Anyone's results from a folder.
 * @throws FaultError 'unreadable-file' with the file, the line and the value
 */
export async function readVocResults(
  folder: string,
  images: ReadonlySet<string>,
  names: readonly string[],
  pace: Pace,
): Promise<VocResults> {
  const { files, present } = await findFiles(folder, names);
  const store = new DetectionStore();
  for (const [label, name] of names.entries()) {
    if (!present.has(name)) continue;
    const path = join(folder, fileOf(files, name));
    let at = 0;
    try {
      for (const line of linesIn(path)) {
        at++;
        if (pace.due()) await pace.next(label, names.length);
        if (line.trim() === '') continue;
        const { image, detections } = detectionFrom(line, label, images);
        store.add(image, detections[0]!);
      }
    } catch (error) {
      if (error instanceof FaultError) throw error;
      throw unreadableResults(path, said`line ${at}: ${reasonOfResult(error)}`);
    }
  }
  return { store, files, missing: names.filter((name) => !present.has(name)) };
}
