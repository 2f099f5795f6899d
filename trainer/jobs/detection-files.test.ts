/** Anyone's result files are counted on a split, and a run's are written in the form of PASCAL VOC, which says the same again. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPort } from '../channel/port.ts';
import type { Outcome, TrainerEvent } from '../protocol/events.ts';
import type { EvaluatedDetections } from '../protocol/results.ts';
import type { DetectionRules } from '../protocol/detections.ts';
import { writeTinyCoco } from '../testing/tiny-coco.ts';
import * as counting from './evaluate-detections.ts';
import * as writing from './voc-detections.ts';

const folder = mkdtempSync(join(tmpdir(), 'detection-files-'));
const data = { dataset: 'coco', path: join(folder, 'data'), split: 'val' };
beforeAll(() => writeTinyCoco(data.path));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function outcomes(): { readonly port: ReturnType<typeof openPort>; readonly heard: Outcome[] } {
  const heard: Outcome[] = [];
  const send = (event: TrainerEvent, done: (error: Error | null) => void): void => {
    if (event.type === 'result') heard.push(event.outcome);
    done(null);
  };
  return { port: openPort({ channel: { send }, now: Date.now }), heard };
}

async function counted(file: string, rules: DetectionRules | null): Promise<EvaluatedDetections> {
  const { port, heard } = outcomes();
  await counting.run({ kind: 'evaluateDetections', file, data, rules }, { port, clock: () => performance.now() });
  await port.close();
  const found = heard.find((outcome) => outcome.kind === 'evaluatedDetections');
  return found!.evaluated;
}

interface Annotations {
  readonly annotations: readonly {
    readonly image_id: number;
    readonly category_id: number;
    readonly bbox: readonly number[];
  }[];
}
const annotations = (): Annotations['annotations'] =>
  (JSON.parse(readFileSync(join(data.path, 'annotations/instances_val2017.json'), 'utf8')) as Annotations).annotations;

it('counts what is annotated as found whole, and half of it as half', async () => {
  const entries = annotations().map(({ image_id, category_id, bbox }) => ({ image_id, category_id, bbox, score: 0.9 }));
  const file = join(folder, 'all.json');
  writeFileSync(file, JSON.stringify(entries));
  const all = await counted(file, null);
  expect(all).toMatchObject({
    rules: 'coco',
    images: 6,
    imagesWithout: 1,
    detections: 10,
    masksLeftOut: null,
    missing: [],
    classes: ['bright', 'light'],
  });
  expect(all.figures.find(({ metric }) => metric === 'ap')).toMatchObject({ value: expect.closeTo(100, 9) as number });
  expect(all.figures[0]!.spread!.bounds.at(-1)).toMatchObject({ low: 100, high: 100 });
  writeFileSync(file, JSON.stringify(entries.filter(({ category_id }) => category_id === 7)));
  const half = await counted(file, 'voc-2010');
  expect(half.figures[0]).toMatchObject({ metric: 'ap50', value: 50, byClass: [0, 100] });

  const voc = join(folder, 'voc');
  const { port, heard } = outcomes();
  const classes = [
    { name: 'bright', category: 3 },
    { name: 'light', category: 7 },
  ];
  const job = { kind: 'vocDetections', file, folder: voc, split: 'val', classes } as const;
  await writing.run(job, { port, clock: () => performance.now() });
  expect(heard).toEqual([{ kind: 'vocDetections', folder: voc, files: 2 }]);
  expect(readFileSync(join(voc, 'comp4_det_val_bright.txt'), 'utf8')).toBe('');
  expect(await counted(voc, 'voc-2010')).toEqual(half);
});

it('says why masks of a result file are not counted, and in how many images nothing was found', async () => {
  const file = join(folder, 'masks.json');
  const [first, second] = annotations().map(({ image_id, category_id, bbox }) => ({
    image_id,
    category_id,
    bbox,
    score: 0.9,
    segmentation: [[1, 1, 5, 1, 5, 5, 1, 5]],
  }));
  writeFileSync(file, JSON.stringify([first]));
  expect(await counted(file, null)).toMatchObject({ masksLeftOut: null, imagesWithout: 5 });
  expect(await counted(file, 'voc-2007')).toMatchObject({ masksLeftOut: 'rules' });
  writeFileSync(file, JSON.stringify([first, { ...second, segmentation: null }]));
  expect(await counted(file, null)).toMatchObject({ masksLeftOut: 'detections' });
});

it('names the entry of an image or a category that the data has not, and data without boxes', async () => {
  const file = join(folder, 'strange.json');
  writeFileSync(file, '[{"image_id": 99, "category_id": 3, "bbox": [0, 0, 1, 1], "score": 1}]');
  await expect(counted(file, null)).rejects.toThrow('entry 1: image 99 is none of the 6 annotated images');
  await expect(counted(file, null)).rejects.toMatchObject({
    fault: {
      code: 'unreadable-file',
      values: { path: file },
      reason: { say: 'entry {1}: {2}', with: [1, { with: [{ quoted: '99' }, 6] }] },
    },
  });
  writeFileSync(file, '[{"image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1], "score": 1}]');
  await expect(counted(file, null)).rejects.toThrow("category 1 is none of the data set's (3, 7, …)");
});
