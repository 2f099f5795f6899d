/** Looks at every picture of a tree before anything trains on it: reads it, decodes it, hashes its bytes. */
import { hash } from 'node:crypto';
import { join } from 'node:path';
import { FaultError } from '../fault.ts';
import type { Inspection, SplitInspection } from '../protocol/dataset.ts';
import type { InspectProgress } from '../recipe.ts';
import { decode } from './decode.ts';
import { readPicture, scanTree, splitRule, type Tree, type TreeFile } from './image-tree.ts';
import { countClasses, describeFolder, reasonOf, startFindings, throwIfCancelled } from './inspection.ts';

export interface TreeDescription {
  readonly dataset: string;
  readonly title: string;
  readonly expected: readonly string[];
  readonly licence: string | null;
  readonly source: string | null;
  /** What is wrong with a readable file beyond being readable, or null: its hash differs from a manifest's, say. */
  check?(path: string, sha256: string): string | null;
}

/** Pictures decoded at the same time: enough to keep the decoder's threads busy, few enough to bound the memory. */
const inFlight = 4;

type Verdict =
  | { readonly reason: string }
  | { readonly size: number; readonly digest: Buffer; readonly width: number; readonly height: number };

async function examine(path: string): Promise<Verdict> {
  try {
    const bytes = await readPicture(path);
    const { width, height } = await decode({ kind: 'encoded', bytes }, 3);
    return { size: bytes.length, digest: hash('sha256', bytes, 'buffer'), width, height };
  } catch (error) {
    if (error instanceof FaultError) return { reason: error.message };
    return { reason: reasonOf(error) };
  }
}

/** Hands over verdicts in the order of the files, with a few being worked on ahead. */
async function* examineAll(root: string, files: readonly TreeFile[]): AsyncGenerator<readonly [TreeFile, Verdict]> {
  const started: Promise<Verdict>[] = [];
  for (let next = 0, i = 0; i < files.length; i++) {
    for (; next < files.length && next < i + inFlight; next++) started.push(examine(join(root, files[next]!.path)));
    yield [files[i]!, await started.shift()!];
  }
}

function describeTree(tree: Tree): readonly string[] {
  const words: Readonly<Record<Tree['kind'], string>> = {
    splits: `split folders: ${tree.splits.map((each) => each.split).join(', ')}`,
    classes: 'one folder of classes',
    flat: 'pictures without class folders: for pretraining only',
    none: 'no pictures',
  };
  const lines = [words[tree.kind]];
  if (tree.classes.length === 1) lines.push('only one class: nothing can be learned by labels');
  if (tree.otherFiles > 0) lines.push(`${tree.otherFiles} other files, left alone`);
  return lines;
}

export async function inspectTree(
  root: string,
  description: TreeDescription,
  progress: InspectProgress,
  signal: AbortSignal,
): Promise<Inspection> {
  const findings = startFindings(root);
  progress(0, null);
  const tree = await scanTree(root, signal);
  for (const { file, reason } of tree.problems) findings.reject(file, reason);
  const total = tree.splits.reduce((sum, split) => sum + split.files.length, 0);
  const splits: SplitInspection[] = [];
  let done = 0;
  for (const { split, labelled, files } of tree.splits) {
    const labels: number[] = [];
    let images = 0;
    for await (const [{ path, label }, verdict] of examineAll(root, files)) {
      throwIfCancelled(signal);
      if (++done % 25 === 0 || done === total) progress(done, total);
      if ('reason' in verdict) {
        findings.reject(path, verdict.reason);
        continue;
      }
      const { size, digest, width, height } = verdict;
      const sha256 = digest.toString('hex');
      const doubt = description.check?.(path, sha256) ?? null;
      if (doubt !== null) {
        findings.reject(path, doubt);
        continue;
      }
      findings.file(path, size, sha256);
      findings.picture(split, path, digest, width, height);
      images++;
      if (labelled) labels.push(label);
    }
    splits.push({ split, images, perClass: labelled ? countClasses(labels, tree.classes.length) : [] });
  }
  return findings.finish({
    dataset: description.dataset,
    title: description.title,
    expected: description.expected,
    found: [...(await describeFolder(root)), ...describeTree(tree)],
    splits,
    classes: tree.classes,
    channels: 3,
    licence: description.licence,
    source: description.source,
    splitRule: tree.kind === 'classes' ? splitRule : null,
  });
}
