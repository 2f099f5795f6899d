/** From a model to a document in one language. A section that no record fills is left out. */
import type { Language } from '../../api/settings.ts';
import type { Document } from './document.ts';
import { claims, deviations, earlier, results, summary } from './findings.ts';
import { moment } from './format.ts';
import type { ReportModel } from './model.ts';
import { wordsOf } from './naming.ts';
import {
  artifacts,
  cards,
  checklist,
  compute,
  curves,
  data,
  environment,
  history,
  limits,
  method,
} from './provenance.ts';

const order = [
  summary,
  claims,
  results,
  deviations,
  earlier,
  curves,
  data,
  method,
  compute,
  history,
  environment,
  artifacts,
  cards,
  limits,
  checklist,
];

export function compose(model: ReportModel, language: Language): Document {
  const words = wordsOf[language];
  const { version, edition } = model.environment;
  return {
    language,
    title: words.title(model.title[language]),
    subtitle: words.subtitle(moment(model.recordedAt), `${version}${edition}`),
    contents: words.contents,
    sections: order.flatMap((section) => section(model, words) ?? []),
    footer: words.footer,
  };
}
