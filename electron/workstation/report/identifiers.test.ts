/** Reports name everything in words, in both languages. */
import { beforeAll, expect, test } from 'vitest';
import { identifiersIn, programIdentifiers } from '../../words/testing/identifiers.ts';
import { compose } from './compose.ts';
import { renderHtml } from './html.ts';
import { renderLatex } from './latex.ts';
import { renderMarkdown } from './markdown.ts';
import { buildReport, type ReportInput } from './model.ts';
import { everyRecipe } from './testing/every-recipe.ts';
import { firstPlan } from './testing/report-fixture.ts';

const identifiers = programIdentifiers();
const languages = ['en', 'zh'] as const;

/** The first plan, and a run by every preset with figures of every evaluator. */
let inputs: readonly ReportInput[];
beforeAll(async () => {
  inputs = [await firstPlan(), await everyRecipe()];
}, 240_000);

const found = (text: string): readonly string[] =>
  text
    .split('\n')
    .flatMap((line) => identifiersIn(line, identifiers).map((word) => `${word} in "${line.trim().slice(0, 160)}"`));

test.each(languages)('a report in %s, as a page, in Markdown and in LaTeX', (language) => {
  for (const input of inputs) {
    const document = compose(buildReport(input), language);
    const page = renderHtml(document)
      // What is typed, and what is no text.
      .replaceAll(/<(style|code|pre)\b[^]*?<\/\1>/g, '')
      .replaceAll(/<td class="code"[^]*?<\/td>/g, '')
      .replaceAll(/<[^>]*?(?:aria-label|data-column)="([^"]*)"[^>]*>|<[^>]*>/g, '\n$1\n');
    expect(found(page)).toEqual([]);
    expect(
      found(
        renderMarkdown(document)
          .replaceAll(/```[^]*?```|`[^`]*`/g, '')
          .replaceAll('\\', ''),
      ),
    ).toEqual([]);
    expect(
      found(
        renderLatex(document)
          .replaceAll(/\\texttt\{[^}]*\}|\\label\{[^}]*\}/g, '')
          .replaceAll('\\', ''),
      ),
    ).toEqual([]);
  }
});
