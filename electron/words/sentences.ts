/** The sentences of an inspection, and of what a run leaves out, in the language of their reader. */
import { written, type Said, type Writer } from '../../trainer/protocol/sentence.ts';
import type { Language } from '../api/settings.ts';
import { sentencesOnCurves } from './sentences-on-curves.ts';
import { sentencesOnDisks } from './sentences-on-disks.ts';
import { sentencesOnDownloads } from './sentences-on-downloads.ts';
import { sentencesOnFiles } from './sentences-on-files.ts';
import { sentencesOnFolders } from './sentences-on-folders.ts';
import { sentencesOnLayouts } from './sentences-on-layouts.ts';
import { sentencesOnObjects } from './sentences-on-objects.ts';
import { sentencesOnResults } from './sentences-on-results.ts';
import { sentencesOnUpdates } from './sentences-on-updates.ts';
import { sentencesOnWorkspaces } from './sentences-on-workspaces.ts';

/** By English template, a table for each thing that is spoken of. */
export const chineseTables: readonly Readonly<Record<string, string>>[] = [
  sentencesOnCurves,
  sentencesOnDisks,
  sentencesOnDownloads,
  sentencesOnFiles,
  sentencesOnFolders,
  sentencesOnLayouts,
  sentencesOnObjects,
  sentencesOnResults,
  sentencesOnUpdates,
  sentencesOnWorkspaces,
];

/** A template that is not here, of a newer version's record, stays English. */
const chinese: ReadonlyMap<string, string> = new Map(chineseTables.flatMap((table) => Object.entries(table)));

const inChinese = (say: string): string => chinese.get(say) ?? say;

const writers: Readonly<Record<Language, Omit<Writer, 'number'>>> = {
  en: { template: (say) => say, comma: ', ' },
  zh: { template: inChinese, comma: '、' },
};

/** @param number writes a number in the person's language */
export function sentenceIn(language: Language, sentence: Said, number: Writer['number']): string {
  // A text of an older record is a template too, where it holds no values.
  if (typeof sentence === 'string') return writers[language].template(sentence);
  return written(sentence, { ...writers[language], number });
}

const semicolons: Readonly<Record<Language, string>> = { en: '; ', zh: '；' };

/** Several in one line. */
export const sentencesIn = (language: Language, sentences: readonly Said[], number: Writer['number']): string =>
  sentences.map((one) => sentenceIn(language, one, number)).join(semicolons[language]);
