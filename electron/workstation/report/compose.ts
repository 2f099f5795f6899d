/** Composes a document in one language from a model. Empty sections are omitted. */
import type { Language } from '../../api/settings.ts';
import { deviations } from './deviations.ts';
import type { Document, PlacedSection, Section } from './document.ts';
import { figures } from './figures.ts';
import { claims, earlier, results } from './findings.ts';
import { moment } from './format.ts';
import type { Words } from './locales/en.ts';
import type { ReportModel } from './model.ts';
import { wordsOf } from './naming.ts';
import { method } from './parameter-section.ts';
import { artifacts, cards, checklist, compute, data, environment, history } from './provenance.ts';
import { summary } from './summary.ts';

type Compose = (model: ReportModel, words: Words) => Section | null;

const body: readonly Compose[] = [figures, results, claims, deviations, earlier];
const appendix: readonly Compose[] = [method, data, compute, history, environment, artifacts, cards, checklist];

export function compose(model: ReportModel, language: Language): Document {
  const words = wordsOf[language];
  const { version, edition } = model.environment;
  const filled = (sections: readonly Compose[]): readonly Section[] =>
    sections.flatMap((section) => section(model, words) ?? []);
  const sections: readonly PlacedSection[] = [
    { ...summary(model, words), label: '', part: 'summary' },
    ...filled(body).map((section, at): PlacedSection => {
      return { ...section, label: String(at + 1), part: 'body' };
    }),
    ...filled(appendix).map((section, at): PlacedSection => {
      return { ...section, label: String.fromCharCode(65 + at), part: 'appendix' };
    }),
  ];
  return {
    language,
    title: words.title(model.title[language]),
    subtitle: words.subtitle(moment(model.recordedAt), `${version}${edition}`),
    contents: words.contents,
    appendix: words.appendix,
    pictures: words.pictures,
    sections,
    footer: words.footer,
  };
}
