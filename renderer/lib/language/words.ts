/** Names and sentences for codes from the other programs. A code without words keeps its own name. */
import { programInWords } from '../../../electron/words/programs.ts';
import type { Interval, Reason } from '../../../electron/api/comparison.ts';
import type { DatasetRow } from '../../../electron/api/datasets.ts';
import type { LogLine, RunDetail } from '../../../electron/api/runs.ts';
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { Choice, Options } from '../../../trainer/protocol/options.ts';
import type { Fault } from '../../../trainer/protocol/fault.ts';
import type { Preset } from '../../../trainer/protocol/preset.ts';
import type { Said } from '../../../trainer/protocol/sentence.ts';
import { exitOf } from '../../../electron/words/faults.ts';
import { choiceInWords } from '../../../electron/words/choices.ts';
import { datasetInWords, namesInLists, splitInWords } from '../../../electron/words/dataset-names.ts';
import { fieldInWords } from '../../../electron/words/fields.ts';
import { chosenEncoderInWords, encoderInWords } from '../../../electron/words/encoders.ts';
import { valueInWords, valuesInWords, type RecipeKind } from '../../../electron/words/settings.ts';
import { sentenceIn, sentencesIn } from '../../../electron/words/sentences.ts';
import { f, t, tCode, type SlotValues } from './i18n.svelte.ts';

/** A metric, an option, a field of a configuration, a protocol key: `embeddingStd` → "embedding std". */
export function nameOf(
  group: 'metric' | 'option' | 'field' | 'dataset' | 'method' | 'evaluator' | 'value',
  code: string,
): string {
  return tCode(group, code) ?? code;
}

export type { RecipeKind };
/** A recipe in the language of the window, else by its own title. */
export function recipeName(kind: RecipeKind, { id, title }: { readonly id: string; readonly title: string }): string {
  return tCode(kind, id) ?? title;
}

/** Name of an evaluated encoder: a word for a control, the title of a run. */
export function subjectName(label: string): string {
  return tCode('subject', label) ?? label;
}

/** A data set of the list; what the program brings along has a name in every language. */
export function dataText(row: Pick<DatasetRow, 'fingerprint' | 'name' | 'builtIn'>): string {
  return nameOf('dataset', namesInLists([row]).get(row.fingerprint) ?? row.name);
}

/** A path in a configuration: `optimizer.options.momentum` → "optimizer · momentum"; views and encoders count from 1. */
export function pathName(path: string): string {
  const whole = tCode('field', path);
  if (whole !== null) return whole;
  return path
    .split('.')
    .filter((part) => part !== 'options' && part !== 'id')
    .map((part) =>
      /^\d+$/.test(part) ? String(Number(part) + 1) : (tCode('field', part) ?? tCode('option', part) ?? part),
    )
    .join(' · ')
    .replaceAll(/ · (?=\d+(?:–\d+)?(?: · |$))/g, ' ');
}

/** A value at a path of a configuration, in words. */
export function settingText(path: string, value: unknown): string {
  if (Array.isArray(value) && value.every((part) => typeof part !== 'object'))
    return valuesInWords(path, value.map(plainValue));
  if (typeof value !== 'string') return plainValue(value);
  if (path === 'kind') return tCode('kind', value) ?? value;
  if (path === 'subject.kind') return tCode('subject', value) ?? tCode('value', value) ?? value;
  return valueInWords(f().language, path, value, tCode);
}

/** "VICReg · small": other methods have a preset of the same title. */
export function presetName(preset: Preset | undefined, catalogue: Catalogue | null): string {
  const method = catalogue?.methods.find((one) => one.id === preset?.method);
  return [method === undefined ? '' : recipeName('method', method), preset?.title ?? ''].filter(Boolean).join(' · ');
}

/** An encoder as comparisons and papers name it, in words. */
export function encoderText(name: string): string {
  return encoderInWords(f().language, name);
}
export function chosenEncoderText(encoder: Choice): string {
  return chosenEncoderInWords(f().language, encoder);
}

/** What an inspection or the record of a run says. */
export function sentence(said: Said): string {
  return sentenceIn(f().language, said, f().number);
}

/** A clause as a sentence of its own: "the disk is full" → "The disk is full." */
export function wholeSentence(clause: string): string {
  const full = f().language === 'en' ? '.' : '。';
  const text = clause.charAt(0).toUpperCase() + clause.slice(1);
  return /[.。！？?!]$/.test(text) ? text : `${text}${full}`;
}

export function sentences(several: readonly Said[]): string {
  return sentencesIn(f().language, several, f().number);
}

