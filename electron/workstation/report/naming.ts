/** Names of things in the report's language. */
import type { ComparisonRow, Reason } from '../../api/comparison.ts';
import type { Cell } from '../../../trainer/protocol/paper.ts';
import { choiceInWords } from '../../words/choices.ts';
import { datasetInWords, namesInLists, splitInWords } from '../../words/dataset-names.ts';
import { encoderInWords } from '../../words/encoders.ts';
import { fieldInWords } from '../../words/fields.ts';
import { isChosenOnTest, testMark } from '../../words/replication.ts';
import { decimal, nothing } from './format.ts';
import { en, type Words } from './locales/en.ts';
import { zh } from './locales/zh.ts';
import type { ReportModel } from './model.ts';

export const wordsOf: Readonly<Record<'en' | 'zh', Words>> = { en, zh };

/** `random` and `pixels` are controls without a title of their own. */
export function subjectName(words: Words, label: string): string {
  return words.subjects[label] ?? label;
}

const mostNames = 4;

/** Abbreviates many names to the first ones and a count; the JSON lists all. */
export function namesOf(words: Words, names: readonly string[]): string {
  const shown = names.length > mostNames + 1 ? names.slice(0, mostNames) : names;
  const left = names.length - shown.length;
  // Titles may contain commas.
  const listed = shown.join(words.semicolon);
  return left === 0 ? listed : words.andMore({ names: listed, count: String(left) });
}

export function runName(model: ReportModel, run: string): string {
  return model.runs.find((entry) => entry.run.id === run)?.run.title ?? run;
}

/** `k-NN (k = 20)`. */
export function evaluatorName(
  words: Words,
  { evaluator, protocol }: Pick<ComparisonRow, 'evaluator' | 'protocol'>,
): string {
  const name = words.evaluators[evaluator] ?? evaluator;
  return protocol['k'] === undefined ? name : words.withNeighbours({ name, k: String(protocol['k']) });
}

/** `linear top-1`. */
export function shortFigureName(
  words: Words,
  { evaluator, metric }: Pick<ComparisonRow, 'evaluator' | 'metric'>,
): string {
  return words.measure(words.evaluators[evaluator] ?? evaluator, words.metrics[metric] ?? metric);
}

/** A data set as the list of data sets has it; what the program brings along has a name in every language. */
export function storedDataName({ language }: Words, stored: ReportModel['datasets'][number]): string {
  return datasetInWords(language, namesInLists([stored]).get(stored.fingerprint)!);
}

/** `Fashion-MNIST test`. */
export function dataName({ language }: Words, { dataset, split }: Pick<ComparisonRow, 'dataset' | 'split'>): string {
  return `${datasetInWords(language, dataset)} ${splitInWords(language, split)}`;
}

/** `linear top-1 · Fashion-MNIST test`. */
export function figureName(
  words: Words,
  row: Pick<ComparisonRow, 'evaluator' | 'metric' | 'dataset' | 'split' | 'protocol'>,
): string {
  const { metric } = row;
  return `${words.measure(evaluatorName(words, row), words.metrics[metric] ?? metric)} · ${dataName(words, row)}`;
}

/** A field in which a run differs from a paper's figure, as a person calls it. */
export function fieldName({ language }: Words, field: string): string {
  return fieldInWords(language, field);
}

export function reasonSide(words: Words, reason: Reason, side: 'theirs' | 'ours'): string {
  return fieldValue(words, reason.field, reason[side]);
}

function fieldValue(words: Words, field: string, value: Reason['theirs']): string {
  if (value === null) return field === 'paper' || field === 'value' ? nothing : words.unknown;
  if (typeof value === 'boolean') return value ? words.yes : words.no;
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
  if (field === 'encoder') return encoderInWords(words.language, value);
  if (field === 'dataset' || field === 'pretrainedOn') return datasetInWords(words.language, value);
  if (field === 'split' || field === 'data.split') return splitInWords(words.language, value);
  return words.remarks[value] ?? choiceInWords(words.language, field, value) ?? value;
}

/** The paper's finding when it changed only this field. */
export function effectNote(
  words: Words,
  field: string,
  { from, to, at, where }: NonNullable<Reason['effect']>,
): string {
  const figure = (value: number | string | null): string =>
    typeof value === 'number' ? decimal(value, valueDigits(value)) : (words.remarks[value ?? ''] ?? nothing);
  return words.effect({ from: figure(from), to: figure(to), at: fieldValue(words, field, at), where });
}

/** Our figure, marked if its epoch was chosen on the test set. */
export function ownValue({ ours }: Pick<ComparisonRow, 'ours'>): string {
  return ours === null ? nothing : marked(decimal(ours.mean, 2), ours.which === 'best' && ours.mean !== null);
}

const marked = (figure: string, isMarked: boolean): string => (isMarked ? `${figure} ${testMark}` : figure);

/** A figure of a paper, marked if it is of the best epoch on the images it was measured on. */
export function cellValue(words: Words, cell: Cell | null): string {
  if (cell === null) return nothing;
  if (cell.value !== null) return marked(decimal(cell.value, valueDigits(cell.value)), isChosenOnTest(cell));
  const remark = cell.remark === undefined ? undefined : words.remarks[cell.remark];
  return cell.remark === 'collapse' && remark !== undefined ? remark : nothing;
}

/** Papers print one decimal, the earlier reproduction two; keep as many. */
function valueDigits(value: number): number {
  return Math.abs(value * 10 - Math.round(value * 10)) < 1e-9 ? 1 : 2;
}
