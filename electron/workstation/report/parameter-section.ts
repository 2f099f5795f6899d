/** The appendix of parameters: each source once, followed by its values. */
import { settingInWords, valueInWords, valuesInWords } from '../../words/settings.ts';
import type { Block, Section } from './document.ts';
import { nothing } from './format.ts';
import type { Words } from './locales/en.ts';
import type { ReportModel } from './model.ts';
import { namesOf, runName, subjectName } from './naming.ts';
import { groupParameters, type Scope } from './parameter-groups.ts';

export function method(model: ReportModel, words: Words): Section | null {
  const groups = groupParameters(model, words.language);
  if (groups.length === 0) return null;
  return {
    id: 'method',
    title: words.sections.method,
    blocks: [
      { kind: 'paragraph', text: words.method.all },
      ...groups.flatMap(({ source, shared }): readonly Block[] => [
        { kind: 'heading', text: source === null ? words.method.noSource : words.method.source(source) },
        {
          kind: 'parameters',
          lists: shared.map(({ scope, values }) => ({
            runs: scopeName(model, words, scope),
            items: values.map(({ path, value, place }) => [
              `${settingName(model, words, path)}${words.colon}`,
              settingValue(model, words, path, value),
              place,
            ]),
          })),
        },
      ]),
    ],
  };
}

/** A run has one encoder unless it has two. */
export function settingName(model: ReportModel, { language }: Words, path: string): string {
  const hasTwo = model.parameters.some(({ values }) => values.some((one) => one.path.startsWith('encoders.1.')));
  return settingInWords(language, hasTwo ? path : path.replace(/^encoders\.0\./, 'encoder.'));
}

export function settingValue(model: ReportModel, words: Words, path: string, value: string): string {
  if (value === '' || value === 'null') return nothing;
  if (value === 'true' || value === 'false') return value === 'true' ? words.yes : words.no;
  if (path === 'preset') return model.titles[value] ?? value;
  if (path === 'subject.run') return runName(model, value);
  if (path === 'subject.kind') return subjectName(words, value);
  const parts = value.split(', ');
  if (parts.length > 1 && parts.every((part) => Number.isFinite(Number(part)))) return valuesInWords(path, parts);
  return valueInWords(words.language, path, value, (kind, id) =>
    kind === 'method' ? (model.titles[id] ?? null) : (words.evaluators[id] ?? null),
  );
}

function scopeName(model: ReportModel, words: Words, { kind, id, runs }: Scope): string {
  const { scopes } = words.method;
  const count = runs.length;
  switch (kind) {
    case 'all':
    case 'pretrain':
    case 'evaluate':
      return scopes[kind](count);
    case 'method':
      return scopes.named({ name: model.titles[id] ?? id }, count);
    case 'evaluator':
      return scopes.named({ name: words.evaluators[id] ?? id }, count);
    case 'subject':
      if (id === 'run') return scopes.trained(count);
      return scopes.named({ name: id === 'weights' ? words.method.imported : subjectName(words, id) }, count);
    case 'run-subject':
      return scopes.evaluationsOf({ name: runName(model, id) }, count);
    case 'some':
      return namesOf(
        words,
        runs.map((run) => runName(model, run)),
      );
  }
}
