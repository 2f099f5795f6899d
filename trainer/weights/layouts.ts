/**
 * Layouts of residual networks in other programs' files, as data: each renames a file's tensors to torchvision's names.
 * `resources/weights/zoo.md` lists them.
 */
import type { NetworkReason } from '../protocol/weights.ts';

/** A pattern, and what takes its place; `#` is the number of the pattern's group plus the third. */
type Rule = readonly [RegExp, string, number?];

export interface Layout {
  readonly name: string;
  readonly rules: readonly Rule[];
}

/** Wrappers inside a network, by torch.compile, FSDP, checkpointing and DataParallel. Those before it are its prefix. */
const wrappers: Rule = [
  /(?<=(?:^|\.)(?:layer\d|res\d|stages\.\d)(?:\.\w+)*\.)(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module|module)\./g,
  '',
];

/** Children of a network in a Sequential. Modules without weights count, so that the first stage stands at 2 to 4. */
const sequential = (firstStage: number): Layout => ({
  name: `Sequential with its first stage at ${firstStage}`,
  rules: [
    [/(?<=^|\.)([2-7])\.(?=\d+\.(?:conv\d|bn\d|downsample|shortcut)\.)/, 'layer#.', 1 - firstStage],
    [/(?<=\.)shortcut\.(?=[01]\.)/, 'downsample.'],
    [/(?<=^|\.)(?<!downsample\.)0\.(?=weight$)/, 'conv1.'],
    [/(?<=^|\.)(?<!downsample\.)1\.(?=(?:weight|bias|running_mean|running_var|num_batches_tracked)$)/, 'bn1.'],
  ],
});

/** Blocks of two or three convolutions, numbered with their norms and activations but for the last norm. */
const classyVision = (convolutions: number): Layout => ({
  name: `Classy Vision with ${convolutions} convolutions a block`,
  rules: [
    [/(?<=^|\.)initial_block\._module\.0\./, 'conv1.'],
    [/(?<=^|\.)initial_block\._module\.1\./, 'bn1.'],
    [/(?<=^|\.)blocks\.([0-3])\.block[0-3]-/, 'layer#.', 1],
    [/(?<=\.)convolutional_block\.0\./, 'conv1.'],
    [/(?<=\.)convolutional_block\.1\./, 'bn1.'],
    [/(?<=\.)convolutional_block\.3\./, 'conv2.'],
    [/(?<=\.)convolutional_block\.4\./, 'bn2.'],
    [/(?<=\.)convolutional_block\.6\./, 'conv3.'],
    [/(?<=layer\d\.\d+\.)bn\./, `bn${convolutions}.`],
  ],
});

