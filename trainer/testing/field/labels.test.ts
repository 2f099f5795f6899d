/** Pictures without class folders, whose classes stand in a file beside them, in the forms that people store them in. */
import { describe, expect, test } from 'vitest';
import { inspectFolder } from '../../data/listing/inspect.ts';
import { reader } from '../../data/listing/readers.ts';
import { inTemporaryFolder } from '../../data/testing/small-datasets.ts';
import type { Inspection } from '../../protocol/dataset.ts';
import { putClasses, putFile, putPictures } from './folders.ts';
import { spelledOut } from '../../data/testing/spelled-out.ts';

const inspect = async (folder: string) =>
  spelledOut(await inspectFolder(folder, null, () => undefined, new AbortController().signal));
const names = Array.from({ length: 30 }, (_, index) => `${index}.jpg`);
const classOf = (name: string) => ['cat', 'dog', 'sea lion'][Number.parseInt(name, 10) % 3]!;
const lines = (line: (name: string) => string) => names.map((name) => `${line(name)}\n`).join('');
const records = names.map((name) => ({ file_name: name, label: classOf(name), note: { by: 'me' } }));
const byName = (value: (name: string) => unknown) => Object.fromEntries(names.map((name) => [name, value(name)]));

/** Classes by picture, as a run reads them. */
async function labelsOf({ dataset, path, splits, reading }: Inspection): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for (const { split } of splits) {
    const opened = await reader(dataset!).open(path, split, { reading });
    for (let index = 0; index < opened.count; index++) {
      const { name, target } = await opened.sample(index);
      if (target.kind === 'class') found[name.split('/').at(-1)!] = opened.classes[target.class]!;
    }
    await opened.close();
  }
  return found;
}

const forms: Readonly<Record<string, readonly [file: string, contents: string]>> = {
  'CSV with a header': ['labels.csv', `filename,label\n${lines((name) => `${name},${classOf(name)}`)}`],
  'CSV whose label comes first': ['labels.csv', `label,filename\n${lines((name) => `${classOf(name)},${name}`)}`],
  'CSV with an index and quotation marks': [
    'train.csv',
    `,"image","category","caption"\n${lines((name) => `${name[0]},"${name}","${classOf(name)}","a, ""b"", c"`)}`,
  ],
  'CSV of names without an ending': [
    'labels.csv',
    `id,breed\n${lines((name) => `${name.slice(0, -4)},${classOf(name)}`)}`,
  ],
  'CSV with a byte order mark': ['labels.csv', `\uFEFFfile,class\n${lines((name) => `${name},${classOf(name)}`)}`],
  'CSV with one column a class': [
    'GroundTruth.csv',
    `image,cat,dog,sea lion\n${lines((name) => `${name.slice(0, -4)},${['cat', 'dog', 'sea lion'].map((each) => (each === classOf(name) ? '1.0' : '0.0')).join(',')}`)}`,
  ],
  tabs: ['labels.tsv', lines((name) => `${name}\t${classOf(name)}`)],
  'JSON, a class by name': ['labels.json', JSON.stringify(byName(classOf))],
  'JSON, a record by name': ['labels.json', JSON.stringify(byName((name) => ({ width: 16, label: classOf(name) })))],
  'JSON, names by class': [
    'classes.json',
    JSON.stringify(
      Object.fromEntries(
        ['cat', 'dog', 'sea lion'].map((each) => [each, names.filter((name) => classOf(name) === each)]),
      ),
    ),
  ],
  'JSON, a list of records': ['annotations.json', JSON.stringify(records)],
  'JSON, a list of records inside': ['annotations.json', JSON.stringify({ version: 1, images: records })],
  'JSON, a list of pairs inside': [
    'dataset.json',
    JSON.stringify({ labels: names.map((name) => [name, classOf(name)]) }),
  ],
  'JSON lines': ['metadata.jsonl', records.map((record) => `${JSON.stringify(record)}\n`).join('')],
};

describe.each(['', 'images'])('pictures in "%s"', (where) => {
  test.each(Object.entries(forms))('with classes in %s', (_name, [file, contents]) =>
    inTemporaryFolder(async (folder) => {
      await putPictures(
        folder,
        names.map((name) => `${where === '' ? '' : `${where}/`}${name}`),
      );
      await putFile(folder, file, contents);
      const inspection = await inspect(folder);
      expect(inspection).toMatchObject({ classes: ['cat', 'dog', 'sea lion'], rejects: [], unused: [] });
      expect(inspection.splits.map(({ split }) => split)).toEqual(['train', 'val']);
      expect(inspection.splitRule).not.toBeNull();
      expect(await labelsOf(inspection)).toEqual(byName(classOf));
    }),
  );
});

