/**
 * How a difference of each field from the recipe behind a paper's figure counts, and why: it rules out a verdict, it is stated
 * beside the verdict, or it changes no figure. Of the rows that name a field the first counts; what no row names is stated.
 */
import type { Text } from '../api/comparison.ts';
import type { OptionValue } from '../../trainer/protocol/options.ts';

export interface FieldClass {
  /** `*` stands for one part of a name, and at the end for any number of them. */
  readonly fields: readonly string[];
  /** Only where another field is this on both sides, or on neither; `*` is the same part as in `fields`. */
  readonly where?: { readonly field: string } & ({ readonly is: OptionValue } | { readonly not: OptionValue });
  readonly kind: 'breaks' | 'deviation' | 'irrelevant';
  readonly why: Text;
}

const withoutUse: Text = {
  en: 'Without effect: what it belongs to is off on both sides.',
  zh: '不起作用：它所属的操作在两边都未启用。',
};

export const fieldClasses: readonly FieldClass[] = [
  // What is off on both sides.
  { fields: ['views.*.blurSigma'], where: { field: 'views.*.blur', is: 0 }, kind: 'irrelevant', why: withoutUse },
  {
    fields: ['views.*.solarizeThreshold'],
    where: { field: 'views.*.solarize', is: 0 },
    kind: 'irrelevant',
    why: withoutUse,
  },
  {
    fields: ['views.*.brightness', 'views.*.contrast', 'views.*.saturation', 'views.*.hue'],
    where: { field: 'views.*.jitter', is: 0 },
    kind: 'irrelevant',
    why: withoutUse,
  },
  {
    fields: ['encoders.*.stemStride', 'encoders.*.stemPadding'],
    kind: 'irrelevant',
    why: {
      en: 'Without effect: only the stem for small images has a stride and a padding to choose.',
      zh: '不起作用：只有小图像输入层（stem）的步幅和填充可以选择。',
    },
  },
  {
    fields: ['protocol.fallsAt'],
    where: { field: 'protocol.schedule', not: 'steps' },
    kind: 'irrelevant',
    why: withoutUse,
  },
  {
    fields: ['protocol.temperature'],
    where: { field: 'protocol.similarity', is: 'inverse-euclidean' },
    kind: 'irrelevant',
    why: withoutUse,
  },

  // Another experiment.
  {
    fields: ['paper'],
    kind: 'breaks',
    why: { en: 'The paper has no figure of this kind.', zh: '论文中没有这类数值。' },
  },
  {
    fields: ['value'],
    kind: 'breaks',
    why: { en: 'One side has no number, so there is no difference.', zh: '其中一方没有数值，无从求差。' },
  },
  {
    fields: ['method'],
    kind: 'breaks',
    why: { en: 'It is the figure of another method.', zh: '这是另一种方法的数值。' },
  },
  {
    fields: ['evaluator', 'metric'],
    kind: 'breaks',
    why: { en: 'It measures something else.', zh: '所测量的不是同一个量。' },
  },
  {
    fields: ['dataset', 'split', 'protocol.testShare'],
    kind: 'breaks',
    why: { en: 'Figures on other images cannot be subtracted.', zh: '不同图像上的数值不能相减。' },
  },
  {
    fields: ['protocol.trainShare'],
    kind: 'breaks',
    why: { en: 'A head that learns from fewer labels gives a lower figure.', zh: '用于训练的标签越少，数值越低。' },
  },
  {
    fields: ['pretrainedOn', 'data.split', 'data.share'],
    kind: 'breaks',
    why: {
      en: 'What an encoder learned from decides what it can do.',
      zh: '编码器学到什么，取决于训练数据。',
    },
  },
  {
    fields: ['encoder'],
    kind: 'breaks',
    why: {
      en: 'Other networks have figures of their own in the papers.',
      zh: '论文中其他网络另有其数值。',
    },
  },
  {
    fields: ['epochs', 'protocol.checkpoint'],
    kind: 'breaks',
    why: {
      en: 'Longer training gives higher figures, which the papers list apart.',
      zh: '训练越久数值越高，论文分别列出。',
    },
  },
  {
    fields: ['views'],
    kind: 'breaks',
    why: {
      en: 'With more views of an image, as in multi-crop, the papers have other figures.',
      zh: '每张图像的视图更多（如 multi-crop）时，论文另有数值。',
    },
  },
  {
    fields: [
      'options.invariance',
      'options.variance',
      'options.covariance',
      'options.expander',
      'options.hasPredictor',
      'options.batchNorm',
    ],
    kind: 'breaks',
    why: {
      en: 'The paper’s ablations vary it, and list each value as another experiment.',
      zh: '论文的消融实验改变此项，每个取值都是另一个实验。',
    },
  },
  {
    fields: [
      'protocol.k',
      'protocol.temperature',
      'protocol.similarity',
      'protocol.fraction',
      'protocol.list',
      'protocol.head',
      'protocol.layer',
      'protocol.inputs',
      'protocol.standardize',
      'protocol.optimizer',
      'protocol.rate',
      'protocol.headRate',
      'protocol.weightDecay',
      'protocol.schedule',
      'protocol.fallsAt',
      'protocol.batch',
      'protocol.epochs',
      'protocol.steps',
      'protocol.rules',
    ],
    kind: 'breaks',
    why: {
      en: 'The rule by which a figure is measured is part of the figure.',
      zh: '测量规则是数值的一部分。',
    },
  },

  // The same experiment, done otherwise.
  {
    fields: ['protocol.epochRule'],
    kind: 'deviation',
    why: {
      en: 'The last epoch is below the best, by as much as choosing on the evaluated images flatters.',
      zh: '最后一轮低于最佳轮，差距正是在所评估图像上选轮次带来的虚高。',
    },
  },
  {
    fields: ['batch'],
    kind: 'deviation',
    why: {
      en: 'Losses and batch norm see other samples together; the paper’s own study finds up to 1.3 points between 128 and 2048.',
      zh: '损失与批归一化同时看到的样本不同；论文自己的实验中，128 与 2048 之间最多相差 1.3 个百分点。',
    },
  },
  {
    fields: ['chunk'],
    kind: 'deviation',
    why: {
      en: 'Batch norm takes its statistics over fewer samples.',
      zh: '批归一化的统计量取自更少的样本。',
    },
  },
  {
    fields: ['options.*'],
    kind: 'deviation',
    why: {
      en: 'It changes the loss, or the networks beside the encoder.',
      zh: '它改变损失，或编码器之外的网络。',
    },
  },
  {
    fields: ['optimizer', 'optimizer.options.*'],
    kind: 'deviation',
    why: {
      en: 'Weights take another course: rate and weight decay are tuned for one optimizer.',
      zh: '权重的更新路径不同：学习率与权重衰减是针对一种优化器调好的。',
    },
  },
  {
    fields: ['schedule', 'schedule.options.*'],
    kind: 'deviation',
    why: {
      en: 'How the learning rate rises and falls changes where training ends.',
      zh: '学习率的升降方式决定训练止于何处。',
    },
  },
  {
    fields: ['views.*'],
    kind: 'deviation',
    why: {
      en: 'Augmentation decides what the encoder learns to ignore.',
      zh: '数据增强决定编码器学会忽略什么。',
    },
  },
  {
    fields: ['normalization.*', 'protocol.normalization.*'],
    kind: 'deviation',
    why: {
      en: 'The encoder sees other levels; batch norm makes up for most of it.',
      zh: '编码器看到的像素取值不同；批归一化大体能抵消。',
    },
  },
  {
    fields: ['dropLast'],
    kind: 'deviation',
    why: {
      en: 'An epoch has one step more or less, and its last batch another size.',
      zh: '每轮多或少一步，最后一个批次的大小也不同。',
    },
  },
  {
    fields: ['encoders.*.zeroInitResidual'],
    kind: 'deviation',
    why: {
      en: 'Training starts from other weights.',
      zh: '训练从不同的初始权重开始。',
    },
  },
  {
    fields: ['data.excluded', 'protocol.trainExcluded', 'protocol.testExcluded'],
    kind: 'deviation',
    why: { en: 'Some of the images were left out.', zh: '有部分图像未使用。' },
  },
  {
    fields: ['protocol.preprocessing.*'],
    kind: 'deviation',
    why: {
      en: 'The encoder sees another part of an image, or at another size.',
      zh: '编码器看到的图像区域或大小不同。',
    },
  },
  {
    fields: ['branch'],
    kind: 'deviation',
    why: {
      en: 'Of two encoders one was evaluated.',
      zh: '两个编码器中评估了其中一个。',
    },
  },
  {
    fields: ['precision', 'protocol.precision'],
    kind: 'deviation',
    why: {
      en: 'Layers round to a narrower type, in tf32 the products of the loss too; weights and statistics do not.',
      zh: '各层以更窄的类型取舍入，采用 tf32 时损失中的乘积也如此；权重与统计量不受影响。',
    },
  },
  {
    fields: ['resizing', 'protocol.resizing'],
    kind: 'deviation',
    why: {
      en: 'In some images a level differs by the order in which both sides are resized.',
      zh: '部分图像因两个方向的缩放次序不同，像素值会有差别。',
    },
  },
  {
    fields: ['data.reading', 'protocol.trainReading', 'protocol.testReading'],
    kind: 'deviation',
    why: { en: 'The folder was read as a person chose.', zh: '文件夹按人的选择读取。' },
  },
  {
    fields: ['recipe'],
    kind: 'deviation',
    why: {
      en: 'How these weights were trained is only known as far as their import says.',
      zh: '这些权重如何训练，只知道导入时所说明的部分。',
    },
  },

  // The same arithmetic.
  {
    fields: ['engine', 'protocol.engine'],
    kind: 'irrelevant',
    why: {
      en: 'Both engines compute the same steps, as their tests compare.',
      zh: '两种引擎计算相同的步骤，测试对二者作了比较。',
    },
  },
  {
    fields: ['recompute', 'protocol.recompute'],
    kind: 'irrelevant',
    why: { en: 'It saves memory and gives the same bits.', zh: '只节省内存，结果逐位相同。' },
  },
  {
    fields: ['checkpoint.*', 'logEvery', 'protocol.checkpoint.*', 'protocol.logEvery'],
    kind: 'irrelevant',
    why: { en: 'It decides what is written to disk, not what is computed.', zh: '只决定写入磁盘的内容，不影响计算。' },
  },
  {
    fields: ['probe'],
    kind: 'irrelevant',
    why: { en: 'It looks at the encoder and changes no weight.', zh: '只观察编码器，不改变权重。' },
  },
  {
    fields: ['whenNotFinite.*', 'protocol.whenNotFinite.*'],
    kind: 'irrelevant',
    why: {
      en: 'It acts only when losses are not finite, which a note beside the figure then says.',
      zh: '仅在损失非有限值时起作用，届时数值旁会注明。',
    },
  },
];

/** Why a field that no row names is stated. */
export const whyUnnamed: Text = {
  en: 'What it changes is not known here, so it is stated.',
  zh: '其影响未知，故予说明。',
};

/** Why a value is listed that the paper does not state. */
export const whyUnstated: Text = { en: 'The paper does not say.', zh: '论文未说明。' };

/** Why nothing else of a training is compared with the paper's. */
export const whyNoRecipe: Text = {
  en: 'No preset is the recipe behind this figure, so optimizer, schedule and augmentation were not compared.',
  zh: '没有与该数值对应的预设，因此未比较优化器、学习率日程与数据增强。',
};
