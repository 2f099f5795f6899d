/**
 * Subsets of ImageNet, known by their classes: the SHA-256 of the sorted WordNet ids, each followed by a line feed. A
 * title is given only where all classes agree.
 */
import { hash } from 'node:crypto';

const subsets: Readonly<Record<string, string>> = {
  // Tian et al., Contrastive Multiview Coding (ECCV 2020): imagenet100.txt of github.com/HobbitLong/CMC.
  '5ee5db69d488bb799a286d8e181801c3d02798776c1ce9203e5450f64e086e07': 'ImageNet-100 (CMC)',
  // Labels.json of kaggle.com/datasets/ambityga/imagenet100.
  '86bc5c0b92179267729b4b1efc27c5cf14a321fdc3a689b3cc217a5c492a8a6b': 'ImageNet-100 (Kaggle)',
  // CS231N, Stanford: wnids.txt of tiny-imagenet-200.zip.
  '342d6acf18911d62da4c981221f833718a3ef8299e55512239e09c64e49a344c': 'Tiny-ImageNet',
  // github.com/fastai/imagenette.
  bbf5739ac32da1a75c7279e5d0df6b14017de2a5f5e99a3ddba915ede171741b: 'Imagenette',
  e0df343b334d68d2301c65f2c90bd60529d335360bd52130aff755513706bb34: 'Imagewoof',
};

/** `ids`: in any order. Null if these are the classes of no known subset. */
export function subsetNamed(ids: readonly string[]): string | null {
  const lines = ids.toSorted().map((id) => `${id}\n`);
  return subsets[hash('sha256', lines.join(''))] ?? null;
}
