/** What is odd about the classes of a listing, in sentences. */
import type { SplitInspection } from '../../protocol/dataset.ts';
import { printable } from '../rejects.ts';
import { ordersDiffer } from './class-order.ts';
import { isDate } from './tree-plan.ts';
import { asIs, said, type Sentence, type Value } from '../../protocol/sentence.ts';

const mostNamed = 5;

function names(classes: readonly Value[]): Value {
  const shown = classes.slice(0, mostNamed).map((name) => (typeof name === 'string' ? printable(name) : name));
  return classes.length > mostNamed ? [...shown, said`… (${classes.length})`] : shown;
}

/** Classes for which a test of their number is true. */
const which = (classes: readonly string[], test: (label: number) => boolean) =>
  classes.filter((_, label) => test(label));

/** Names that belong together. */
const together = ([first = '', ...others]: readonly string[]): Sentence =>
  others.reduce((all, name) => said`${all} and ${name}`, asIs(first));

function sameButForCase(classes: readonly string[]): readonly Sentence[] {
  const byFolded = new Map<string, string[]>();
  for (const name of classes) {
    const folded = name.normalize('NFC').toLowerCase();
    byFolded.set(folded, [...(byFolded.get(folded) ?? []), name]);
  }
  return [...byFolded.values()].filter((each) => each.length > 1).map((each) => together(each.map(printable)));
}

function orderWarnings(classes: readonly string[]): readonly Sentence[] {
  if (!ordersDiffer(classes)) return [];
  return classes.every((name, at) => at === 0 || Number(name) >= Number(classes[at - 1]))
    ? [
        said`Class names are numbers, in the order of the numbers: a classifier that was trained with torchvision, which orders them as text, numbers them otherwise.`,
      ]
    : [
        said`Class names are numbers, in the order of text: 10 comes before 2. A list that counts them in another order does not fit.`,
      ];
}

/** Warnings on counts. Splits without labels have nothing to say. */
function countWarnings(classes: readonly string[], splits: readonly SplitInspection[]): readonly Sentence[] {
  const labelled = splits.filter(({ perClass }) => perClass.length > 0);
  const count = (label: number) => labelled.reduce((sum, { perClass }) => sum + (perClass[label] ?? 0), 0);
  const empty = which(classes, (label) => count(label) === 0);
  const single = which(classes, (label) => count(label) === 1);
  const images = labelled.reduce((sum, split) => sum + split.images, 0);
  if (classes.length > 1 && images === classes.length && empty.length === 0)
    return [
      said`There are as many classes as pictures (${images}): the folders are probably no classes. Pretraining without labels is possible, figures by classes mean nothing.`,
    ];
  const train = labelled.find(({ split }) => split === 'train');
  const missing = labelled.flatMap(({ split, perClass }) => {
    if (train === undefined || split === 'train') return [];
    const absent = which(classes, (label) => (train.perClass[label] ?? 0) > 0 && (perClass[label] ?? 0) === 0);
    return absent.length === 0 ? [] : [said`Classes of train without pictures in ${split}: ${names(absent)}.`];
  });
  return [
    ...(empty.length > 0 ? [said`Classes without usable pictures: ${names(empty)}.`] : []),
    ...missing,
    ...(single.length > 0 ? [said`Classes with one picture in all: ${names(single)}.`] : []),
  ];
}

export function classWarnings(classes: readonly string[], splits: readonly SplitInspection[]): readonly Sentence[] {
  if (splits.every(({ perClass }) => perClass.length === 0)) return [];
  const folded = sameButForCase(classes);
  return [
    ...countWarnings(classes, splits),
    ...(folded.length > 0
      ? [said`Class names that differ only in case: ${names(folded)}. They are separate classes.`]
      : []),
    ...orderWarnings(classes),
    ...(classes.length > 1 && classes.every(isDate)
      ? [said`The classes look like dates: if they are none, pretrain without labels.`]
      : []),
  ];
}
