import { beforeAll, describe, expect, test } from 'vitest';
import { compose } from './compose.ts';
import { cellText, type Block, type Document } from './document.ts';
import { firstPlan } from './testing/report-fixture.ts';
import { renderHtml } from './html.ts';
import { renderMarkdown } from './markdown.ts';
import type { Origin } from '../../../trainer/protocol/preset-origins.ts';
import { originAddress, sourceInWords } from '../../words/origins.ts';
import { buildReport, type ReportInput, type ReportModel } from './model.ts';
import { wordsOf } from './naming.ts';
import { groupParameters } from './parameter-groups.ts';
import { settingName, settingValue } from './parameter-section.ts';
import { printOptions } from './print.ts';

let input: ReportInput;
let model: ReportModel;
beforeAll(async () => {
  input = await firstPlan();
  model = buildReport(input);
});

const languages = ['en', 'zh'] as const;
const blocksOf = ({ sections }: Document): readonly Block[] => sections.flatMap(({ blocks }) => blocks);
const sectionOf = (document: Document, id: string): readonly Block[] =>
  document.sections.find((section) => section.id === id)?.blocks ?? [];
/** `views.{0,1}.size` stands for two paths. */
const spelledOut = (path: string): readonly string[] => {
  const indices = /\{([\d,]+)\}/.exec(path);
  return indices === null ? [path] : indices[1]!.split(',').map((index) => path.replace(indices[0], index));
};

describe('the first page', () => {
  test.each(languages)('%s: says what was tried, what came out and what it means', (language) => {
    const words = wordsOf[language];
    const [first] = compose(model, language).sections;
    expect(first).toMatchObject({ id: 'summary', part: 'summary', label: '' });
    const headings = first!.blocks.flatMap((block) => (block.kind === 'heading' ? [block.text] : []));
    expect(headings).toEqual([words.summary.tried, words.summary.outcome, words.summary.means]);
    const text = JSON.stringify(first);
    for (const said of ['Fashion-MNIST', '60,000', 'ResNet-18', '256', '85.91', '73.2']) expect(text).toContain(said);
    expect(text).toContain(language === 'zh' ? '12 轮' : '12 epochs');
    for (const { claim, verdict } of model.comparison.claims) {
      expect(text).toContain(claim.text[language]);
      expect(text).toContain(words.verdicts[verdict]);
    }
    for (const limit of model.limits) expect(text).toContain(words.limits[limit]);
  });
  test('counts claims and figures as the records do', () => {
    const text = JSON.stringify(compose(model, 'en').sections[0]);
    const holding = model.comparison.claims.filter(({ verdict }) => verdict === 'holds').length;
    expect(text).toContain(`3 claims were tested: ${holding} hold`);
    const compared = model.comparison.rows.filter(({ paper }) => paper !== null);
    const reproduced = compared.filter(({ verdict }) => verdict === 'reproduced').length;
    expect(reproduced).toBe(0);
    expect(text).toContain(`${compared.length} figures were set beside the paper: ${compared.length} not comparable.`);
  });
  test('says what was reproduced with deviations, and with how many', () => {
    const why = { en: 'Why.', zh: '原因。' };
    const deviation = { field: 'optimizer', theirs: 'lars', ours: 'adamw', kind: 'deviation' as const, why };
    const { comparison } = input;
    const rows = comparison.rows.map((row, at) =>
      at > 1 ? row : { ...row, verdict: 'reproduced' as const, reasons: at === 0 ? [deviation] : [] },
    );
    const text = JSON.stringify(
      compose(buildReport({ ...input, comparison: { ...comparison, rows } }), 'en').sections[0],
    );
    expect(text).toContain('1 reproduced, 1 reproduced with deviations, ');
    expect(text).toContain('reproduced, with 1 deviation"');
  });
  test('has at most a dozen key figures, the main ones first, and says where the others are', () => {
    const rows = Array.from({ length: 4 }, () => model.comparison.rows).flat();
    const many = compose(buildReport({ ...input, comparison: { ...input.comparison, rows } }), 'en');
    const table = sectionOf(many, 'summary').find((block) => block.kind === 'table');
    expect(table?.rows.filter((row) => !('group' in row))).toHaveLength(12);
    expect(JSON.stringify(many.sections[0])).toContain('28 more figures in section “Results”');
  });
});

