import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ReportFormat } from '../../api/reports.ts';
import { compose } from './compose.ts';
import { renderCsv } from './csv.ts';
import { firstPlan } from './testing/report-fixture.ts';
import { bytes, decimal, signed } from './format.ts';
import { renderHtml } from './html.ts';
import { renderLatex } from './latex.ts';
import { en } from './locales/en.ts';
import { zh } from './locales/zh.ts';
import { renderMarkdown } from './markdown.ts';
import { buildReport, type ReportInput, type ReportModel } from './model.ts';
import { subjectName, wordsOf } from './naming.ts';
import { stablePdf } from './pdf.ts';
import { ticks } from './svg.ts';
import { renderJson, writeReport } from './write.ts';

let input: ReportInput;
let model: ReportModel;
let folder: string;
beforeAll(async () => {
  input = await firstPlan();
  model = buildReport(input);
  folder = await mkdtemp(join(tmpdir(), 'report-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('images that a run left out are told by run and reason, in both languages', () => {
  const reason = 'a damaged or truncated JPEG file that cannot be decoded';
  const { title } = model.runs[0]!.run;
  expect(renderMarkdown(compose(model, 'en'))).toContain(
    `### Images left out by a run\n\n- ${title}: 3 images, ${reason}`,
  );
  expect(renderMarkdown(compose(model, 'zh'))).toContain(`### 实验中排除的图像\n\n- ${title}：3 张图像，${reason}`);
});

test('a figure is noted without the images that have copies in training data, and stays what it is', () => {
  const at = input.runs.findIndex(({ results }) => results.some(({ result }) => result.which === 'last'));
  const run = input.runs[at]!;
  const withoutCopies = run.results.map(({ result }) =>
    result.which === 'last' ? { images: 12, value: result.value! - 1, splits: ['train'] } : null,
  );
  const noted = buildReport({ ...input, runs: input.runs.with(at, { ...run, withoutCopies }) });
  const value = run.results.find(({ result }) => result.which === 'last')!.result.value!;
  const note = /(\S+) \/ \S+ (\S+) \/ \S+ without the 12 test images that have a copy, exact or near, in train/;
  const [, figure, lower] = note.exec(renderMarkdown(compose(noted, 'en')))!;
  expect([figure, lower]).toEqual([decimal(value, 2), decimal(value - 1, 2)]);
  expect(renderMarkdown(compose(noted, 'zh'))).toContain('的 12 张测试图像后为');
  expect(renderMarkdown(compose(model, 'en'))).not.toMatch(note);
});

describe('the same records give the same bytes', () => {
  test('in every text format and both languages, whatever the clock, the locale and the time zone', async () => {
    const once = render(model);
    const zone = process.env['TZ'];
    process.env['TZ'] = 'Asia/Shanghai';
    try {
      expect(render(buildReport(await firstPlan()))).toEqual(once);
    } finally {
      if (zone === undefined) delete process.env['TZ'];
      else process.env['TZ'] = zone;
    }
  });
  test('and another record gives others', () => {
    const [first, ...rest] = input.runs;
    const later = { ...first!, run: { ...first!.run, endedAt: first!.run.endedAt! + 86_400_000 } };
    expect(render(buildReport({ ...input, runs: [later, ...rest] }))).not.toEqual(render(model));
  });
});
const render = (from: ReportModel): readonly string[] => [
  renderHtml(compose(from, 'en')),
  renderHtml(compose(from, 'zh')),
  renderMarkdown(compose(from, 'en')),
  renderMarkdown(compose(from, 'zh')),
  renderLatex(compose(from, 'en')),
  renderLatex(compose(from, 'zh')),
  renderCsv(from),
  renderJson(from),
];

describe('HTML', () => {
  test('is self-contained, runs nothing and fetches nothing', () => {
    const html = renderHtml(compose(model, 'en'));
    expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"`);
    expect(html).not.toMatch(/<script|<link|<img|@import|url\(|\son\w+=/i);
    expect(html.match(/https?:\/\/[^"<\s]+/g)?.filter((url) => url !== 'http://www.w3.org/2000/svg') ?? []).toEqual([]);
  });
  test('states which epoch of a head its means use', () => {
    expect(renderHtml(compose(model, 'en'))).toContain('All means use the last epoch');
    const selection = { ...input.comparison.selection, epoch: 'best' } as const;
    const best = buildReport({ ...input, comparison: { ...input.comparison, selection } });
    expect(renderHtml(compose(best, 'en'))).toContain('all means use the best epoch');
    expect(renderHtml(compose(best, 'zh'))).toContain('所有均值取训练头的最佳轮');
    expect([model.limits.includes('test-set-seen'), model.limits.includes('chosen-on-test-set')]).toEqual([
      true,
      false,
    ]);
    expect([best.limits.includes('test-set-seen'), best.limits.includes('chosen-on-test-set')]).toEqual([false, true]);
  });
  test('shows hostile names as text', () => {
    const [first, ...rest] = input.runs;
    const title = `<img src=x onerror="alert(1)">&'`;
    const hostile = buildReport({ ...input, runs: [{ ...first!, run: { ...first!.run, title } }, ...rest] });
    const html = renderHtml(compose(hostile, 'en'));
    expect(html).not.toContain('<img');
    expect(html).toContain('&lt;img src=x');
    expect(renderMarkdown(compose(hostile, 'en'))).not.toMatch(/(^|[^\\])<img/);
  });
  test('every link leads to a section, and every tag is closed', () => {
    const html = renderHtml(compose(model, 'zh'));
    for (const [, id] of html.matchAll(/href="#([^"]+)"/g)) expect(html).toContain(`<section id="${id}"`);
    for (const tag of ['section', 'table', 'tr', 'td', 'svg', 'figure', 'ul', 'li', 'div']) {
      const opened = html.match(new RegExp(`<${tag}[ >]`, 'g'))?.length ?? 0;
      expect(html.match(new RegExp(`</${tag}>`, 'g'))?.length ?? 0, tag).toBe(opened);
    }
  });
});

describe('what it says', () => {
  test.each(['en', 'zh'] as const)('%s: the figures, and no value that was forgotten', (language) => {
    const html = renderHtml(compose(model, language));
    for (const figure of ['73.2', '63.95', '85.91', '41.27', '86.6']) expect(html).toContain(figure);
    // The word NaN is in the remark on the earlier run; a NaN figure would be next to a bracket, a comma or a quote.
    expect(html.match(/undefined|\[object|[[">,−+]NaN|NaN[\],"]|Infinity/g)).toBeNull();
  });
  test('every encoder that was trained has a card, with its data, its figures and the hash of its weights', () => {
    const card = JSON.stringify(compose(model, 'en').sections.find(({ id }) => id === 'cards'));
    const trained = input.runs.filter(({ run }) => run.kind === 'pretrain');
    for (const { run } of trained) expect(card).toContain(`"text":"${run.title}"`);
    expect(card).toContain('Fashion-MNIST, train split, without labels');
    expect(card).toContain('cd'.repeat(32));
    expect(card).toContain('85.91');
  });
  test('figures of the authors’ weights are labelled a reproduction', () => {
    expect(JSON.stringify(compose(model, 'en').sections[0])).toContain('without the authors’ code or weights');
    const encoder = { id: 'resnet-50', options: {} };
    const origin = { method: 'vicreg', pretrainedOn: 'imagenet', epochs: 1000, batch: 2048 };
    const subject = { kind: 'weights' as const, weights: 'feedfeedfeedfeed', name: 'resnet50', encoder, origin };
    const runs = input.runs.map((entry) =>
      entry.run.config.kind === 'evaluate'
        ? { ...entry, run: { ...entry.run, config: { ...entry.run.config, subject } } }
        : entry,
    );
    const [first] = compose(buildReport({ ...input, runs }), 'en').sections;
    expect(JSON.stringify(first)).toContain('weights trained by others (resnet50)');
    expect(JSON.stringify(first)).not.toContain('Not taken');
  });
  test('of imported weights the network that was taken and a doubt are stated', () => {
    const subject = {
      kind: 'weights' as const,
      weights: 'feedfeedfeedfeed',
      name: 'dino',
      encoder: { id: 'resnet-50', options: {} },
      origin: { method: 'dino', pretrainedOn: 'imagenet', epochs: 800, batch: 4096 },
      network: { name: 'teacher.backbone', why: 'teacher' as const, others: ['student.backbone'] },
      norms: {
        images: 16,
        scaling: 'imagenet' as const,
        distance: 0.42,
        layer: 'layer4.1.bn2',
        first: 'layer3.0.bn1',
        verdict: 'doubtful' as const,
      },
    };
    const runs = input.runs.map((entry) =>
      entry.run.config.kind === 'evaluate'
        ? { ...entry, run: { ...entry.run, config: { ...entry.run.config, subject } } }
        : entry,
    );
    const text = (language: 'en' | 'zh') =>
      JSON.stringify(compose(buildReport({ ...input, runs }), language).sections[0]);
    expect(text('en')).toContain('Network teacher.backbone: the teacher, which DINO and its successors evaluate.');
    expect(text('en')).toContain('From layer3.0.bn1 on, the batch-norm statistics are off');
    expect(text('zh')).toContain('网络 teacher.backbone：教师网络');
  });
  test('an interrupted run is reported, with the lost steps', () => {
    const history = compose(model, 'en').sections.find(({ id }) => id === 'history');
    expect(JSON.stringify(history)).toContain('resumed, 30 steps repeated');
  });
  test('a section that no record fills is left out', () => {
    const empty = buildReport({
      ...input,
      plan: null,
      runs: [],
      datasets: [],
      comparison: { ...input.comparison, rows: [], claims: [], pairs: [], parameters: [], references: [] },
    });
    const ids = compose(empty, 'en').sections.map(({ id }) => id);
    expect(ids).toEqual(['summary', 'deviations', 'environment', 'checklist']);
  });
  test('a changed value loses the source of the preset', () => {
    const { values } = model.parameters[0]!;
    expect(values.find(({ path }) => path === 'batch')?.source).toContain('small trial run');
    expect(values.find(({ path }) => path === 'normalization.mean')?.source).toBeNull();
  });
  test('the checklist is answered from the records', () => {
    const answer = (id: string) => model.checklist.find((item) => item.id === id)?.answer;
    expect(answer('seeds')).toBe('no');
    expect(answer('error-bars')).toBe('yes');
    expect(answer('checkpoints')).toBe('yes');
    expect(answer('energy')).toBe('no');
  });
  test('the languages have the same texts, and Chinese ones are Chinese', () => {
    const keys = (value: unknown, path = ''): readonly string[] =>
      typeof value === 'object' && value !== null
        ? Object.entries(value).flatMap(([key, entry]) => keys(entry, `${path}.${key}`))
        : [path];
    expect(keys(zh)).toEqual(keys(en));
    for (const key of Object.keys(en.sections) as (keyof typeof en.sections)[]) {
      expect(zh.sections[key]).toMatch(/\p{Script=Han}/u);
    }
  });
  test('every remark of the papers has words in both languages', () => {
    for (const { cells } of input.papers) {
      for (const { remark } of cells) {
        if (remark === undefined) continue;
        expect(en.remarks[remark], remark).toBeDefined();
        expect(zh.remarks[remark], remark).toBeDefined();
      }
    }
  });
});

describe('CSV', () => {
  test('has a header and a row for each figure, all of the same width', () => {
    const lines = renderCsv(model).trimEnd().split('\r\n');
    const width = lines[0]!.split(',').length;
    const figures = model.comparison.rows.reduce((sum, { ours }) => sum + (ours?.values.length ?? 1), 0);
    expect(lines).toHaveLength(figures + 1);
    for (const line of lines) expect(line.replaceAll(/"([^"]|"")*"/g, 'x').split(',')).toHaveLength(width);
  });
  test('a name cannot become a formula', () => {
    const [first, ...rest] = model.comparison.rows;
    const row = { ...first!, subject: { ...first!.subject, label: '=1+1,"x"' } };
    const csv = renderCsv({ ...model, comparison: { ...model.comparison, rows: [row, ...rest] } });
    expect(csv.split('\r\n')[1]).toMatch(/^"'=1\+1,""x""",/);
  });
});

describe('LaTeX', () => {
  test('is a table for each of the paper’s, with as many cells in every row, in both languages', () => {
    for (const language of ['en', 'zh'] as const) {
      const tables = renderLatex(compose(model, language)).split('\\begin{table}').slice(1);
      expect(tables.length).toBeGreaterThan(4);
      for (const table of tables) {
        const columns = /\\begin\{tabularx\}\{\\linewidth\}\{@\{\}([Xr]+)@\{\}\}/.exec(table)![1]!.length;
        const rows = table.split('\n').filter((line) => line.endsWith(' \\\\'));
        expect(rows.length).toBeGreaterThan(1);
        for (const row of rows) expect(row.match(/(?<!\\)&/g) ?? [], row).toHaveLength(columns - 1);
        expect(table.match(/\\begin\{/g)).toHaveLength(table.match(/\\end\{/g)!.length - 1);
      }
    }
  });
  test('runs nothing that a name holds, and lets nothing out of its comment', () => {
    const [first, ...rest] = input.runs;
    const title = '\\input{/etc/passwd} 100 % & #1_x^2 ~$y$ {';
    const hostile = buildReport({
      ...input,
      plan: null,
      comparison: { ...input.comparison, claims: [] },
      runs: [{ ...first!, run: { ...first!.run, title: `${title}\n\\end{document}` } }, ...rest],
    });
    const text = renderLatex(compose(hostile, 'en'));
    const outside = text.split('\n').filter((line) => !line.startsWith('%'));
    expect(text.split('\n').filter((line) => line.startsWith('%'))).toHaveLength(3);
    expect(outside.join('\n')).not.toMatch(/\\input|\\end\{document/);
    expect(outside.join('\n')).toContain(
      String.raw`\textbackslash{}input\{/etc/passwd\} 100 \% \& \#1\_x\textasciicircum{}2 \textasciitilde{}\$y\$ \{`,
    );
  });
});

test('the JSON is the model', () => {
  expect(JSON.parse(renderJson(model))).toEqual(JSON.parse(JSON.stringify(model)));
});

describe('files', () => {
  const formats: readonly ReportFormat[] = ['html', 'markdown', 'latex', 'svg', 'csv', 'json', 'bundle', 'pdf'];
  const request = (over: Partial<Parameters<typeof writeReport>[0]>) => ({
    model,
    formats,
    language: 'en' as const,
    folder,
    id: 'report-1',
    createdAt: 5,
    htmlToPdf: { unavailable: 'No display here.' },
    ...over,
  });
  test('are written with their hashes; a PDF that cannot be had is named', async () => {
    const row = await writeReport(request({}));
    expect(row.missing).toEqual([{ format: 'pdf', reason: 'No display here.' }]);
    for (const file of row.files) {
      const content = await readFile(file.path);
      expect(file).toMatchObject({
        bytes: content.length,
        sha256: createHash('sha256').update(content).digest('hex'),
      });
    }
    const names = ['bundle.json', 'figure.svg', 'report.csv', 'report.html', 'report.json', 'report.md', 'report.tex'];
    expect((await readdir(folder)).sort()).toEqual(names);
  });
  test('the picture stands alone: every colour is written out, and every row is in it', async () => {
    const row = await writeReport(request({ formats: ['svg'] }));
    const figure = await readFile(row.files[0]!.path, 'utf8');
    expect(figure).not.toContain('var(');
    for (const { ours, subject } of model.comparison.rows) {
      if (ours !== null) expect(figure).toContain(subjectName(wordsOf.en, subject.label));
    }
    expect(figure).toMatch(/\.series-1\.dot\{fill:#/);
  });
  test('without a figure there is no picture, and the reason is named', async () => {
    const nothing = { ...model, comparison: { ...model.comparison, rows: [] } };
    const row = await writeReport(request({ model: nothing, formats: ['svg'] }));
    expect(row).toMatchObject({ files: [], missing: [{ format: 'svg' }] });
  });
  test('the PDF is printed from the same HTML and made stable; nothing else is left', async () => {
    let printed = '';
    const htmlToPdf = async (html: string, pdf: string): Promise<void> => {
      printed = await readFile(html, 'utf8');
      await writeFile(pdf, `%PDF-1.4\n<</CreationDate (D:20260101000000+00'00')>>`);
    };
    const row = await writeReport(request({ formats: ['pdf', 'html'], htmlToPdf }));
    expect(row.files.map(({ format }) => format)).toEqual(['pdf', 'html']);
    expect(printed).toBe(await readFile(row.files[1]!.path, 'utf8'));
    expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([]);
  });
  test('a printer that fails costs the PDF alone', async () => {
    const row = await writeReport(request({ htmlToPdf: () => Promise.reject(new Error('The printer broke.')) }));
    expect(row.missing).toEqual([{ format: 'pdf', reason: 'The printer broke.' }]);
    expect(row.files).toHaveLength(7);
  });
});

describe('PDF', () => {
  const at = Date.UTC(2026, 0, 2, 3, 4, 5);
  const pdf = (date: string, id: string): Buffer =>
    Buffer.from(
      `%PDF-1.4\n1 0 obj\n<</Creator (Chromium)\n/CreationDate (D:${date}+08'00')\n/ModDate (D:${date}+08'00')>>\nendobj\n` +
        `trailer\n<</Size 9\n/ID [<${id}> <${id}>]>>\nstartxref\n9\n%%EOF`,
      'latin1',
    );
  test('two prints of one report are the same bytes, of the same length, dated by the records', () => {
    const one = pdf('20260930111213', 'A1'.repeat(16));
    const other = pdf('20261001040506', '0F'.repeat(16));
    const stable = Buffer.from(stablePdf(one, at));
    expect(stable.equals(stablePdf(other, at))).toBe(true);
    expect(stable).toHaveLength(one.length);
    expect(stable.toString('latin1')).toContain(`/CreationDate (D:20260102030405+00'00')`);
    expect(stable.toString('latin1')).toMatch(/\/ID \[<([0-9A-F]{32})> <\1>\]/);
  });
  test('bytes of compressed streams pass through unharmed', () => {
    const body = Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte));
    const whole = Buffer.concat([pdf('20260930111213', 'A1'.repeat(16)), body]);
    expect(Buffer.from(stablePdf(whole, at)).subarray(-256).equals(body)).toBe(true);
  });
  test('elements that the browser numbered otherwise are the same elements', () => {
    const tagged = (first: string, second: string): Buffer =>
      Buffer.from(
        `%PDF-1.4\n<</ID (node${first})>> <</Headers [(node${first}) (node${second})]>> <</ID (node${second})>>`,
      );
    const one = Buffer.from(stablePdf(tagged('00000042', '00000047'), at));
    expect(one.equals(stablePdf(tagged('00000099', '00000100'), at))).toBe(true);
    expect(one.toString()).toContain('[(node00000001) (node00000002)]');
  });
  test('anything else is refused', () => {
    expect(() => stablePdf(Buffer.from('<html>'), at)).toThrow('%PDF-');
  });
});

test('numbers are written alike everywhere', () => {
  expect(decimal(1281167, 0)).toBe('1,281,167');
  expect(decimal(-0.004, 2)).toBe('0.00');
  expect(decimal(-1.5, 1)).toBe('−1.5');
  expect(decimal(null, 2)).toBe('–');
  expect(signed(0.001, 2)).toBe('0.00');
  expect(signed(1.234, 2)).toBe('+1.23');
  expect(bytes(30_878_645)).toBe('29.4 MiB');
  expect(ticks(62.3, 91, 6)).toEqual([65, 70, 75, 80, 85, 90]);
});
