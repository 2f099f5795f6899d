/** For tests and measurements: a file of annotations of any size, written by formula and never in memory as a whole. */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const pointsIn = (annotation: number): number => 8 + (annotation % 30);

function annotationText(annotation: number, pictures: number): string {
  const points = pointsIn(annotation);
  const ring: string[] = [];
  for (let point = 0; point < points; point++) {
    const angle = (point / points) * 2 * Math.PI;
    ring.push((320 + 200 * Math.cos(angle) + (annotation % 89)).toFixed(2));
    ring.push((240 + 150 * Math.sin(angle) + (annotation % 83)).toFixed(2));
  }
  const image = (annotation * 7919) % pictures;
  const kind = (annotation % 80) + 1;
  return `{"segmentation": [[${ring.join(', ')}]], "area": 90000.0, "iscrowd": 0, "image_id": ${image}, "bbox": [${120 + (annotation % 89)}, ${90 + (annotation % 83)}, 400, 300], "category_id": ${kind}, "id": ${annotation}}`;
}

/** Pictures are 1000 x 1000 and called by their number. */
export function writeManyObjects(path: string, annotations: number, pictures: number): void {
  const file = openSync(path, 'w');
  let text = '{"info": {}, "images": [';
  const write = (more: string, isLast = false): void => {
    text += more;
    if (text.length < 1 << 20 && !isLast) return;
    writeSync(file, text);
    text = '';
  };
  try {
    for (let picture = 0; picture < pictures; picture++)
      write(
        `${picture === 0 ? '' : ', '}{"license": 3, "file_name": "${picture}.jpg", "height": 1000, "width": 1000, "id": ${picture}}`,
      );
    write('], "annotations": [');
    for (let annotation = 0; annotation < annotations; annotation++)
      write(`${annotation === 0 ? '' : ', '}${annotationText(annotation, pictures)}`);
    const categories = Array.from({ length: 80 }, (_, at) => ({
      id: at + 1,
      name: `kind ${at}`,
      supercategory: 'kind',
    }));
    write(`], "categories": ${JSON.stringify(categories)}}`, true);
  } finally {
    closeSync(file);
  }
}

/** What a process took that read a file and no more. */
export interface Taken {
  readonly slices: number;
  readonly objects: number;
  readonly problems: readonly unknown[];
  readonly maskBytes: number;
  readonly seconds: number;
  readonly processorSeconds: number;
  readonly firstObjects: number;
  /** Resident at its peak, Node's own included. */
  readonly mebibytes: number;
}

/**
 * Started from the root of the sources, as tests and measurements are.
 * @param heap the most that V8 may use for objects, in MiB: beyond, the process ends with an error
 */
export function readByItself(path: string, heap: number): Taken {
  const program = join(process.cwd(), 'trainer/testing/field/read-many-objects.ts');
  const words = [`--max-old-space-size=${heap}`, '--disable-warning=ExperimentalWarning', program, path];
  return JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' })) as Taken;
}
