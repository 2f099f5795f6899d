/** The appendix of parameters: each source once, followed by its values. */
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
            items: values.map(({ path, value, place }) => [path, value === '' ? nothing : value, place]),
          })),
        },
      ]),
    ],
  };
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
