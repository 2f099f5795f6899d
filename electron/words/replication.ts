/** What stands behind a figure or a claim, in words that the window, the terminal and reports share: units, seeds, epochs, tests. */
import type { Cell } from '../../trainer/protocol/paper.ts';
import type { ClaimVerdict, OwnFigure, Signs, Unit, Varied } from '../api/comparison.ts';
import type { Language } from '../api/settings.ts';

interface ReplicationWords {
  readonly units: Readonly<Record<Unit, (count: number) => string>>;
  readonly varied: Readonly<Record<Varied, string>>;
  readonly variedIn: (names: readonly string[]) => string;
  readonly signs: (signs: Signs, pValue: string) => string;
  readonly basis: {
    readonly both: (seeds: string) => string;
    readonly seeds: (seeds: string) => string;
    readonly unknown: string;
    readonly noSpread: string;
  };
  /** Numbers of seeds. */
  readonly sides: (several: string, last: number) => string;
  readonly comma: string;
  readonly chosenOnTest: string;
  readonly marked: string;
}

/** Beside a figure whose epoch was chosen on the images it was measured on. */
export const testMark = '†';

const counted = (one: string, several: string) => (count: number) => `${count} ${count === 1 ? one : several}`;

const en: ReplicationWords = {
  units: {
    pretraining: counted('pretraining', 'pretrainings'),
    initialization: counted('set of random weights', 'sets of random weights'),
    weights: counted('set of imported weights', 'sets of imported weights'),
    head: counted('training of the head', 'trainings of the head'),
    none: () => 'nothing random in it',
  },
  varied: {
    'pretraining-seed': 'pretraining seed',
    'initialization-seed': 'seed of the weights',
    'evaluation-seed': 'evaluation seed',
    split: 'random part of the data',
    arithmetic: 'device or threads',
  },
  variedIn: (names) => `varied: ${names.join(', ')}`,
  signs: ({ above, below }, pValue) => `above 0 in ${above} of ${above + below} pairs of seeds, sign test p ${pValue}`,
  basis: {
    both: (seeds) => `over seeds (${seeds}) and over images, which must agree`,
    seeds: (seeds) => `over seeds (${seeds}); not recorded image by image`,
    unknown: 'over images only; seeds unknown',
    noSpread: 'over images only; the seeds have no spread',
  },
  sides: (several, last) => `${several} and ${last}`,
  comma: ', ',
  chosenOnTest: 'best epoch, chosen on the test set',
  marked: 'best epoch of the head, chosen on the test set',
};

const zh: ReplicationWords = {
  units: {
    pretraining: (count) => `${count} 次预训练`,
    initialization: (count) => `${count} 组随机权重`,
    weights: (count) => `${count} 份导入的权重`,
    head: (count) => `${count} 次分类头训练`,
    none: () => '不含随机性',
  },
  varied: {
    'pretraining-seed': '预训练种子',
    'initialization-seed': '权重种子',
    'evaluation-seed': '评估种子',
    split: '数据的随机抽取',
    arithmetic: '设备或线程数',
  },
  variedIn: (names) => `变化项：${names.join('、')}`,
  signs: ({ above, below }, pValue) => `${above + below} 对种子中有 ${above} 对大于 0，符号检验 p = ${pValue}`,
  basis: {
    both: (seeds) => `按种子（${seeds}）与按图像检验，二者须一致`,
    seeds: (seeds) => `按种子检验（${seeds}）；未逐图像记录`,
    unknown: '仅按图像检验；随种子的波动未知',
    noSpread: '仅按图像检验；各种子的结果没有差异',
  },
  sides: (several, last) => `${several} 与 ${last}`,
  comma: '、',
  chosenOnTest: '最佳轮，按测试集选取',
  marked: '分类头的最佳轮，按测试集选取',
};

const words: Readonly<Record<Language, ReplicationWords>> = { en, zh };

/** Whether a paper's figure is of the best epoch of a head on the images it was measured on. */
export const isChosenOnTest = ({ protocol }: Pick<Cell, 'protocol'>): boolean => protocol['epochRule'] === 'best-epoch';

/** `n = 3 pretrainings`. */
export function unitsInWords(language: Language, { n, unit }: Pick<OwnFigure, 'n' | 'unit'>): string {
  const text = words[language].units[unit](n);
  return unit === 'none' ? text : `n = ${text}`;
}

/** `varied: pretraining seed, evaluation seed`; empty where nothing did. */
export function variedInWords(language: Language, varied: readonly Varied[]): string {
  const own = words[language];
  return varied.length === 0 ? '' : own.variedIn(varied.map((one) => own.varied[one]));
}

export const signsInWords = (language: Language, signs: Signs, pValue: string): string =>
  words[language].signs(signs, pValue);

/** What a claim was tested over; empty while it could not be. */
export function basisInWords(language: Language, { basis, units }: Pick<ClaimVerdict, 'basis' | 'units'>): string {
  if (basis === null || units === null) return '';
  const { basis: told, sides, comma } = words[language];
  if (basis === 'images') return units.every((count) => count > 1) ? told.noSpread : told.unknown;
  return (basis === 'seeds' ? told.seeds : told.both)(sides(units.slice(0, -1).join(comma), units.at(-1)!));
}

export const chosenOnTestInWords = (language: Language): string => words[language].chosenOnTest;

/** Explains the mark below a table. */
export const markInWords = (language: Language): string => `${testMark} ${words[language].marked}`;
