/** Names that stand for a split, alone or with words that say nothing more: `val`, `Test_set`, `train2017`, `seg_test`. */

/** The words that a folder of class folders may be called by even if no other split is beside it. */
const plain: Readonly<Record<string, string>> = {
  train: 'train',
  training: 'train',
  val: 'val',
  valid: 'val',
  validation: 'val',
  test: 'test',
  testing: 'test',
};

const words: ReadonlyMap<string, string> = new Map([
  ...Object.entries(plain),
  ...'trains tr trn trainset trainingset'.split(' ').map((word) => [word, 'train'] as const),
  ...'vals vld valset validset validationset eval evalset evaluation dev devset holdout heldout'
    .split(' ')
    .map((word) => [word, 'val'] as const),
  ...'tests tst tstset testset testingset'.split(' ').map((word) => [word, 'test'] as const),
]);

/** Words beside that of the split that do not change what it means. */
const neutral: ReadonlySet<string> = new Set(
  'images image imgs img pictures pics photos data dataset set split folder files jpg jpeg png x'.split(' '),
);

/** Null if the name is none of the seven usual words. */
export function splitNamed(folderName: string): string | null {
  return plain[folderName.toLowerCase()] ?? null;
}

export interface SplitName {
  readonly split: string;
  /** Its other words, without numbers: folders that belong together share them. */
  readonly rest: string;
  /** True if they say nothing: `train_images`, but not `seg_train`. */
  readonly isPlain: boolean;
}

/** Words of a name: `trainImages-2017` is train, images, 2017. */
const wordsOf = (name: string): readonly string[] =>
  name
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{L})(\p{N})/gu, '$1 $2')
    .replace(/(\p{N})(\p{L})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');

/** The split that a name stands for; null if there is none in it, or two. */
export function splitInName(name: string): SplitName | null {
  const joined = words.get(name.toLowerCase().replaceAll(/[-_. ]/g, ''));
  if (joined !== undefined) return { split: joined, rest: '', isPlain: true };
  const parts = wordsOf(name);
  const found = new Set(parts.flatMap((word) => words.get(word) ?? []));
  const [split] = found;
  if (split === undefined || found.size > 1) return null;
  const others = parts.filter((word) => !words.has(word) && !/^\d+$/.test(word));
  return { split, rest: others.join(' '), isPlain: others.every((word) => neutral.has(word)) };
}

/** True for a name that says only that pictures are below it. */
export function isNeutral(name: string): boolean {
  const parts = wordsOf(name);
  return parts.some((word) => neutral.has(word)) && parts.every((word) => neutral.has(word) || /^\d+$/.test(word));
}
