/** Names of the fields in which two figures differ. The report's words come first; here stands what it has none for. */
import type { ComparisonRow, Reason } from '../api/comparison.ts';
import { fieldName, figureName, reasonSide } from '../workstation/report/naming.ts';
import type { Words } from './words.ts';

type Names = Readonly<Record<string, string>>;

const en: Names = {
  'options.clusterings': 'clusterings',
  'options.codeEpsilon': 'ε of the codes',
  'options.eps': 'ε under the root',
  'options.freezeSteps': 'steps with fixed prototypes',
  'options.gamma': 'target standard deviation γ',
  'options.inverseDelta': 'assignment sharpness 1/δ',
  'options.iterations': 'Sinkhorn iterations',
  'options.kappa': 'prediction scale κ',
  'options.lambda': 'redundancy weight λ',
  'options.momentum': 'teacher momentum',
  'options.queueEpoch': 'first epoch with the queue',
  'options.scale': 'scale of the loss',
  'options.subBatch': 'samples whitened together',
  'options.varianceSum': 'sum of the variance terms',
  'options.words': 'vocabulary size',
  'protocol.averagePrecision': 'average precision',
  'protocol.costs': 'values of C',
  'protocol.crop': 'crop',
  'protocol.difficult': 'difficult examples',
  'protocol.drawnBy': 'seed of the label draw',
  'protocol.fallsAt': 'epochs at which the rate falls',
  'protocol.folds': 'cross-validation folds',
  'protocol.headRate': 'learning rate of the classifier',
  'protocol.list': 'list of labelled images',
  'protocol.normalized': 'features normalised',
  'protocol.positiveWeight': 'positive-class weight',
};

const zh: Names = {
  'options.clusterings': '聚类组数',
  'options.codeEpsilon': '编码的 ε',
  'options.eps': '根号内的 ε',
  'options.freezeSteps': '固定原型的步数',
  'options.gamma': '目标标准差 γ',
  'options.inverseDelta': '词分配的锐度 1/δ',
  'options.iterations': 'Sinkhorn 迭代次数',
  'options.kappa': '预测的缩放 κ',
  'options.lambda': '冗余权重 λ',
  'options.momentum': '教师网络动量',
  'options.queueEpoch': '开始使用队列的轮次',
  'options.scale': '损失的缩放',
  'options.subBatch': '一起白化的样本数',
  'options.varianceSum': '两个方差项之和',
  'options.words': '词表大小',
  'protocol.averagePrecision': '平均精度的算法',
  'protocol.costs': 'C 的取值',
  'protocol.crop': '裁剪',
  'protocol.difficult': '难例',
  'protocol.drawnBy': '抽取标签的种子',
  'protocol.fallsAt': '学习率下降的轮次',
  'protocol.folds': '交叉验证折数',
  'protocol.headRate': '分类器学习率',
  'protocol.list': '有标签图像的列表',
  'protocol.normalized': '特征归一化',
  'protocol.positiveWeight': '正类权重',
};

const ownNames = { en, zh } as const;

/** A field as a person calls it. One that nobody has worded (a new recipe's option) is at least spelled in words. */
export function wordOf(words: Words, field: string): string {
  if (field === 'pretrainedOn') return words.say('pretrainingData');
  return words.report.fields[field] ?? ownNames[words.language][field] ?? spelledOut(fieldName(words.report, field));
}

function spelledOut(identifier: string): string {
  return identifier
    .replace(/([a-z0-9])([A-Z])/g, (_, before: string, letter: string) => `${before} ${letter.toLowerCase()}`)
    .replace(/[._]+/g, ' ');
}

/** What a verdict names: at most this many. */
const mostNamed = 3;

/** `data set, encoder, epochs and 8 more`: why a figure cannot be compared. Empty where it can. */
export function reasonsInShort(words: Words, reasons: readonly Reason[]): string {
  const breaking = reasons.filter(({ kind }) => kind === 'breaks').map(({ field }) => shortReason(words, field));
  const names = [...new Set(breaking)];
  const named = names.slice(0, mostNamed).join(words.say('listComma'));
  return names.length > mostNamed ? words.andMore(named, names.length - mostNamed) : named;
}

function shortReason(words: Words, field: string): string {
  if (field === 'paper') return words.say('notInPaper');
  return field === 'value' ? words.say('noNumber') : wordOf(words, field);
}

/** What the paper or our run has in a field. */
export function sideInWords(words: Words, reason: Reason, side: 'theirs' | 'ours'): string {
  const { metrics, evaluators } = words.report;
  const names = { metric: metrics, evaluator: evaluators }[reason.field] ?? {};
  return names[String(reason[side])] ?? reasonSide(words.report, reason, side);
}

/** `k-NN k = 20 top-1`: a figure without the data it was measured on. */
export function shortFigureName(
  words: Words,
  figure: Pick<ComparisonRow, 'evaluator' | 'metric' | 'dataset' | 'split' | 'protocol'>,
): string {
  const name = figureName(words.report, figure);
  return name.split(' · ')[0] ?? name;
}