describe('the order', () => {
  test('is the summary, figures and findings by number, then the appendix by letter', () => {
    const { sections } = compose(model, 'en');
    expect(sections.map(({ id, label }) => `${label} ${id}`.trim())).toEqual([
      'summary',
      '1 curves',
      '2 results',
      '3 claims',
      '4 deviations',
      '5 earlier',
      'A method',
      'B data',
      'C compute',
      'D history',
      'E environment',
      'F artifacts',
      'G cards',
      'H checklist',
    ]);
    expect(new Set(sections.slice(6).map(({ part }) => part))).toEqual(new Set(['appendix']));
  });
  test('Markdown says where the pictures are', () => {
    const document = compose(model, 'en');
    expect(renderMarkdown(document)).toContain(`## 1 Figures\n\n${document.pictures}\n\n## 2 Results`);
  });
  test('a difference from the paper is listed once, however many figures it concerns', () => {
    const rows = sectionOf(compose(model, 'en'), 'deviations').flatMap((block) =>
      block.kind === 'table' && block.columns.length === 4 ? block.rows : [],
    );
    const told = rows.flatMap((row) => ('group' in row ? [] : [row.map(cellText).join(' | ')]));
    expect(told).toContain('batch size | 2048 | 256 | deviation');
    expect(told).toContain('optimizer | LARS | AdamW | deviation');
    expect(told).toContain('views · crop area | 0.08–1 | 0.6–1 | deviation');
    expect(new Set(told).size).toBe(told.length);
  });
});

test('the samples that a bootstrap drew are those of the records', () => {
  const [pair] = model.comparison.pairs;
  const told = (...drawn: readonly (number | null)[]): string => {
    const pairs = drawn.map((resamples) => ({
      ...pair!,
      overImages: {
        low: 0,
        high: 1,
        confidence: 0.95,
        method: 'paired-bootstrap' as const,
        ...(resamples && { resamples }),
      },
    }));
    return JSON.stringify(
      sectionOf(compose({ ...model, comparison: { ...model.comparison, pairs } }, 'en'), 'results'),
    );
  };
  expect(told(1000)).toContain('bootstrap (1,000 samples');
  expect(told(1000, 2000)).toContain('bootstrap (2,000 / 1,000 samples');
  expect(told(null)).not.toContain('bootstrap');
});

describe('parameters', () => {
  const groups = (language: 'en' | 'zh' = 'en') => groupParameters(model, language);
  test('every value of every run is in the appendix, in both languages', () => {
    for (const language of languages) {
      const lists = sectionOf(compose(model, language), 'method').flatMap((block) =>
        block.kind === 'parameters' ? block.lists : [],
      );
      const words = wordsOf[language];
      // Values of several views stand in one line, under a name for all of them.
      const told = new Set(lists.flatMap(({ items }) => items.map(([name, value]) => `${name}${value}`)));
      const merged = new Map(
        groups(language).flatMap(({ shared }) =>
          shared.flatMap(({ values }) =>
            values.flatMap(({ path, value }) => spelledOut(path).map((one) => [`${one} ${value}`, path] as const)),
          ),
        ),
      );
      expect(model.parameters.map(({ run }) => run)).toEqual(input.runs.map(({ run }) => run.id));
      for (const { run, values } of model.parameters) {
        expect(values.length, run).toBeGreaterThan(20);
        for (const { path, value } of values) {
          const name = settingName(model, words, merged.get(`${path} ${value}`)!);
          expect(told, `${run} ${path}`).toContain(`${name}${words.colon}${settingValue(model, words, path, value)}`);
        }
      }
    }
  });
  test('each run has each of its values once', () => {
    for (const { run, values } of model.parameters) {
      const own = groups().flatMap(({ shared }) =>
        shared.flatMap(({ scope, values: pairs }) =>
          scope.runs.includes(run)
            ? pairs.flatMap(({ path, value }) => spelledOut(path).map((one) => [one, value] as const))
            : [],
        ),
      );
      expect(own.map(([path]) => path).sort()).toEqual(values.map(({ path }) => path).sort());
      expect(Object.fromEntries(own)).toEqual(Object.fromEntries(values.map(({ path, value }) => [path, value])));
    }
  });
  test('a source is listed once, with every value from it', () => {
    const origins = model.parameters.flatMap(({ values }) => values.flatMap(({ origin }) => origin ?? []));
    for (const language of languages) {
      const sources = new Set(origins.map((origin) => sourceInWords(language, origin)));
      expect(sources.size).toBeGreaterThan(3);
      const headings = sectionOf(compose(model, language), 'method').flatMap((block) =>
        block.kind === 'heading' ? [block.text] : [],
      );
      const { source, noSource } = wordsOf[language].method;
      expect([...headings].sort()).toEqual([...[...sources].map(source), noSource].sort());
      expect(headings.at(-1)).toBe(noSource);
    }
  });
  test('values of a single run are listed under its name, common values under all', () => {
    const named = (path: string, value: string) =>
      groups().flatMap(({ source, shared }) =>
        shared.flatMap(({ scope, values }) =>
          values.some(({ path: name, value: own }) => spelledOut(name).includes(path) && own === value)
            ? [{ source, runs: scope.runs, kind: scope.kind }]
            : [],
        ),
      );
    expect(named('method.options.variance', '0')).toEqual([
      { source: null, runs: ['first-no-variance'], kind: 'some' },
    ]);
    expect(named('method.options.variance', '25')).toMatchObject([{ runs: ['first-vicreg'] }]);
    expect(named('seed', '1')).toMatchObject([{ kind: 'all', source: null }]);
    expect(named('evaluator.options.k', '20')).toMatchObject([{ kind: 'evaluator' }]);
    // The run without a preset has the same batch, so it shares the entry of runs that cite a source.
    expect(named('batch', '256')).toMatchObject([
      { kind: 'pretrain', source: expect.stringContaining('small trial run') as string },
    ]);
  });
  test('two sources of one value are both kept', () => {
    const [first, second] = model.parameters;
    const [field, value] = ['batch', 256] as const;
    const code: Origin = {
      kind: 'repository',
      field,
      value,
      repository: 'authors/code',
      commit: '0123456789'.repeat(4),
      file: 'main.py',
      lines: [7, 8, 9, 12],
      note: { en: '64 on each of 4', zh: '4 个，每个 64' },
    };
    const where = { en: 'section 4.2', zh: '第 4.2 节' };
    const paper: Origin = { kind: 'paper', field, value, paper: 'VICReg', arxiv: '2105.04906v3', where, note: null };
    const parameters = [
      { run: first!.run, values: [{ path: 'batch', value: '256', origin: code }] },
      { run: second!.run, values: [{ path: 'batch', value: '256', origin: paper }] },
    ];
    const told = (language: 'en' | 'zh') =>
      groupParameters({ runs: model.runs, parameters }, language).map(({ source, shared }) => [
        source,
        shared[0]!.values[0]!.place,
      ]);
    expect(told('en')).toEqual([
      ['authors/code 0123456', 'main.py, lines 7–9, 12: 64 on each of 4'],
      ['VICReg (arXiv:2105.04906v3)', 'section 4.2'],
    ]);
    expect(told('zh')).toEqual([
      ['authors/code 0123456', 'main.py，第 7–9、12 行：4 个，每个 64'],
      ['VICReg（arXiv:2105.04906v3）', '第 4.2 节'],
    ]);
    expect([code, paper].map(originAddress)).toEqual([
      `https://github.com/authors/code/blob/${'0123456789'.repeat(4)}/main.py#L7`,
      'https://arxiv.org/abs/2105.04906v3',
    ]);
  });
});

