/** Settings of a configuration and their values, as a person writes them: on the page of a run, in forms, and in the appendix of a report. */
import type { Language } from '../api/settings.ts';
import { choiceInWords } from './choices.ts';
import { datasetInWords, splitInWords } from './dataset-names.ts';
import { encoderInWords } from './encoders.ts';
import { fieldInWords } from './fields.ts';

export type RecipeKind = 'method' | 'encoder' | 'optimizer' | 'schedule' | 'evaluator';

/** What a recipe is chosen for, by the last name of the path to its id. */
const recipeKinds: Readonly<Record<string, RecipeKind>> = {
  method: 'method',
  encoder: 'encoder',
  encoders: 'encoder',
  optimizer: 'optimizer',
  schedule: 'schedule',
  evaluator: 'evaluator',
};
const ranges = new Set(['cropArea', 'cropRatio', 'blurSigma']);
const widths = new Set(['expander', 'projector', 'predictor']);
/** What people or other programs named. */
const written = new Set(['title', 'name', 'path', 'fingerprint', 'weights', 'run', 'prefix']);

/** Parts of paths that are no field of a comparison. */
const partNames: Readonly<Record<Language, Readonly<Record<string, string>>>> = {
  en: {
    preset: 'preset',
    data: 'data',
    paired: 'data of the second view',
    train: 'training data',
    test: 'test data',
    execution: 'execution',
    kind: 'kind',
    run: 'run',
    path: 'folder',
    fingerprint: 'fingerprint',
    subset: 'part',
    share: 'share of the images',
    exclude: 'left out',
    reading: 'reading of the folder',
    everyEpochs: 'interval in epochs',
    weights: 'weights',
    name: 'name',
    origin: 'origin',
    network: 'network',
  },
  zh: {
    preset: '预设',
    data: '数据',
    paired: '第二个视图的数据',
    train: '训练数据',
    test: '测试数据',
    execution: '运行',
    kind: '种类',
    run: '实验',
    path: '文件夹',
    fingerprint: '指纹',
    subset: '所取部分',
    share: '图像比例',
    exclude: '排除的图像',
    reading: '文件夹的读法',
    everyEpochs: '间隔（轮）',
    weights: '权重',
    name: '名称',
    origin: '来源',
    network: '网络',
  },
};

const namesIn = (path: string): readonly string[] => path.split('.').filter((part) => !/^[\d{]/.test(part));

/** `views.{0,1}.cropArea` → "views 1, 2 · crop area": as in a comparison, views and encoders count from 1. */
export function settingInWords(language: Language, path: string): string {
  const field = path
    .replaceAll(/(?<=\.)\d+(?=\.)/g, (index) => String(Number(index) + 1))
    .replace(/\{([\d,]+)\}/, (_, indices: string) =>
      indices
        .split(',')
        .map((index) => Number(index) + 1)
        .join(','),
    )
    .replace(/^method\.options\./, 'options.')
    .replace(/^evaluator\.options\./, 'protocol.')
    .replace(/\.id$/, '');
  const names = partNames[language];
  const [group = '', ...rest] = field.split('.');
  if (rest.length === 0) return names[group] ?? fieldInWords(language, group);
  // The parts of a thing that has no fields of its own in a comparison.
  if (group in names || group === 'subject' || group === 'probe')
    return [group, ...rest.filter((part) => part !== 'options')]
      .map((part) => names[part] ?? fieldInWords(language, part))
      .join(' · ');
  return fieldInWords(language, field);
}

/** Several values: a range from its first to its last, widths as papers write them, 8192-8192-8192, others with commas. */
export function valuesInWords(path: string, values: readonly string[]): string {
  const leaf = namesIn(path).at(-1) ?? '';
  if (ranges.has(leaf))
    return [...new Set(values.map((value) => String(Number(Number(value).toPrecision(4)))))].join('–');
  return values.join(widths.has(leaf) ? '-' : ', ');
}

/** @param recipeName name of a method or an evaluator; null for one that it does not know */
export function valueInWords(
  language: Language,
  path: string,
  value: string,
  recipeName: (kind: 'method' | 'evaluator', id: string) => string | null,
): string {
  const names = namesIn(path);
  const leaf = names.at(-1) ?? '';
  const kind = leaf === 'id' ? recipeKinds[names.at(-2) ?? ''] : undefined;
  if (kind === 'encoder') return encoderInWords(language, value);
  if (kind === 'method' || kind === 'evaluator') return recipeName(kind, value) ?? value;
  if (kind !== undefined) return choiceInWords(language, kind, value) ?? value;
  if (leaf === 'dataset') return datasetInWords(language, value);
  if (leaf === 'split') return splitInWords(language, value);
  if (written.has(leaf)) return value;
  return choiceInWords(language, `${path}.`, value) ?? value;
}
