/** Names of what an option can be chosen as, of optimizers and of schedules: in forms, comparisons and reports. */
import type { Language } from '../api/settings.ts';

const en = {
  'schedule.warmup-cosine': 'Cosine with warm-up',
  'schedule.cosine-per-epoch': 'Cosine, per epoch',
  'schedule.steps': 'Steps',
  'schedule.warmup-steps': 'Warm-up, then steps',
  'schedule.constant': 'Constant',
  'choice.official-code': 'halved (official code)',
  'choice.paper-algorithm-1': 'not halved (Algorithm 1)',
  'choice.inverse-euclidean': 'inverse Euclidean distance',
  'choice.small': 'small images (3 × 3)',
  'choice.imagenet': 'ImageNet (7 × 7, pool)',
  'choice.pooled': 'pooled (mean over the last stage; ViT: class token)',
  'choice.res5-2x2': 'last stage, 2 × 2 positions',
  'choice.class-4': 'ViT: class tokens of the last 4 blocks',
  'choice.class-patches': 'ViT: class token and mean of the patch tokens',
  'choice.linear': 'linear layer',
  'choice.skip': 'skip the batches',
  'choice.lower-rate': 'skip them and halve the learning rate',
  'choice.clip': 'skip them and clip gradients',
  'choice.batch-norm-linear': 'batch norm and linear layer',
  'choice.steps': 'steps',
  'choice.bilinear': 'bilinear',
  'choice.bicubic': 'bicubic',
  'choice.pillow-13': 'as in Pillow 13',
  'choice.pillow-12.2': 'as in Pillow 12.2 and 12.3',
  'choice.pillow-12.1': 'as in Pillow 12.1 and older',
  'choice.images': 'augmented images',
  'choice.features': 'features, extracted once',
  'choice.cosine-per-epoch': 'cosine, per epoch',
  'choice.cosine': 'cosine',
  'choice.constant': 'constant',
  'choice.sgd': 'SGD',
  'choice.adam': 'Adam',
  'choice.batch': 'statistics of the batch',
  'choice.frozen': 'frozen, as pretrained',
  'choice.voc-2007': 'VOC 2007 (11 points)',
  'choice.voc-2010': 'VOC 2010 and later (area under the curve)',
  'choice.coco': 'COCO (101 points)',
  'choice.encoder': 'the encoder, with a new detector',
  'choice.detector': 'the imported detector',
  'choice.faster-rcnn-c4': 'Faster R-CNN C4',
  'choice.mask-rcnn-fpn': 'Mask R-CNN FPN',
  'choice.cpu': 'processor',
  'choice.whole-batch': 'the whole batch',
  'choice.last': 'the last one',
  'choice.unresized': 'not resized',
  'choice.traced': 'one graph',
  'choice.eager': 'operation by operation',
  'choice.linear SVM': 'linear SVM',
  'choice.envelope': 'area under the envelope',
  'choice.out of the test': 'left out of the test',
  'choice.random resized crop, flip': 'random resized crop, flip',
  'optimizer.lars': 'LARS',
  'optimizer.sgd': 'SGD',
  'optimizer.adamw': 'AdamW',
  'optimizer.adam': 'Adam',
  'optimizer.larc': 'LARC',
  'choice.hidden': 'hidden layers',
  'choice.every': 'every layer',
  'choice.none': 'none',
} as const;

