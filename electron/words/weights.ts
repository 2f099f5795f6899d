/** What the reader of weights found, in sentences for the window, the terminal and reports. */
import type {
  ImportedWeights,
  NetworkChoice,
  NetworkReason,
  NormCheck,
  PixelsFrom,
} from '../../trainer/protocol/weights.ts';
import type { Language } from '../api/settings.ts';

interface WeightsWords {
  readonly reasons: Readonly<Record<NetworkReason, string>>;
  readonly choice: (name: string, reason: string, others: string) => string;
  readonly whole: string;
  readonly comma: string;
  readonly scalings: Readonly<Record<NormCheck['scaling'], string>>;
  readonly fits: (images: number, scaling: string) => string;
  readonly off: (images: number, from: string, distance: string) => string;
  readonly overflow: string;
  readonly verdicts: Readonly<Record<'doubtful' | 'unlike', string>>;
  readonly pixels: Readonly<Record<PixelsFrom | 'transformer' | 'unsaid', string>>;
}

const en: WeightsWords = {
  reasons: {
    only: 'the only network in the file',
    teacher: 'the teacher, which DINO and its successors evaluate',
    query: 'the query encoder, which MoCo evaluates',
    base: 'the base encoder, which MoCo v3 evaluates',
    online: 'the online network, which BYOL evaluates',
    trained: 'the trained network; the others are copies that follow it',
    first: 'the first in the file; nothing in the names tells which one the method evaluates',
    asked: 'chosen by hand',
    order: 'matched by the order of its shapes, as its names are unknown',
    unsaid: 'the reason was not recorded',
  },
  choice: (name, reason, others) => `Network ${name}: ${reason}. Not taken: ${others}.`,
  whole: '(no prefix)',
  comma: ', ',
  scalings: {
    imagenet: 'normalized with ImageNet’s statistics',
    signed: 'scaled to −1 to 1',
    unit: 'scaled to 0 to 1',
    levels: 'with levels from 0 to 255 around the mean',
  },
  fits: (images, scaling) => `The batch-norm statistics fit ${images} sample pictures ${scaling}.`,
  off: (images, from, distance) =>
    `From ${from} on, the batch-norm statistics are off for ${images} sample pictures (${distance}).`,
  overflow: 'values overflow',
  verdicts: {
    doubtful:
      'The weights were trained on quite different pictures, with another normalization or not at all, or were loaded in a wrong order.',
    unlike: 'The weights were probably loaded in a wrong order, trained with another normalization, or not trained.',
  },
  pixels: {
    'classes-21k':
      'The head has the 21,843 classes of ImageNet-21k, as Google’s networks and timm’s augreg have; they see pixels scaled to −1 to 1.',
    pooler: 'The file has the pooler of Hugging Face’s ViT, whose image processor scales pixels to −1 to 1.',
    transformer:
      'Nothing in the file says how pixels were normalized. ImageNet’s statistics are usual; timm’s augreg and Google’s networks see pixels scaled to −1 to 1.',
    unsaid: 'Nothing in the file says how pixels were normalized; ImageNet’s statistics are usual.',
  },
};

const zh: WeightsWords = {
  reasons: {
    only: '文件中唯一的网络',
    teacher: '教师网络，DINO 及其后续方法评估的是它',
    query: '查询编码器，MoCo 评估的是它',
    base: '基础编码器，MoCo v3 评估的是它',
    online: '在线网络，BYOL 评估的是它',
    trained: '经过训练的网络，其余是跟随它的副本',
    first: '文件中的第一个，名称未表明该方法评估哪一个',
    asked: '手动选择',
    order: '名称未知，按形状顺序对应',
    unsaid: '未记录原因',
  },
  choice: (name, reason, others) => `网络 ${name}：${reason}。未采用：${others}。`,
  whole: '（无前缀）',
  comma: '、',
  scalings: {
    imagenet: '按 ImageNet 的统计量归一化后',
    signed: '缩放到 −1 至 1 后',
    unit: '缩放到 0 至 1 后',
    levels: '取均值附近的 0 至 255 灰度级时',
  },
  fits: (images, scaling) => `${images} 张示例图像${scaling}与批归一化统计量相符。`,
  off: (images, from, distance) => `对于 ${images} 张示例图像，从 ${from} 起批归一化统计量出现偏差（${distance}）。`,
  overflow: '数值溢出',
  verdicts: {
    doubtful: '这些权重可能由差异很大的图像或其他归一化方式训练，可能未经训练，或者载入顺序有误。',
    unlike: '这些权重很可能载入顺序有误、训练时采用了其他归一化方式，或未经训练。',
  },
  pixels: {
    'classes-21k':
      '分类头有 ImageNet-21k 的 21,843 个类别，与 Google 的网络和 timm 的 augreg 相同；它们的输入像素缩放到 −1 至 1。',
    pooler: '文件中有 Hugging Face ViT 的池化层，其图像处理器把像素缩放到 −1 至 1。',
    transformer:
      '文件未说明像素的归一化方式。通常采用 ImageNet 的统计量；timm 的 augreg 与 Google 的网络的输入像素缩放到 −1 至 1。',
    unsaid: '文件未说明像素的归一化方式，通常采用 ImageNet 的统计量。',
  },
};

const wordsOf: Readonly<Record<Language, WeightsWords>> = { en, zh };

/** A network by what stands before its tensors. */
export const networkName = (language: Language, name: string): string => name || wordsOf[language].whole;

export const networkReason = (language: Language, why: NetworkReason): string => wordsOf[language].reasons[why];

/** The network taken, why, and those that were not. */
export function networkInWords(language: Language, { name, why, others }: NetworkChoice): string {
  const words = wordsOf[language];
  const named = (one: string): string => networkName(language, one);
  return words.choice(named(name), words.reasons[why], others.map(named).join(words.comma));
}

/** How the pictures of the check fit the statistics of the batch norms. */
export function normsInWords(language: Language, norms: NormCheck): string {
  const words = wordsOf[language];
  const { images, scaling, distance, first, layer, verdict } = norms;
  if (verdict === 'fits') return words.fits(images, words.scalings[scaling]);
  const far = distance === null ? words.overflow : `${distance.toFixed(2)} nats`;
  const gap = language === 'en' ? ' ' : '';
  return `${words.off(images, first ?? layer, far)}${gap}${words.verdicts[verdict]}`;
}

/** Why pixels are normalised as they are for these weights, unless a person says otherwise. */
export function pixelsInWords(
  language: Language,
  { norms, pixelsFrom, headsFrom }: Pick<ImportedWeights, 'norms' | 'pixelsFrom' | 'headsFrom'>,
): string {
  if (norms !== null) return normsInWords(language, norms);
  // Only vision transformers have heads.
  return wordsOf[language].pixels[pixelsFrom ?? (headsFrom === undefined ? 'unsaid' : 'transformer')];
}
