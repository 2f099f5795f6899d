/** Reports and the terminal's tables name everything in words, in both languages. */
import { beforeAll, expect, test } from 'vitest';
import { identifiersIn, programIdentifiers } from '../../words/testing/identifiers.ts';
import { compareRuns } from '../comparison/compare.ts';
import { presetConfig } from '../comparison/preset-config.ts';
import {
  catalogue,
  comparisonInput,
  evaluate,
  presets,
  storedResult,
  storedRun,
} from '../testing/comparison-fixture.ts';
import { compose } from './compose.ts';
import { renderHtml } from './html.ts';
import { renderLatex } from './latex.ts';
import { renderMarkdown } from './markdown.ts';
import { buildReport, type ReportInput } from './model.ts';
import { firstPlan } from './testing/report-fixture.ts';

const identifiers = programIdentifiers();
const languages = ['en', 'zh'] as const;

/** The first plan, and a run by every preset with figures of every evaluator. */
let inputs: readonly ReportInput[];
beforeAll(async () => {
  const first = await firstPlan();
  const [pattern] = first.runs;
  const data = { dataset: 'idx', path: '/data/fashion-mnist', split: 'train', fingerprint: 'f-small' };
  const trained = presets.map((preset, at) =>
    storedRun(`run-${at}`, { ...presetConfig(preset), title: `${preset.title} ${at}`, preset: preset.id, data }, { createdAt: at }),
  );
  const measured = catalogue.evaluators.map(({ id }, at) =>
    storedRun(
      `measured-${at}`,
      {
        ...evaluate({ kind: 'run', run: `run-${at}`, checkpoint: 'last', branch: 0 }, id),
        ...{ train: data, test: { ...data, split: 'test' } },
      } as ReturnType<typeof evaluate>,
      { createdAt: 100 + at },
    ),
  );
  const results = catalogue.evaluators.flatMap(({ id, metrics, states }, at) =>
    metrics.map(({ name }) =>
      storedResult(`measured-${at}`, 70, {
        evaluator: id,
        metric: name,
        dataset: 'idx',
        fingerprint: 'f-small',
        split: 'test',
        protocol: states,
      }),
    ),
  );
  const runs = [...trained, ...measured];
  const comparison = await compareRuns(
    comparisonInput({
      runs,
      results,
      selection: { kind: 'runs', runs: runs.map(({ id }) => id) },
      datasets: [{ fingerprint: 'f-small', name: 'Fashion-MNIST' }],
    }),
  );
  const all: ReportInput = {
    ...first,
    comparison,
    plan: null,
    planStoredAt: null,
    runs: runs.map((run) => ({
      ...pattern!,
      run,
      results: results.filter((one) => one.run === run.id),
      withoutCopies: results.filter((one) => one.run === run.id).map(() => null),
    })),
  };
  inputs = [first, all];
}, 240_000);

const found = (text: string): readonly string[] =>
  text.split('\n').flatMap((line) => identifiersIn(line, identifiers).map((word) => `${word} in "${line.trim().slice(0, 160)}"`));

test.each(languages)('a report in %s, as a page, in Markdown and in LaTeX', (language) => {
  for (const input of inputs) {
    const document = compose(buildReport(input), language);
    const page = renderHtml(document)
      // What is typed, and what is no text.
      .replaceAll(/<(style|code|pre)\b[^]*?<\/\1>/g, '')
      .replaceAll(/<td class="code"[^]*?<\/td>/g, '')
      .replaceAll(/<[^>]*?(?:aria-label|data-column)="([^"]*)"[^>]*>|<[^>]*>/g, '\n$1\n');
    expect(found(page)).toEqual([]);
    expect(found(renderMarkdown(document).replaceAll(/```[^]*?```|`[^`]*`/g, ''))).toEqual([]);
    expect(found(renderLatex(document).replaceAll(/\\texttt\{[^}]*\}/g, ''))).toEqual([]);
  }
});