const zh = {
  'schedule.warmup-cosine': '预热加余弦退火',
  'schedule.cosine-per-epoch': '余弦退火（按轮）',
  'schedule.steps': '阶梯',
  'schedule.warmup-steps': '预热加阶梯',
  'schedule.constant': '恒定',
  'choice.official-code': '减半（官方代码）',
  'choice.paper-algorithm-1': '不减半（算法 1）',
  'choice.inverse-euclidean': '欧氏距离的倒数',
  'choice.small': '小图像（3 × 3）',
  'choice.imagenet': 'ImageNet（7 × 7，池化）',
  'choice.pooled': '池化（最后一个阶段的均值；ViT 为类别 token）',
  'choice.res5-2x2': '最后一个阶段，2 × 2 个位置',
  'choice.class-4': 'ViT：最后 4 个块的类别 token',
  'choice.class-patches': 'ViT：类别 token 与图块 token 的均值',
  'choice.linear': '线性层',
  'choice.skip': '跳过这些批次',
  'choice.lower-rate': '跳过并将学习率减半',
  'choice.clip': '跳过并裁剪梯度',
  'choice.batch-norm-linear': '批归一化加线性层',
  'choice.steps': '阶梯',
  'choice.bilinear': '双线性',
  'choice.bicubic': '双三次',
  'choice.pillow-13': '与 Pillow 13 相同',
  'choice.pillow-12.2': '与 Pillow 12.2、12.3 相同',
  'choice.pillow-12.1': '与 Pillow 12.1 及更早版本相同',
  'choice.images': '增强后的图像',
  'choice.features': '一次性提取的特征',
  'choice.cosine-per-epoch': '余弦退火，按轮',
  'choice.cosine': '余弦',
  'choice.constant': '恒定',
  'choice.sgd': 'SGD',
  'choice.adam': 'Adam',
  'choice.batch': '按批统计',
  'choice.frozen': '冻结（沿用预训练的统计量）',
  'choice.voc-2007': 'VOC 2007（11 点）',
  'choice.voc-2010': 'VOC 2010 及以后（曲线下面积）',
  'choice.coco': 'COCO（101 点）',
  'choice.encoder': '编码器，配以新的检测器',
  'choice.detector': '导入的检测器',
  'choice.faster-rcnn-c4': 'Faster R-CNN C4',
  'choice.mask-rcnn-fpn': 'Mask R-CNN FPN',
  'choice.cpu': '处理器',
  'choice.whole-batch': '整个批次',
  'choice.last': '最后一个',
  'choice.unresized': '不缩放',
  'choice.traced': '整图执行',
  'choice.eager': '逐个运算执行',
  'choice.linear SVM': '线性 SVM',
  'choice.envelope': '包络线下的面积',
  'choice.out of the test': '不计入测试',
  'choice.random resized crop, flip': '随机裁剪缩放、翻转',
  'optimizer.lars': 'LARS',
  'optimizer.sgd': 'SGD',
  'optimizer.adamw': 'AdamW',
  'optimizer.adam': 'Adam',
  'optimizer.larc': 'LARC',
  'choice.hidden': '隐藏层',
  'choice.every': '每一层',
  'choice.none': '无',
} as const satisfies Readonly<Record<keyof typeof en, string>>;

/** By `choice.`, `schedule.` or `optimizer.` and the code. */
export const choiceNames = { en, zh } as const;

/** Fields whose values have names of their own, which may be spelled like a choice. */
const named: ReadonlySet<string> = new Set(
  'paper value method evaluator dataset split metric encoder pretrainedOn trainedOn subject data.split'.split(' '),
);

type Group = 'choice' | 'schedule' | 'optimizer';

/** A value of a field of a configuration, where it is one of a few: `schedule`, `constant` → "Constant". */
export function choiceInWords(language: Language, field: string, value: string): string | null {
  const names: Readonly<Record<string, string>> = choiceNames[language];
  const own = (group: Group): string | undefined => names[`${group}.${value}`];
  if (field === 'schedule' || field === 'optimizer') return own(field) ?? null;
  if (named.has(field)) return null;
  const [, gpu] = /^gpu:(\d+)$/.exec(value) ?? [];
  if (gpu !== undefined) return `GPU ${gpu}`;
  return own('choice') ?? own('schedule') ?? own('optimizer') ?? null;
}

/** `cpu` → "processor", `gpu:0` → "GPU 0". */
export const deviceInWords = (language: Language, device: string): string =>
  choiceInWords(language, 'device', device) ?? device;
