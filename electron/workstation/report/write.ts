/**
 * Writes a report's files: each to a temporary name, synced, renamed. Formats that cannot be written are reported with
 * the reason.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson } from '../../../trainer/durable/canonical-json.ts';
import type { ReportFormat, ReportRow } from '../../api/reports.ts';
import type { Language } from '../../api/settings.ts';
import { bundleOf, type Bundle } from './bundle.ts';
import { compose } from './compose.ts';
import { renderCsv } from './csv.ts';
import { renderFigure } from './figure.ts';
import { renderHtml } from './html.ts';
import { renderLatex } from './latex.ts';
import { renderMarkdown } from './markdown.ts';
import type { ReportModel } from './model.ts';
import { stablePdf } from './pdf.ts';

export interface WriteReport {
  /** From `buildReport(await gatherReport(…))`. */
  readonly model: ReportModel;
  readonly formats: readonly ReportFormat[];
  readonly language: Language;
  /** The report's own folder; created. */
  readonly folder: string;
  readonly id: string;
  /** Wall clock, for the list of reports only: nothing in the files depends on it. */
  readonly createdAt: number;
  /** Prints a finished HTML file to PDF (`shell/pdf.ts`); if not available, the sentence that explains why. */
  readonly htmlToPdf: ((html: string, pdf: string) => Promise<void>) | { readonly unavailable: string };
}

const extensions: Readonly<Record<ReportFormat, string>> = {
  html: 'html',
  pdf: 'pdf',
  markdown: 'md',
  csv: 'csv',
  json: 'json',
  latex: 'tex',
  svg: 'svg',
  bundle: 'json',
};

/** File names of everything but the report itself. */
const names: Readonly<Partial<Record<ReportFormat, string>>> = { bundle: 'bundle', svg: 'figure' };

/** Where a report has its file of a format. */
export function reportFile(folder: string, format: ReportFormat): string {
  return join(folder, `${names[format] ?? 'report'}.${extensions[format]}`);
}

/** Keys in order, so that the same content gives the same bytes. */
export function renderJson(content: ReportModel | Bundle): string {
  return `${JSON.stringify(JSON.parse(canonicalJson(content)), null, 1)}\n`;
}

export async function writeReport(request: WriteReport): Promise<ReportRow> {
  const { model, formats, language, folder, id, createdAt } = request;
  await mkdir(folder, { recursive: true });
  const document = compose(model, language);
  const texts: Readonly<Record<Exclude<ReportFormat, 'pdf' | 'svg'>, () => string>> = {
    html: () => renderHtml(document),
    markdown: () => renderMarkdown(document),
    csv: () => renderCsv(model, language),
    json: () => renderJson(model),
    latex: () => renderLatex(document),
    bundle: () => renderJson(bundleOf(model)),
  };
  const files: ReportRow['files'][number][] = [];
  const missing: ReportRow['missing'][number][] = [];
  for (const format of formats) {
    const path = reportFile(folder, format);
    if (format === 'pdf') {
      const printed = await printPdf(request, texts.html());
      if ('reason' in printed) {
        missing.push({ format, reason: printed.reason });
        continue;
      }
      files.push(await write(format, path, printed.bytes));
    } else if (format === 'svg') {
      const figure = renderFigure(document);
      if (figure === null) missing.push({ format, reason: 'Nothing is measured yet, so there is no picture.' });
      else files.push(await write(format, path, Buffer.from(figure, 'utf8')));
    } else files.push(await write(format, path, Buffer.from(texts[format](), 'utf8')));
  }
  return { id, title: document.title, language, createdAt, folder, files, missing };
}

/** Prints the HTML to PDF; a failure affects only this format and is reported. */
async function printPdf(
  { folder, htmlToPdf, model }: WriteReport,
  html: string,
): Promise<{ readonly bytes: Uint8Array } | { readonly reason: string }> {
  if (typeof htmlToPdf !== 'function') return { reason: htmlToPdf.unavailable };
  const source = join(folder, '.print.html');
  const target = join(folder, '.print.pdf');
  await write('html', source, Buffer.from(html, 'utf8'));
  try {
    await htmlToPdf(source, target);
    return { bytes: stablePdf(await readFile(target), model.recordedAt) };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  } finally {
    await rm(source, { force: true });
    await rm(target, { force: true });
  }
}

async function write(format: ReportFormat, path: string, bytes: Uint8Array): Promise<ReportRow['files'][number]> {
  const part = `${path}.part`;
  const file = await open(part, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(part, path);
  return { format, path, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}