export const layouts: readonly Layout[] = [
  { name: 'torchvision', rules: [] },
  { name: 'shortcut', rules: [[/(?<=layer\d\.\d+\.)shortcut\.(?=[01]\.)/, 'downsample.']] },
  {
    name: 'Hugging Face',
    rules: [
      [/(?<=^|\.)embedder\.embedder\.convolution\./, 'conv1.'],
      [/(?<=^|\.)embedder\.embedder\.normalization\./, 'bn1.'],
      [/(?<=^|\.)(?:encoder\.)?stages\.(\d)\.layers\./, 'layer#.', 1],
      [/(?<=\.)layer\.(\d)\.convolution\./, 'conv#.', 1],
      [/(?<=\.)layer\.(\d)\.normalization\./, 'bn#.', 1],
      [/(?<=\.)shortcut\.convolution\./, 'downsample.0.'],
      [/(?<=\.)shortcut\.normalization\./, 'downsample.1.'],
    ],
  },
  {
    name: 'detectron2',
    rules: [
      [/(?<=^|\.)stem\.conv1\.norm\./, 'bn1.'],
      [/(?<=^|\.)stem\.conv1\./, 'conv1.'],
      // Where a detector looks at its regions by the last stage.
      [/(?<=^|\.)roi_heads\.res(5)\.(?=\d)/, 'backbone.layer#.', -1],
      [/(?<=^|\.)res([2-5])\.(?=\d)/, 'layer#.', -1],
      [/(?<=\.)conv([123])\.norm\./, 'bn#.', 0],
      [/(?<=\.)shortcut\.norm\./, 'downsample.1.'],
      [/(?<=\.)shortcut\.(?=weight$)/, 'downsample.0.'],
    ],
  },
  sequential(2),
  sequential(3),
  sequential(4),
  {
    name: 'OBoW',
    rules: [
      [/(?<=(?:^|\.)_feature_blocks\.)([1-4])\.(?=\d+\.(?:conv\d|bn\d|downsample)\.)/, 'layer#.', 0],
      [/(?<=(?:^|\.)_feature_blocks\.)0\.0\.(?=weight$)/, 'conv1.'],
      [/(?<=(?:^|\.)_feature_blocks\.)0\.1\./, 'bn1.'],
    ],
  },
  classyVision(3),
  classyVision(2),
  {
    name: 'SimCLR v2',
    rules: [
      [/(?<=^|\.)net\.([1-4])\.blocks\./, 'layer#.', 0],
      [/(?<=^|\.)net\.0\.0\.(?=weight$)/, 'conv1.'],
      [/(?<=^|\.)net\.0\.1\.0\./, 'bn1.'],
      [/(?<=layer\d\.\d+\.)projection\.shortcut\./, 'downsample.0.'],
      [/(?<=layer\d\.\d+\.)projection\.bn\.0\./, 'downsample.1.'],
      ...[1, 2, 3].flatMap((at): readonly Rule[] => [
        [new RegExp(`(?<=layer\\d\\.\\d+\\.)net\\.${2 * at - 2}\\.(?=weight$)`), `conv${at}.`],
        [new RegExp(`(?<=layer\\d\\.\\d+\\.)net\\.${2 * at - 1}\\.0\\.`), `bn${at}.`],
      ]),
    ],
  },
];

export const renamed = ({ rules }: Layout, name: string): string =>
  [wrappers, ...rules].reduce(
    (current, [from, to, by = 0]) => current.replace(from, (_, digit) => to.replace('#', String(Number(digit) + by))),
    name,
  );

/** What tells two networks of a file apart: the one that is used, the copy, and whose custom it is. */
interface Roles {
  readonly used: string;
  readonly other: string;
  readonly why: NetworkReason;
}

const roles: readonly Roles[] = [
  { used: 'teacher', other: 'student', why: 'teacher' },
  { used: 'encoder_q', other: 'encoder_k', why: 'query' },
  { used: 'base_encoder', other: 'momentum_encoder', why: 'base' },
  { used: 'online', other: 'target', why: 'online' },
  // lightly's benchmark of DINO.
  { used: 'backbone', other: 'student', why: 'teacher' },
];

/** Words of copies that follow the trained network. */
const copies = ['momentum', 'ema', 'target', 'key', 'encoder_k', 'encoder_t', 'model_t', 'teacher'];

/** Whether a path has a word, or several joined by underscores, as whole words. */
const hasWords = (path: string, words: string): boolean => new RegExp(`(^|[._])${words}([._]|$)`).test(path);

/** The network among several that its method evaluates, and why it is that one. */
export function usedOf(names: readonly string[]): { readonly name: string; readonly why: NetworkReason } {
  if (names.length === 1) return { name: names[0]!, why: 'only' };
  for (const { used, other, why } of roles) {
    const found = names.find((name) => hasWords(name, used) && !hasWords(name, other));
    if (found !== undefined && names.some((name) => hasWords(name, other))) return { name: found, why };
  }
  const trained = names.filter((name) => !copies.some((word) => hasWords(name, word)));
  if (trained.length === 1) return { name: trained[0]!, why: 'trained' };
  const [first] = trained.length > 0 ? trained : names;
  return { name: first!, why: 'first' };
}
