/** Encoders as a person calls them, from the names that comparisons and the papers' cells use. */
import type { Choice, OptionValue } from '../../trainer/protocol/options.ts';
import type { Language } from '../api/settings.ts';

interface EncoderWords {
  readonly comma: string;
  readonly pixels: string;
  /** Times as wide as the network that is called by its depth alone. */
  readonly wider: (name: string, times: string) => string;
  readonly overTime: (name: string) => string;
  readonly smallStem: string;
  readonly strideFirst: string;
  readonly smallStemWithStride: (stride: string) => string;
  /** By the option's key. */
  readonly options: Readonly<Record<string, (value: string) => string>>;
}

const en: EncoderWords = {
  comma: ', ',
  pixels: 'raw pixels',
  wider: (name, times) => `${name} (${times}×)`,
  overTime: (name) => `1-D ${name}`,
  smallStem: 'small stem',
  strideFirst: 'stride in the first 1 × 1',
  smallStemWithStride: (stride) => `small stem with stride ${stride}`,
  options: {
    stemPadding: (value) => `stem padding ${value}`,
    width: (value) => `width ${value}`,
    patch: (value) => `patch size ${value}`,
    depth: (value) => (value === '1' ? '1 block' : `${value} blocks`),
    heads: (value) => (value === '1' ? '1 attention head' : `${value} attention heads`),
    imageSize: (value) => `position embeddings for ${value} px`,
    registers: (value) => (value === '1' ? '1 register' : `${value} registers`),
    layerScale: () => 'LayerScale',
    features: () => 'mean of the patch tokens',
  },
};

const zh: EncoderWords = {
  comma: '，',
  pixels: '原始像素',
  wider: (name, times) => `${name}（${times}×）`,
  overTime: (name) => `一维 ${name}`,
  smallStem: '小图像输入层（stem）',
  strideFirst: '步幅在第一个 1 × 1 卷积',
  smallStemWithStride: (stride) => `小图像输入层（stem），步幅 ${stride}`,
  options: {
    stemPadding: (value) => `输入层填充 ${value}`,
    width: (value) => `宽度 ${value}`,
    patch: (value) => `图块边长 ${value}`,
    depth: (value) => `${value} 个块`,
    heads: (value) => `${value} 个注意力头`,
    imageSize: (value) => `位置编码对应边长 ${value} 像素`,
    registers: (value) => `${value} 个寄存器 token`,
    layerScale: () => 'LayerScale',
    features: () => '图块 token 的均值',
  },
};

const wordsOf: Readonly<Record<Language, EncoderWords>> = { en, zh };

/** Channels after the stem of a residual network that is called by its depth alone. */
const baseWidth = 64;

/** `resnet-18 stem small, stemStride 2, width 16` → "ResNet-18, small stem with stride 2, width 16". Of two encoders both. */
export function encoderInWords(language: Language, name: string): string {
  return name
    .split(' + ')
    .map((one) => oneInWords(wordsOf[language], one))
    .join(' + ');
}

/** The encoder of a configuration or of imported weights: what a residual network has as torchvision's own is not told. */
export function chosenEncoderInWords(language: Language, { id, options }: Choice): string {
  const { stem, stemStride, stemPadding = 1, width, zeroInitResidual, ...others } = options;
  const times = typeof width === 'number' && stem !== undefined ? width / baseWidth : 1;
  const isWider = times > 1 && Number.isInteger(times);
  const told = {
    ...(stem === 'small' ? { stem, ...(stemStride === undefined ? {} : { stemStride }) } : {}),
    ...(stem === 'small' && stemPadding !== 1 ? { stemPadding } : {}),
    ...(width === undefined || isWider || (stem !== undefined && times === 1) ? {} : { width }),
    ...others,
  };
  return inWords(wordsOf[language], isWider ? `${id}x${times}` : id, Object.entries(told));
}

function oneInWords(words: EncoderWords, name: string): string {
  if (name === 'pixels') return words.pixels;
  const overTime = name.replace(/ 1-d$/, '');
  if (overTime !== name) return words.overTime(titleOf(words, overTime));
  const [id = '', ...rest] = name.split(' ');
  const options = rest.join(' ').split(', ').filter(Boolean);
  return inWords(
    words,
    id,
    options.map((option) => {
      const [key = '', ...value] = option.split(' ');
      return [key, value.join(' ')];
    }),
  );
}