describe('on paper and on a phone', () => {
  /** A4 less its margins, and letters of 8.5 points at their widest, in points. */
  const pageWidth = ((210 - 2 * 17) / 25.4) * 72;
  const letter = 5.2;
  const gap = 9;
  test.each(languages)('%s: no table asks for more than the width of a page', (language) => {
    for (const block of blocksOf(compose(model, language))) {
      if (block.kind !== 'table') continue;
      const rows = block.rows.flatMap((row) => ('group' in row ? [] : [row]));
      const widths = block.columns.map(({ kind }, at) =>
        // Texts wrap anywhere, but not to less than a word; figures do not wrap.
        kind === 'figure' ? gap + letter * Math.max(...rows.map((row) => cellText(row[at]!).length)) : 50,
      );
      const names = block.columns.map(({ title }) => title).join(' | ');
      expect(
        widths.reduce((sum, width) => sum + width, 0),
        names,
      ).toBeLessThan(pageWidth);
    }
  });
  test('in a narrow window every cell but the first carries the name of its column, so nothing scrolls sideways', () => {
    const html = renderHtml(compose(model, 'en'));
    expect(html).not.toMatch(/overflow-x|overflow:(auto|scroll)/);
    for (const [row] of html.matchAll(/<tr>(?:<td.*?<\/td>)+<\/tr>/g)) {
      const cells = row.match(/<td[ >]/g)!.length;
      expect(row.match(/ data-column="[^"]+"/g)?.length ?? 0, row).toBe(cells - 1);
    }
  });
  test('heads of tables are repeated, and headings stay with what they head', () => {
    const html = renderHtml(compose(model, 'en'));
    const print = /@media print\{\n([\s\S]*?)\n\}\n/.exec(html)?.[1];
    expect(print).toContain('thead{display:table-header-group}');
    expect(print).toMatch(/h2,h3,\.part,\.group[^{]*\{break-after:avoid\}/);
    expect(html).toContain('@page{size:A4 portrait;');
  });
  test('the printer adds the running title and the number of the page, and nothing of the day or the machine', () => {
    expect(printOptions).toMatchObject({
      pageSize: 'A4',
      landscape: false,
      displayHeaderFooter: true,
      preferCSSPageSize: true,
    });
    const added = printOptions.headerTemplate + printOptions.footerTemplate;
    const filled = [...added.matchAll(/class="(\w+)"/g)].map(([, name]) => name);
    expect(filled).toEqual(['title', 'pageNumber', 'totalPages']);
  });
});