/** A field in which a run differs from a paper's figure, as the beginning of a line. */
export function comparedField(field: string): string {
  const name = fieldInWords(f().language, field);
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** Value of a field in the paper or in our run. */
export function fieldValue(field: string, value: Reason['theirs']): string {
  if (typeof value !== 'string') return plainValue(value);
  if (field === 'encoder') return encoderText(value);
  if (field === 'subject') return subjectName(value);
  if (field === 'method' || field === 'evaluator' || field === 'metric') return nameOf(field, value);
  if (field === 'split' || field === 'data.split') return splitInWords(f().language, value);
  return choiceInWords(f().language, field, value) ?? tCode('remark', value) ?? datasetInWords(f().language, value);
}

/** How an interval was found: "95 %, bootstrap over images, 1,000 samples". */
export function intervalText({ method, confidence, resamples }: Interval): string {
  const how = t(`interval.${method}`, { confidence: f().share(confidence) });
  return resamples === undefined ? how : t('interval.drawn', { how, count: resamples });
}

/** The protocol of a figure as one line. */
export function protocolText(protocol: Options): string {
  return Object.entries(protocol)
    .map(([key, value]) => {
      const field = `protocol.${key}`;
      return `${comparedField(field)} ${Array.isArray(value) ? plainValue(value) : fieldValue(field, value)}`;
    })
    .join(' · ');
}

/** The paper's finding when it changed only this field: what to expect of the same change here. */
export function effectText(field: string, { from, to, at, where }: NonNullable<Reason['effect']>): string {
  const figure = (value: number | string | null): string =>
    typeof value === 'number' ? f().number(value, 1) : (tCode('remark', value ?? '') ?? '–');
  return t('reason.effect', { from: figure(from), to: figure(to), at: fieldValue(field, at), where });
}

/** Values for a sentence: what differs between two machines by its name. */
export function spoken(values: SlotValues): SlotValues {
  const { what } = values;
  if (what === 'instructionSet') return { ...values, what: nameOf('value', what) };
  return typeof what === 'string' ? { ...values, what: programInWords(f().language, what) } : values;
}

/** What happened, in a sentence. */
export function faultText({ code, values, message }: Fault): string {
  const exit = exitOf({ code, values });
  if (exit !== null) return 'signal' in exit ? t('exit.killed', exit) : t('exit.code', exit);
  return tCode('fault', code, spoken(values)) ?? message;
}

/** Said in the sentence, or raw: a program's own words at its end, which the details have. */
const rawValues: ReadonlySet<string> = new Set(['tail', 'how', 'cause']);

/** The values of a fault or a check as labelled lines; sizes in bytes are read as sizes. */
export function detailsOf(
  values: Fault['values'] | SlotValues,
): readonly { readonly label: string; readonly value: string }[] {
  return Object.entries(values)
    .filter(([key]) => !rawValues.has(key))
    .map(([key, value]) => ({
      label: tCode('value', key) ?? programInWords(f().language, key),
      value: valueOf(key, value),
    }));
}
function valueOf(key: string, value: string | number | boolean): string {
  if (typeof value === 'boolean') return tCode('value', value ? 'true' : 'false') ?? String(value);
  if (key === 'terms')
    return value
      .toString()
      .split(', ')
      .map((term) => nameOf('metric', term))
      .join(', ');
  if (key === 'why') return tCode('unreachable', String(value)) ?? String(value);
  if (key === 'what') return String(spoken({ what: value })['what']);
  if (typeof value === 'string') return value;
  if (key === 'bytesPerSecond') return t('unit.perSecond', { value: f().bytes(value) });
  if (/bytes$/i.test(key)) return f().bytes(value);
  if (/(Ms|milliseconds)$/i.test(key)) return f().duration(value / 1000);
  if (/seconds$/i.test(key)) return f().duration(value);
  if (key === 'seed') return String(value);
  return Number.isInteger(value) ? f().number(value) : f().figure(value);
}

/** Meaning of a mark on the step axis. The store sends codes. */
export function markText(mark: RunDetail['marks'][number]): string {
  const kind = t(`mark.${mark.kind}`);
  const detail =
    mark.kind === 'checkpoint'
      ? tCode('checkpoint', mark.text)
      : mark.kind === 'interrupted'
        ? (tCode('fault', mark.text) ?? tCode('attempt', mark.text))
        : mark.kind === 'log'
          ? tCode('log', mark.text, { step: mark.step })
          : mark.kind === 'result'
            ? nameOf('metric', mark.text)
            : null;
  return t('mark.at', { kind, step: mark.step, detail: detail ?? mark.text });
}

export function logText(line: Pick<LogLine, 'code' | 'text' | 'values'>): string {
  return tCode('log', line.code, spoken(line.values)) ?? line.text;
}

/** A configuration value as one line. */
export function plainValue(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'number') return Number.isInteger(value) ? f().number(value) : f().figure(value);
  if (typeof value === 'boolean') return tCode('value', value ? 'true' : 'false') ?? String(value);
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((part) => typeof part !== 'object')) return value.map(plainValue).join(', ');
  return JSON.stringify(value, null, 1).replaceAll(/\s*\n\s*/g, ' ');
}
