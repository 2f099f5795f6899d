/** What is told of an imported vision transformer beyond its name: what no file says, and what its program does. */
import type { ImportedWeights, Resizing } from '../../trainer/protocol/weights.ts';
import type { Language } from '../api/settings.ts';

type Described = Pick<ImportedWeights, 'encoder' | 'layout' | 'headsFrom'>;
type HeadsFrom = NonNullable<Described['headsFrom']>;

interface TransformerWords {
  readonly names: {
    readonly program: string;
    readonly features: string;
    readonly positions: string;
    readonly heads: string;
  };
  readonly classToken: string;
  readonly meanOfPatches: string;
  readonly positions: (size: string, side: string, way: string) => string;
  readonly ways: Readonly<Record<Resizing, string>>;
  readonly heads: Readonly<Record<HeadsFrom, string>>;
  readonly resized: (from: string, to: string) => string;
}

const en: TransformerWords = {
  names: { program: 'Naming scheme', features: 'Features', positions: 'Position embeddings', heads: 'Attention heads' },
  classToken: 'class token after the last layer norm',
  meanOfPatches: 'mean of the patch tokens, then layer norm',
  positions: (size, side, way) =>
    `for ${size} px (${side} × ${side} patches); resized bicubically for other sizes, ${way}`,
  ways: {
    size: 'by the grid sizes, as MAE and Hugging Face do',
    dino: 'by DINO’s scale factor, with its offset of 0.1',
    antialiased: 'with antialiasing, as timm does',
    corners: 'with aligned corners, as torchvision does',
  },
  heads: {
    asked: ', as stated at the import',
    program: ', as MoCo v3 has at this size; a file of weights does not state it',
    size: ', as published networks of this width have; a file of weights does not state it',
    width: ', assumed: one for each 64 channels; a file of weights does not state it',
  },
  resized: (from, to) => `Position embeddings are resized bicubically from ${from} to ${to} patches.`,
};

const zh: TransformerWords = {
  names: { program: '张量命名', features: '特征', positions: '位置编码', heads: '注意力头' },
  classToken: '最后一个层归一化之后的类别 token',
  meanOfPatches: '图块 token 取均值，再做层归一化',
  positions: (size, side, way) => `对应边长 ${size} 像素（${side} × ${side} 个图块）；其他尺寸用双三次插值，${way}`,
  ways: {
    size: '按网格尺寸，同 MAE 与 Hugging Face',
    dino: '按 DINO 的缩放因子，带 0.1 的偏移',
    antialiased: '带抗锯齿，同 timm',
    corners: '角点对齐，同 torchvision',
  },
  heads: {
    asked: ' 个，导入时指定',
    program: ' 个，同 MoCo v3 的该尺寸网络；权重文件中没有这一信息',
    size: ' 个，同该宽度的已发表网络；权重文件中没有这一信息',
    width: ' 个，为假定值：每 64 个通道一个；权重文件中没有这一信息',
  },
  resized: (from, to) => `位置编码由 ${from} 个图块用双三次插值缩放到 ${to} 个。`,
};

const wordsOf: Readonly<Record<Language, TransformerWords>> = { en, zh };

/** Facts as names with texts; none of another encoder. */
export function transformerFacts(
  language: Language,
  { encoder, layout, headsFrom }: Described,
): readonly { readonly name: string; readonly text: string }[] {
  if (headsFrom === undefined) return [];
  const words = wordsOf[language];
  const { options } = encoder;
  const side = Math.floor(Number(options['imageSize']) / Number(options['patch']));
  const way = words.ways[options['positions'] as Resizing];
  return [
    { name: words.names.program, text: layout ?? '–' },
    { name: words.names.features, text: options['features'] === 'patches' ? words.meanOfPatches : words.classToken },
    { name: words.names.positions, text: words.positions(String(options['imageSize']), String(side), way) },
    { name: words.names.heads, text: `${String(options['heads'])}${words.heads[headsFrom]}` },
  ];
}

/** That position embeddings are resized, for images of another number of patches than they are for. */
export const resizedInWords = (
  language: Language,
  { from, to }: { readonly from: string; readonly to: string },
): string => wordsOf[language].resized(from, to);
