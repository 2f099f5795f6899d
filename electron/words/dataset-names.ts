/** What data sets and their splits are called. */
import type { Inspection } from '../../trainer/protocol/dataset.ts';
import type { Language } from '../api/settings.ts';

/** Names that are the same in every language. */
const proper = {
  'dataset.imagenet': 'ImageNet',
  'dataset.fashion-mnist': 'Fashion-MNIST',
  'dataset.places205': 'Places205',
  'dataset.inaturalist18': 'iNaturalist 2018',
  'dataset.voc07': 'VOC07',
  'dataset.voc07+12': 'VOC07+12',
  'dataset.coco': 'COCO',
  'dataset.voc': 'PASCAL VOC',
  'dataset.svhn': 'SVHN',
  'dataset.cifar-10': 'CIFAR-10',
  'dataset.cifar-100': 'CIFAR-100',
  'dataset.stl10': 'STL-10',
} as const;

const en = {
  ...proper,
  'dataset.idx': 'IDX files',
  'dataset.webdataset': 'WebDataset shards',
  'dataset.parquet': 'Parquet shards',
  'dataset.image-folder': 'Image folder',
  'dataset.cifar': 'CIFAR files',
  'dataset.sample': 'Sample set',
  'dataset.sample-set': 'Sample set',
  'split.train': 'train',
  'split.val': 'val',
  'split.test': 'test',
  'split.unlabeled': 'unlabeled',
} as const;

const zh = {
  ...proper,
  'dataset.idx': 'IDX 文件',
  'dataset.webdataset': 'WebDataset 分片',
  'dataset.parquet': 'Parquet 分片',
  'dataset.image-folder': '图像文件夹',
  'dataset.cifar': 'CIFAR 文件',
  'dataset.sample': '示例数据集',
  'dataset.sample-set': '示例数据集',
  'split.train': '训练集',
  'split.val': '验证集',
  'split.test': '测试集',
  'split.unlabeled': '无标签',
} as const satisfies Readonly<Record<keyof typeof en, string>>;

/** By `dataset.` or `split.` and the name that records and papers use. */
export const dataNames = { en, zh } as const;

const named = (language: Language, key: string): string | undefined =>
  (dataNames[language] as Readonly<Record<string, string>>)[key];

/** One that a person named keeps that name; of pairs of pictures both. */
export function datasetInWords(language: Language, name: string): string {
  const parts = name.split(' + ');
  return parts.map((part) => named(language, `dataset.${part}`) ?? part).join(' + ');
}

/** A folder's own name for a split is kept. */
export const splitInWords = (language: Language, name: string): string => named(language, `split.${name}`) ?? name;

/** Readers of files of any contents: their own title says nothing of the data. */
const titlesOfAny: Readonly<Record<string, string>> = {
  'image-folder': 'Image folder',
  parquet: 'Parquet',
  webdataset: 'WebDataset',
  idx: 'IDX images',
};

/** What it is, by which papers call it too; of a folder of anything, the folder's name. */
export function suggestedName({ dataset, title, path }: Pick<Inspection, 'dataset' | 'title' | 'path'>): string {
  const isKnown = title !== '' && title !== titlesOfAny[dataset ?? ''];
  const folder = path
    .replace(/[\\/]+$/, '')
    .split(/[\\/]/)
    .at(-1);
  return isKnown ? title : folder || title;
}

/** As the papers' cells spell names: `Fashion-MNIST` is `fashion-mnist`. */
export const spelledName = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replace(/[\s_]+/g, '-');

/** Data sets by fingerprint, with what they are called in lists of runs: by their name, or what the program brings along as papers do. */
export function namesInLists(
  datasets: readonly { readonly fingerprint: string; readonly name: string; readonly builtIn: boolean }[],
): ReadonlyMap<string, string> {
  return new Map(datasets.map(({ fingerprint, name, builtIn }) => [fingerprint, builtIn ? spelledName(name) : name]));
}
