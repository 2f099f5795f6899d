/** Result files: written and read back, and anyone's refused with the place and the value. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { annotated, detected, readGoldenCoco } from '../testing/golden-coco.ts';
import { readCocoResults, writeCocoResults } from './coco-results.ts';
import { DetectionStore, type ImageDetections } from './detection-store.ts';
import { readVocResults, writeVocResults } from './voc-results.ts';

const folder = mkdtempSync(join(tmpdir(), 'reprise-results-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
/** Lets nothing in between. */
const atOnce = { due: () => false, next: () => Promise.resolve() };

const golden = readGoldenCoco(new URL('../golden/coco.json', import.meta.url)).cases.find(
  ({ name }) => name === 'every area, with crowds',
)!;
const images = annotated(golden);
const given = images
  .map(({ id }): ImageDetections => ({ image: id, detections: detected(golden, Number(id)) }))
  .filter(({ detections }) => detections.length > 0);
const categories = golden.data.categories.map(({ id }) => id);
const names = { images: new Map(images.map((image) => [image.id, image])), categories };

describe('COCO’s results', () => {
  it('come back as they were written, boxes and masks', async () => {
    const path = join(folder, 'written.json');
    await writeCocoResults(path, given, categories);
    const store = await readCocoResults(path, names, atOnce);
    expect(store.length).toBe(golden.detections.length);
    expect([...store.byImage()]).toEqual(given);
    const [first] = JSON.parse(readFileSync(path, 'utf8')) as { image_id: unknown; category_id: unknown }[];
    expect(first).toMatchObject({
      image_id: Number(given[0]!.image),
      bbox: golden.detections.find((each) => String(each.image_id) === given[0]!.image)!.bbox,
    });
  });

  it('without detections are an empty array', async () => {
    const path = join(folder, 'empty.json');
    await writeCocoResults(path, [{ image: '1', detections: [] }], categories);
    expect(readFileSync(path, 'utf8')).toBe('[]\n');
    expect((await readCocoResults(path, names, atOnce)).length).toBe(0);
  });

  const picture = images[0]!;
  const entry = { image_id: Number(picture.id), category_id: 3, bbox: [1, 2, 3, 4], score: 0.5 };
  const read = async (text: string): Promise<readonly ImageDetections[]> => {
    const path = join(folder, 'anyone.json');
    writeFileSync(path, text);
    return [...(await readCocoResults(path, names, atOnce)).byImage()];
  };
  const detection = { class: 0, score: 0.5, box: [1, 2, 4, 6] };

  it('are read in any layout: one line, spaces, a byte order mark, ids as text, brackets and quotes in text', async () => {
    const expected = [{ image: picture.id, detections: [detection] }];
    expect(await read(JSON.stringify([entry]))).toEqual(expected);
    expect(await read(`\ufeff \r\n[ ${JSON.stringify(entry, null, 4)}\n]\n`)).toEqual(expected);
    expect(await read(JSON.stringify([{ ...entry, image_id: picture.id, note: '],"\\"}{' }]))).toEqual(expected);
    expect(await read(JSON.stringify([{ ...entry, segmentation: null }]))).toEqual(expected);
  });

  it('may have masks as runs in numbers or as polygons, and no box', async () => {
    const size = [picture.height, picture.width];
    const counts = [picture.height, 3, picture.height * (picture.width - 1) - 3];
    const mask = { height: picture.height, width: picture.width, counts };
    const { bbox: _, ...bare } = entry;
    const expected = [{ image: picture.id, detections: [{ ...detection, box: [1, 0, 2, 3], mask }] }];
    expect(await read(JSON.stringify([{ ...bare, segmentation: { size, counts } }]))).toEqual(expected);
    expect(await read(JSON.stringify([{ ...bare, bbox: [], segmentation: [[1, 0, 2, 0, 2, 3, 1, 3]] }]))).toEqual(
      expected,
    );
  });

  it('longer than a chunk of the file are cut at the right places', async () => {
    const long = Array.from({ length: 30_000 }, (_, at) => ({ ...entry, score: at / 30_000 }));
    const [found] = await read(JSON.stringify(long));
    expect(found!.detections.map(({ score }) => score)).toEqual(long.map(({ score }) => score));
  });

  it.each([
    ['{"annotations": []}', "COCO's results are a list of detections"],
    ['', 'it ends in the middle of its JSON document'],
    [`[${JSON.stringify(entry)},`, 'it ends in the middle of its JSON document'],
    [`[${JSON.stringify(entry)}] []`, 'or goes on after its end'],
    [`[${JSON.stringify(entry)}, {"score": NaN}]`, 'entry 2: not JSON at "{"score": NaN}"'],
    [`[${JSON.stringify(entry)}, ]`, 'entry 2: not JSON'],
    [`[${JSON.stringify(entry)} ${JSON.stringify(entry)}]`, 'entry 1: not JSON'],
    [`[${JSON.stringify(entry)}}`, 'a list ends with }'],
    ['[5]', 'entry 1: it is 5, not a detection'],
    [JSON.stringify([entry, { ...entry, image_id: 5555 }]), 'entry 2: image 5555 is none of the'],
    [JSON.stringify([{ ...entry, image_id: null }]), 'entry 1: "image_id" is null'],
    [JSON.stringify([{ ...entry, category_id: 0 }]), "entry 1: category 0 is none of the data set's (3, 7, 21, 90, …)"],
    [JSON.stringify([{ ...entry, score: '0.5' }]), 'entry 1: "score" is "0.5", not a number'],
    [JSON.stringify([{ ...entry, bbox: [1, 2, 3] }]), 'entry 1: "bbox" is [1,2,3], not 4 numbers'],
    [JSON.stringify([{ ...entry, bbox: undefined }]), 'entry 1: it has neither "bbox" nor "segmentation"'],
    [JSON.stringify([{ ...entry, segmentation: 7 }]), 'neither run lengths nor polygons'],
    [JSON.stringify([{ ...entry, segmentation: { size: [1, 1], counts: '1' } }]), 'the mask is of 1 x 1 pixels'],
    [
      JSON.stringify([{ ...entry, segmentation: { size: [picture.height, picture.width], counts: '~' } }]),
      "character 1 of a mask's counts",
    ],
    [
      JSON.stringify([{ ...entry, segmentation: { size: [picture.height, picture.width], counts: [5] } }]),
      'the runs of a mask have 5 pixels',
    ],
  ])('that are damaged are refused: %s', async (text, message) => {
    await expect(read(text)).rejects.toThrow(message);
    await expect(read(text)).rejects.toMatchObject({ fault: { code: 'unreadable-file' } });
  });
});

