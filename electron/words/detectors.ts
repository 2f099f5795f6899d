/** What is told of an imported detector, and of how its network sees pictures. */
import type { Convention, ConventionFrom, DetectorInFile, ImportedWeights } from '../../trainer/protocol/weights.ts';
import type { Language } from '../api/settings.ts';
import { sentenceIn } from './sentences.ts';

type Described = Pick<ImportedWeights, 'detector' | 'noDetector' | 'convention'>;

interface DetectorWords {
  readonly names: { readonly detector: string; readonly pictures: string };
  readonly detector: (title: string, classes: number, parts: string) => string;
  readonly comma: string;
  readonly parts: Readonly<Record<'extraNorm' | 'pyramidNorm' | 'frozen' | 'batch', string>>;
  readonly taken: (tensors: number, prefix: string) => string;
  readonly conventions: Readonly<Record<Convention, string>>;
  readonly from: Readonly<Record<ConventionFrom, string>>;
  readonly otherWay: Readonly<Record<Convention, string>>;
  readonly measured: (names: string) => string;
  readonly otherClasses: (own: number, data: number) => string;
}

const titles: Readonly<Record<DetectorInFile['evaluator'], string>> = {
  'detection-c4': 'Faster R-CNN C4',
  'detection-fpn': 'Mask R-CNN FPN',
};

const en: DetectorWords = {
  names: { detector: 'Detector', pictures: 'Pictures' },
  detector: (title, classes, parts) => `${title}, ${classes} ${classes === 1 ? 'class' : 'classes'}, ${parts}`,
  comma: ', ',
  parts: {
    extraNorm: 'batch norm after res5',
    pyramidNorm: 'batch norm in the pyramid',
    frozen: 'frozen batch norm in the encoder',
    batch: 'trained batch norm in the encoder',
  },
  taken: (tensors, prefix) =>
    `${tensors} tensors${prefix === '' ? '' : ` below “${prefix}”`}: convolutions and matrices transposed, pooled features and the transposed convolution of the masks reordered, the background class last as in detectron2`,
  conventions: {
    caffe2:
      'blue first, levels around the mean (MSRA), stride in the first 1 × 1; the first convolution is turned to red first',
    torchvision: 'red first, normalized with ImageNet’s statistics (torchvision), stride in the 3 × 3',
  },
  from: {
    asked: 'as stated at the import',
    pixels: 'as the pixel mean in the file states',
    norms: 'as the batch norms show, which are folded into a scale and a shift',
    usual: 'assumed: the file does not state it',
  },
  otherWay: {
    caffe2: 'Import as torchvision’s: red first',
    torchvision: 'Import as MSRA’s: blue first',
  },
  measured: (names) =>
    `The detector of the file is measured as it is, without training. Its classes are taken in the order of the data’s ids: ${names}.`,
  otherClasses: (own, data) =>
    `The detector of the file finds ${own} classes, and this data has ${data}: only its encoder is used, with a new detector.`,
};

const zh: DetectorWords = {
  names: { detector: '检测器', pictures: '图像' },
  detector: (title, classes, parts) => `${title}，${classes} 个类别，${parts}`,
  comma: '，',
  parts: {
    extraNorm: 'res5 之后有批归一化',
    pyramidNorm: '特征金字塔中有批归一化',
    frozen: '编码器的批归一化已冻结',
    batch: '编码器的批归一化参与训练',
  },
  taken: (tensors, prefix) =>
    `${prefix === '' ? '' : `“${prefix}”之下的 `}${tensors} 个张量：卷积核与矩阵已转置，池化特征与掩码的转置卷积已重排，背景类同 detectron2 排在最后`,
  conventions: {
    caffe2: '蓝色通道在前，像素为减去均值的 0–255 级（MSRA），步幅在第一个 1 × 1 卷积；首个卷积已改为红色在前',
    torchvision: '红色通道在前，按 ImageNet 的统计量归一化（torchvision），步幅在 3 × 3 卷积',
  },
  from: {
    asked: '导入时指定',
    pixels: '依据文件中的像素均值',
    norms: '依据已折叠为缩放与平移的批归一化',
    usual: '假定：文件中没有说明',
  },
  otherWay: {
    caffe2: '按 torchvision 导入：红色在前',
    torchvision: '按 MSRA 导入：蓝色在前',
  },
  measured: (names) => `直接评估文件中的检测器，不做训练。其类别按数据的编号顺序对应：${names}。`,
  otherClasses: (own, data) =>
    `文件中的检测器有 ${own} 个类别，而该数据有 ${data} 个：只使用其编码器，并配以新的检测器。`,
};

const wordsOf: Readonly<Record<Language, DetectorWords>> = { en, zh };

function partsOf({ options }: DetectorInFile, words: DetectorWords): string {
  const { extraNorm, pyramidNorm, norm } = options;
  const parts = [
    ...(extraNorm === true ? [words.parts.extraNorm] : []),
    ...(pyramidNorm === true ? [words.parts.pyramidNorm] : []),
    norm === 'frozen' ? words.parts.frozen : words.parts.batch,
  ];
  return parts.join(words.comma);
}

/** Facts as names with texts: none of a network from elsewhere. */
export function detectorFacts(
  language: Language,
  { detector, noDetector, convention }: Described,
): readonly { readonly name: string; readonly text: string }[] {
  const words = wordsOf[language];
  const stop = language === 'zh' ? '；' : '; ';
  const about = (text: string) => ({ name: words.names.detector, text });
  return [
    ...(detector === null
      ? []
      : [
          about(
            words.detector(titles[detector.evaluator], detector.classes, partsOf(detector, words)) +
              stop +
              words.taken(detector.tensors, detector.prefix),
          ),
        ]),
    ...(noDetector === null ? [] : [about(sentenceIn(language, noDetector, String))]),
    ...(convention === undefined
      ? []
      : [
          {
            name: words.names.pictures,
            text: `${words.conventions[convention.is]}${language === 'zh' ? `（${words.from[convention.from]}）` : ` (${words.from[convention.from]})`}`,
          },
        ]),
  ];
}

/** Words of the button that imports the same file the other way. */
export const otherConvention = (language: Language, convention: Convention): string =>
  wordsOf[language].otherWay[convention];

const mostNamed = 12;

/** What an evaluation by the detector's own evaluator does with it. */
export function detectorUse(
  language: Language,
  { classes }: Pick<DetectorInFile, 'classes'>,
  data: readonly string[],
): string {
  const words = wordsOf[language];
  if (classes !== data.length) return words.otherClasses(classes, data.length);
  const named = data.slice(0, mostNamed).join(language === 'zh' ? '、' : ', ');
  return words.measured(data.length > mostNamed ? `${named}${language === 'zh' ? '……' : ', …'}` : named);
}
