/** One self-contained HTML file: no script, nothing fetched, and a policy that would refuse both. */
import { cellText, type Block, type Column, type Document, type PlacedSection, type TableRow } from './document.ts';
import type { TableCell } from './document.ts';
import { nothing } from './format.ts';
import { style } from './style.ts';
import { escapeXml } from './svg.ts';

const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

export function renderHtml(document: Document): string {
  const { language, title, subtitle, contents, appendix, sections, footer } = document;
  const links = sections.map((section) => `<a href="#${section.id}">${headline(section)}</a>`).join(' ');
  const main = sections.filter(({ part }) => part !== 'appendix').map(renderSection);
  const after = sections.filter(({ part }) => part === 'appendix').map(renderSection);
  const rest =
    after.length === 0
      ? ''
      : `\n<div class="appendix">\n<p class="part">${escapeXml(appendix)}</p>\n${after.join('\n')}\n</div>`;
  const body = `${main.join('\n')}${rest}`;
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(title)}</title>
<style>
${style}
</style>
</head>
<body>
<main>
<h1>${escapeXml(title)}</h1>
<p class="subtitle">${escapeXml(subtitle)}</p>
<nav aria-label="${escapeXml(contents)}"><b>${escapeXml(contents)}</b>${links}</nav>
${body}
<footer>${escapeXml(footer)}</footer>
</main>
</body>
</html>
`;
}

function headline({ label, title }: PlacedSection): string {
  return label === '' ? escapeXml(title) : `<span class="section-label">${label}</span> ${escapeXml(title)}`;
}

function renderSection(section: PlacedSection): string {
  return `<section id="${section.id}">\n<h2>${headline(section)}</h2>\n${renderBlocks(section.blocks)}\n</section>`;
}

/** Consecutive small pictures are placed side by side. */
function renderBlocks(blocks: readonly Block[]): string {
  const parts: string[] = [];
  let small: string[] = [];
  const flush = (): void => {
    if (small.length > 0) parts.push(`<div class="multiples">\n${small.join('\n')}\n</div>`);
    small = [];
  };
  for (const block of blocks) {
    if (block.kind === 'figure' && block.small === true) small.push(renderBlock(block));
    else {
      flush();
      parts.push(renderBlock(block));
    }
  }
  flush();
  return parts.join('\n');
}

function renderBlock(block: Block): string {
  switch (block.kind) {
    case 'paragraph':
      return `<p${block.quiet === true ? ' class="quiet"' : ''}>${escapeXml(block.text)}</p>`;
    case 'heading':
      return `<h3>${escapeXml(block.text)}</h3>`;
    case 'list':
      return `<ul>\n${block.items.map((item) => `<li>${escapeXml(item)}</li>`).join('\n')}\n</ul>`;
    case 'facts':
      return `<dl>\n${block.items.map(([name, value]) => `<dt>${escapeXml(name)}</dt><dd>${escapeXml(value)}</dd>`).join('\n')}\n</dl>`;
    case 'parameters':
      return `<dl class="parameters">\n${block.lists.map(({ runs, items }) => `<dt>${escapeXml(runs)}</dt><dd>${renderValues(items)}</dd>`).join('\n')}\n</dl>`;
    case 'code':
      return `<pre>${block.lines.map(escapeXml).join('\n')}</pre>`;
    case 'figure':
      return `<figure>${block.svg}<figcaption>${escapeXml(block.caption)}</figcaption></figure>`;
    case 'table':
      return renderTable(block);
  }
}

function renderValues(items: readonly (readonly [string, string, string])[]): string {
  const lines = items.map(([name, value, place]) => {
    const source = place === '' ? '' : ` <small>${escapeXml(place)}</small>`;
    return `<li><span class="quiet">${escapeXml(name)}</span>${escapeXml(value)}${source}</li>`;
  });
  return `<ul>${lines.join('')}</ul>`;
}

const shortRows = 16;

function renderTable({ columns, rows, caption }: Extract<Block, { kind: 'table' }>): string {
  const kind = (column: Column | undefined): string =>
    column === undefined || column.kind === 'text' ? '' : ` class="${column.kind}"`;
  const head = columns.map((column) => `<th scope="col"${kind(column)}>${escapeXml(column.title)}</th>`).join('');
  const title = caption === undefined ? '' : `<caption>${escapeXml(caption)}</caption>`;
  // In a narrow window, a row becomes lines that begin with the column's name; empty cells are omitted.
  const cellOf = (cell: TableCell, at: number): string => {
    const kinds = [columns[at]?.kind ?? 'text', cellText(cell) === nothing ? 'none' : 'text'];
    const classes = kinds.filter((name) => name !== 'text').join(' ');
    const named = at === 0 ? '' : ` data-column="${escapeXml(columns[at]?.title ?? '')}"`;
    return `<td${classes === '' ? '' : ` class="${classes}"`}${named}>${renderCell(cell)}</td>`;
  };
  const rowOf = (row: TableRow): string =>
    'group' in row
      ? `<tr class="group"><th scope="rowgroup" colspan="${columns.length}">${escapeXml(row.group)}</th></tr>`
      : `<tr>${row.map(cellOf).join('')}</tr>`;
  // A short table is not split across pages.
  const short = rows.length <= shortRows ? ' class="short"' : '';
  return `<table${short}>${title}<thead><tr>${head}</tr></thead>\n<tbody>\n${rows.map(rowOf).join('\n')}\n</tbody></table>`;
}

function renderCell(cell: TableCell): string {
  const shown = escapeXml(cellText(cell));
  if (typeof cell === 'string') return shown;
  const styles = [cell.label === true ? 'label' : undefined, cell.tone].filter((name) => name !== undefined);
  const main = styles.length === 0 ? shown : `<span class="${styles.join(' ')}">${shown}</span>`;
  return cell.note === undefined || cell.note === '' ? main : `${main}<small>${escapeXml(cell.note)}</small>`;
}