describe('VOC’s results', () => {
  const classes = ['plant', 'potted_plant', 'a+b', 'cat'];
  const boxes = given.map(({ image, detections }) => ({
    image,
    detections: detections.map(({ mask: _, ...rest }) => rest),
  }));
  const written = async (name: string): Promise<string> => {
    const place = join(folder, name);
    mkdirSync(place);
    const store = new DetectionStore();
    for (const { image, detections } of boxes) for (const detection of detections) store.add(image, detection);
    await writeVocResults(place, store, classes, { competition: 'comp4', split: 'test' });
    return place;
  };
  const ids = new Set(images.map(({ id }) => id));

  it('come back as they were written, a file a class', async () => {
    const place = await written('voc');
    const { store, files, missing } = await readVocResults(place, ids, classes, atOnce);
    expect([files, missing]).toEqual([{ competition: 'comp4', split: 'test' }, []]);
    const own = new Map([...store.byImage()].map(({ image, detections }) => [image, detections]));
    for (const { image, detections } of boxes)
      expect(own.get(image)).toEqual(
        classes.flatMap((_, label) => detections.filter((detection) => detection.class === label)),
      );
  });

  it('count pixels from 1, the last one included', async () => {
    const place = join(folder, 'pixels');
    mkdirSync(place);
    const [id] = ids;
    writeFileSync(join(place, 'comp3_det_val_cat.txt'), `${id} 0.25 1 1 20 10\r\n\n`);
    const { store, files, missing } = await readVocResults(place, ids, classes, atOnce);
    expect([...store.byImage()]).toEqual([{ image: id, detections: [{ class: 3, score: 0.25, box: [0, 0, 20, 10] }] }]);
    expect(files).toEqual({ competition: 'comp3', split: 'val' });
    expect(missing).toEqual(['plant', 'potted_plant', 'a+b']);
  });

  it.each([
    ['unknown 0.5 1 1 2 2', 'line 1: image "unknown" is none of the'],
    [`\n${images[0]!.id} 0.5 1 1 2`, 'line 2: it has 5 words'],
    [`${images[0]!.id} high 1 1 2 2`, 'line 1: "high" is not a number'],
    [`${images[0]!.id} 0.5 1 1 inf 2`, 'line 1: "inf" is not a number'],
  ])('that are damaged are refused: %s', async (text, message) => {
    const place = mkdtempSync(join(folder, 'damaged-'));
    writeFileSync(join(place, 'comp4_det_test_cat.txt'), text);
    await expect(readVocResults(place, ids, classes, atOnce)).rejects.toThrow(message);
  });

  it('of two competitions in one folder, or of none, are refused', async () => {
    const place = await written('two');
    writeFileSync(join(place, 'comp3_det_test_cat.txt'), '');
    await expect(readVocResults(place, ids, classes, atOnce)).rejects.toThrow('several sets of results');
    const empty = mkdtempSync(join(folder, 'empty-'));
    await expect(readVocResults(empty, ids, classes, atOnce)).rejects.toThrow(
      'there is no file of results like comp4_det_test_plant.txt',
    );
  });
});
