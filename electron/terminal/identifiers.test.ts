/** Tables of the terminal name everything in words, in both languages, but for what is typed again. */
import { expect, test } from 'vitest';
import { identifiersIn, programIdentifiers } from '../words/testing/identifiers.ts';
import { everyRecipe } from '../workstation/report/testing/every-recipe.ts';
import { firstPlan } from '../workstation/report/testing/report-fixture.ts';
import { comparisonText } from './comparison.ts';
import { wordsIn } from './words.ts';

test('a comparison with all its reasons', { timeout: 240_000 }, async () => {
  const identifiers = programIdentifiers();
  for (const { comparison } of [await firstPlan(), await everyRecipe()])
    for (const language of ['en', 'zh'] as const) {
      const text = comparisonText(comparison, wordsIn(language), { room: 400, isVerbose: true });
      expect(
        text.split('\n').flatMap((line) => identifiersIn(line, identifiers).map((word) => `${word} in ${line}`)),
      ).toEqual([]);
    }
});
