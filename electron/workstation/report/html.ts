/** One self-contained HTML file: no script, nothing fetched, and a policy that would refuse both. */
import { cellText, type Block, type Column, type Document, type TableCell } from './document.ts';
import { style } from './style.ts';
import { escapeXml } from './svg.ts';

const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

export function renderHtml(document: Document): string {
  const { language, title, subtitle, contents, sections, footer } = document;
  const links = sections.map(({ id, title: name }) => `<a href="#${id}">${escapeXml(name)}</a>`).join(' ');
  const body = sections
    .map(
      ({ id, title: name, blocks }) =>
        `<section id="${id}">\n<h2>${escapeXml(name)}</h2>\n${renderBlocks(blocks)}\n</section>`,
    )
    .join('\n');
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

/** Small pictures that follow each other stand side by side. */
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
    case 'code':
      return `<pre>${block.lines.map(escapeXml).join('\n')}</pre>`;
    case 'figure':
      return `<figure>${block.svg}<figcaption>${escapeXml(block.caption)}</figcaption></figure>`;
    case 'table':
      return renderTable(block);
  }
}

function renderTable({ columns, rows, caption }: Extract<Block, { kind: 'table' }>): string {
  const kind = (column: Column | undefined): string =>
    column === undefined || column.kind === 'text' ? '' : ` class="${column.kind}"`;
  const head = columns.map((column) => `<th scope="col"${kind(column)}>${escapeXml(column.title)}</th>`).join('');
  const body = rows
    .map(
      (row) => `<tr>${row.map((cell, index) => `<td${kind(columns[index])}>${renderCell(cell)}</td>`).join('')}</tr>`,
    )
    .join('\n');
  const title = caption === undefined ? '' : `<caption>${escapeXml(caption)}</caption>`;
  return `<div class="wide"><table>${title}<thead><tr>${head}</tr></thead>\n<tbody>\n${body}\n</tbody></table></div>`;
}

function renderCell(cell: TableCell): string {
  const shown = escapeXml(cellText(cell));
  if (typeof cell === 'string') return shown;
  const styles = [cell.label === true ? 'label' : undefined, cell.tone].filter((name) => name !== undefined);
  const main = styles.length === 0 ? shown : `<span class="${styles.join(' ')}">${shown}</span>`;
  return cell.note === undefined || cell.note === '' ? main : `${main}<small>${escapeXml(cell.note)}</small>`;
}
