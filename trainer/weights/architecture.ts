/** Names a residual network that no encoder here has, from torchvision's names and its shapes. */
import type { Shape } from '../recipe.ts';

type Shapes = ReadonlyMap<string, Shape>;

const depthNames: Readonly<Record<string, string>> = {
  'basic 1,1,1,1': '10',
  'basic 2,2,2,2': '18',
  'basic 3,4,6,3': '34',
  'bottleneck 2,2,2,2': '26',
  'bottleneck 3,4,6,3': '50',
  'bottleneck 3,4,23,3': '101',
  'bottleneck 3,8,36,3': '152',
  'bottleneck 3,24,36,3': '200',
};

/** Parts beyond the plain network, by the name of a tensor. */
const parts: readonly (readonly [RegExp, string, string])[] = [
  [/^layer1\.0\.(se|se_module)\./, 'SE-', 'squeeze and excitation'],
  [/^(conv1|stem)\.\d+\.weight$/, '', 'a deep stem of several convolutions (ResNet-D and others)'],
  [/^conv[23]\.weight$/, '', 'a deep stem of several convolutions (CLIP)'],
  [/^layer\d\.0\.net\.\d\.main_conv\./, 'SK-', 'selective kernels'],
  [/^layer\d\.0\.conv[123]_/, '', 'split or strided attention in its blocks'],
];

function depthOf(shapes: Shapes): string {
  const depths = [1, 2, 3, 4].map((stage) => {
    const blocks = new Set<string>();
    for (const name of shapes.keys()) {
      const block = new RegExp(`^layer${stage}\\.(\\d+)\\.`).exec(name)?.[1];
      if (block !== undefined) blocks.add(block);
    }
    return blocks.size;
  });
  const block = shapes.has('layer1.0.conv3.weight') ? 'bottleneck' : 'basic';
  return depthNames[`${block} ${depths.join()}`] ?? ` of ${depths.join(', ')} ${block} blocks`;
}

/** Its name and what no encoder here has in it. */
function partsOf(shapes: Shapes): { readonly before: string; readonly after: string; readonly reasons: string[] } {
  const [first, inner, last] = [1, 2, 3].map((at) => shapes.get(`layer1.0.conv${at}.weight`));
  const names = [...shapes.keys()];
  const found = parts.filter(([pattern]) => names.some((name) => pattern.test(name)));
  const reasons = found.map(([, , why]) => why);
  let before = `${found.map(([, prefix]) => prefix).join('')}ResNet-`;
  let after = '';
  if (first?.length === 4 && inner?.length === 4) {
    const groups = first[0]! / inner[1]!;
    if (groups > 1) {
      before = before.replace('ResNet', 'ResNeXt');
      after = ` ${groups}x${inner[0]! / groups}d`;
      reasons.push('grouped convolutions');
    }
    const widening = last?.length === 4 ? (4 * inner[0]!) / last[0]! : 1;
    if (groups === 1 && widening > 1) {
      before = `Wide ${before}`;
      after = `-${widening}`;
      reasons.push('wider convolutions inside its blocks');
    }
    const stem = shapes.get('conv1.weight');
    if (groups === 1 && widening === 1 && found.length === 0 && stem?.length === 4 && stem[0] !== first[0])
      reasons.push(`stages ${first[0]} wide after a stem of ${stem[0]} channels (the halves of CMC)`);
  }
  if (names.some((name) => /^layer\d\.0\.downsample\.1\.weight$/.test(name) && shapes.get(name)!.length === 4))
    reasons.push('shortcuts that average before their convolution (ResNet-D)');
  if (names.includes('bn1.weight') && !names.includes('bn1.running_mean'))
    reasons.push('norms without running statistics (group norm, or batch norm saved without its buffers)');
  return { before, after, reasons };
}

/** A network as the end of "it is …", with the reason why no encoder here is like it. */
export function describedAs(shapes: Shapes): string {
  const { before, after, reasons } = partsOf(shapes);
  const name = `${before}${depthOf(shapes)}${after}`;
  return reasons.length === 0 ? name : `${name}: ${reasons.join('; ')}, which no encoder here has`;
}

/** Families without the blocks of a residual network, by a tensor's name. */
const families: readonly (readonly [RegExp, string])[] = [
  [/(^|\.)(root\.conv|stages\.\d\.blocks\.\d+\.norm1|block1\.unit01\.conv1)\./, 'a pre-activation ResNet (ResNet v2)'],
  [/(^|\.)res2_0_branch2a_/, "a ResNet in Caffe2's names, its batch norms folded into scales"],
  [/(^|\.)features\.denseblock1\./, 'a DenseNet'],
  [/(^|\.)stages\.\d\.\d+\.dwconv\.|(^|\.)stages\.\d\.blocks\.\d+\.conv_dw\./, 'a ConvNeXt'],
  [/(^|\.)layers\.\d\.blocks\.\d+\.attn\.relative_position_bias_table$/, 'a Swin transformer'],
  [/(^|\.)(patch_embed|patch_embeddings|conv_proj)\.|(^|\.)blocks\.\d+\.attn\.qkv\./, 'a vision transformer'],
];

export function familyOf(names: readonly string[]): string | null {
  return families.find(([pattern]) => names.some((name) => pattern.test(name)))?.[1] ?? null;
}