test('numbers as classes, a picture that no row names, a row without a picture and one without a class are told', () =>
  inTemporaryFolder(async (folder) => {
    await putPictures(folder, [...names.map((name) => `images/${name}`), 'images/other.jpg']);
    const rows = lines((name) => `${name},${Number.parseInt(name, 10) % 12}`);
    await putFile(
      folder,
      'labels.csv',
      `filename,label\n${rows}gone.jpg,1\n../../x.jpg,1\n`.replace('\n7.jpg,7\n', '\n7.jpg,\n'),
    );
    const inspection = await inspect(folder);
    expect(inspection.classes).toEqual(Array.from({ length: 12 }, (_, at) => String(at)));
    expect(inspection.rejects.map(({ file, reason }) => [file, reason.slice(0, 30)])).toEqual([
      ['images/7.jpg', 'labels.csv gives it no class'],
      ['images/gone.jpg', 'named in the list, not in the '],
      ['../../x.jpg', expect.stringContaining('')],
    ]);
    expect(inspection.unused).toMatchObject([{ what: 'pictures that no list names', count: 2 }]);
  }));

test('a column may say the split', () =>
  inTemporaryFolder(async (folder) => {
    await putPictures(
      folder,
      names.map((name) => `images/${name}`),
    );
    const splitFor = (name: string) => ['train', 'TRAIN', 'valid', 'test'][Number.parseInt(name, 10) % 4]!;
    await putFile(
      folder,
      'data.csv',
      `path,label,data set\n${lines((name) => `images/${name},${classOf(name)},${splitFor(name)}`)}`,
    );
    const { splits, splitRule } = await inspect(folder);
    expect(splits.map(({ split, images }) => [split, images])).toEqual([
      ['test', 7],
      ['train', 16],
      ['val', 7],
    ]);
    expect(splitRule).toBeNull();
  }));

test('of split folders without class folders the labelled one is split; the other has no classes', () =>
  inTemporaryFolder(async (folder) => {
    await putPictures(folder, [...names.map((name) => `train/${name}`), 'test/a.jpg', 'test/b.jpg']);
    await putFile(folder, 'train.csv', `id,label\n${lines((name) => `${name.slice(0, -4)},${classOf(name)}`)}`);
    await putFile(folder, 'sample_submission.csv', 'id,label\na,cat\nb,cat\n');
    const inspection = await inspect(folder);
    expect(inspection.classes).toEqual(['cat', 'dog', 'sea lion']);
    const [train, val, other] = inspection.splits;
    expect([train!.split, val!.split, other!.split]).toEqual(['train', 'val', 'test']);
    expect(train!.images + val!.images).toBe(30);
    expect(other).toEqual({ split: 'test', images: 2, perClass: [] });
  }));

test('one list for the pictures of two split folders', () =>
  inTemporaryFolder(async (folder) => {
    await putPictures(
      folder,
      names.map((name, at) => `${at < 20 ? 'train' : 'val'}/${name}`),
    );
    await putFile(folder, 'labels.json', JSON.stringify(byName(classOf)));
    const inspection = await inspect(folder);
    expect(inspection.splits.map(({ split, images }) => [split, images])).toEqual([
      ['train', 20],
      ['val', 10],
    ]);
    expect(await labelsOf(inspection)).toEqual(byName(classOf));
  }));

test('class folders are the classes, whatever lists lie beside them', () =>
  inTemporaryFolder(async (folder) => {
    await putClasses(folder, '.', ['a', 'b'], 12);
    await putFile(folder, 'labels.csv', 'filename,label\na/0.jpg,x\nb/0.jpg,y\n');
    expect((await inspect(folder)).classes).toEqual(['a', 'b']);
  }));

test.each([
  ['is no JSON', 'labels.json', '{"0.jpg": '],
  ['is of bytes', 'labels.csv', '\0\x01\x02'.repeat(50_000)],
  ['names no picture', 'requirements.txt', 'numpy==1.26\nPillow==11\n'],
  ['has entries of several kinds', 'labels.json', '[{"file": "0.jpg"}, 3]'],
])('a file that %s is none of the lists: the pictures have no classes', (_name, file, contents) =>
  inTemporaryFolder(async (folder) => {
    await putPictures(folder, names);
    await putFile(folder, file, contents);
    const { classes, splits } = await inspect(folder);
    expect({ classes, splits }).toEqual({ classes: [], splits: [{ split: 'train', images: 30, perClass: [] }] });
  }),
);