function inWords(words: EncoderWords, id: string, options: readonly (readonly [string, OptionValue])[]): string {
  const values = new Map(options.map(([key, value]) => [key, String(value)]));
  if (id === 'vit') return transformerInWords(words, values);
  if (id === 'resnet-caffe2') return caffeInWords(words, values);
  const stem = values.get('stem');
  const stride = values.get('stemStride');
  const parts = [
    titleOf(words, id),
    ...(stem === 'small'
      ? [stride !== undefined && stride !== '1' ? words.smallStemWithStride(stride) : words.smallStem]
      : []),
    ...[...values]
      .filter(([key]) => stem !== 'small' || (key !== 'stem' && key !== 'stemStride'))
      .map(([key, value]) => words.options[key]?.(value) ?? `${spelledOut(key)} ${value}`),
  ];
  return parts.join(words.comma);
}

/** Published sizes by width and depth; what an imported vision transformer has where its name says nothing. */
const transformerSizes: Readonly<Record<string, string>> = {
  '192 12': 'Ti',
  '384 12': 'S',
  '768 12': 'B',
  '1024 24': 'L',
  '1280 32': 'H',
};
const transformerDefaults = { patch: '16', width: '768', depth: '12', heads: '12', imageSize: '224', registers: '0' };

/** "ViT-B/16, position embeddings for 384 px". How positions are resized and a norm's epsilon are told elsewhere. */
function transformerInWords(words: EncoderWords, given: ReadonlyMap<string, string>): string {
  const values = new Map([...Object.entries(transformerDefaults), ...given]);
  const of = (key: string): string => values.get(key)!;
  const size = transformerSizes[`${of('width')} ${of('depth')}`];
  const usualHeads = size === 'H' ? 16 : Number(of('width')) / 64;
  const told = [
    ...(size === undefined ? ['patch', 'width', 'depth'] : []),
    ...(Number(of('heads')) === usualHeads ? [] : ['heads']),
    ...(of('imageSize') === transformerDefaults.imageSize ? [] : ['imageSize']),
    ...(of('registers') === '0' ? [] : ['registers']),
    ...(values.get('layerScale') === 'true' ? ['layerScale'] : []),
    ...(values.get('features') === 'patches' ? ['features'] : []),
  ];
  const name = size === undefined ? 'ViT' : `ViT-${size}/${of('patch')}`;
  return [name, ...told.map((key) => words.options[key]!(of(key)))].join(words.comma);
}

/** "ResNet-50, stride in the first 1 × 1": Caffe's, of which detectron2's detectors are made. */
function caffeInWords(words: EncoderWords, values: ReadonlyMap<string, string>): string {
  const width = values.get('width') ?? String(baseWidth);
  const isUsual = width === String(baseWidth);
  const name = titleOf(words, `resnet-${values.get('layers') ?? '50'}`);
  return [name, ...(isUsual ? [] : [words.options['width']!(width)]), words.strideFirst].join(words.comma);
}

/** `resnet-50x2`, `n-resnet-50x2`, `resnext-101-32-16`, `vit-s-16`; an architecture that is none of these keeps its id. */
function titleOf(words: EncoderWords, id: string): string {
  const [, narrow = '', depth, times] = /^(n-)?resnet-(\d+)(?:x(\d+))?$/.exec(id) ?? [];
  if (depth !== undefined) {
    const name = `${narrow.toUpperCase()}ResNet-${depth}`;
    return times === undefined ? name : words.wider(name, times);
  }
  const [, layers, groups, width] = /^resnext-(\d+)-(\d+)-(\d+)$/.exec(id) ?? [];
  if (layers !== undefined) return `ResNeXt-${layers} ${groups}×${width}d`;
  const [, size, patch] = /^vit-([a-z]+)-(\d+)$/.exec(id) ?? [];
  if (size !== undefined) return `ViT-${size.charAt(0).toUpperCase()}${size.slice(1)}/${patch}`;
  return id === 'gru' ? 'GRU' : id;
}

/** An option or a field that nobody has worded: `someNewOption` → "some new option". */
export function spelledOut(identifier: string): string {
  return identifier
    .replace(/([a-z0-9])([A-Z])/g, (_, before: string, letter: string) => `${before} ${letter.toLowerCase()}`)
    .replace(/[._]+/g, ' ');
}
