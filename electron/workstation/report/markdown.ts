/** The same document as Markdown (GitHub's tables). Pictures are left out: their figures stand in the tables. */
import { groupCells, type Block, type Document, type TableCell } from './document.ts';

export function renderMarkdown({ title, subtitle, pictures, sections, footer }: Document): string {
  const parts = sections.map(({ title: name, label, blocks }) => {
    const heading = label === '' ? plain(name) : `${label} ${plain(name)}`;
    // A section of pictures would only have headings.
    const isPictures = blocks.some(({ kind }) => kind === 'figure');
    const shown = isPictures ? [plain(pictures)] : blocks.flatMap(renderBlock);
    return `## ${heading}\n\n${shown.join('\n\n')}\n`;
  });
  return `# ${plain(title)}\n\n${plain(subtitle)}\n\n${parts.join('\n')}\n---\n\n${plain(footer)}\n`;
}

/** Escapes text so that it is not read as markup, or as the start of a list or heading. */
function plain(text: string): string {
  return text.replace(/[\\`*_[\]<>|#]/g, '\\$&').replace(/\s*\n\s*/g, ' ');
}

function renderBlock(block: Block): readonly string[] {
  switch (block.kind) {
    case 'paragraph':
      return [plain(block.text)];
    case 'heading':
      return [`### ${plain(block.text)}`];
    case 'list':
      return [block.items.map((item) => `- ${plain(item)}`).join('\n')];
    case 'facts':
      return [block.items.map(([name, value]) => `- **${plain(name)}**: ${plain(value)}`).join('\n')];
    case 'parameters':
      return block.lists.flatMap(({ runs, items }) => [
        `**${plain(runs)}**`,
        items
          .map(([name, value, place]) => `- ${plain(`${name}${value}${place === '' ? '' : ` (${place})`}`)}`)
          .join('\n'),
      ]);
    case 'code':
      return [`\`\`\`\n${block.lines.join('\n')}\n\`\`\``];
    case 'figure':
      return [];
    case 'table': {
      const rule = block.columns.map(({ kind }) => (kind === 'figure' ? '---:' : '---'));
      const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
      return [
        [
          row(block.columns.map(({ title }) => plain(title))),
          row(rule),
          ...block.rows.map((entry) =>
            'group' in entry ? row(groupCells(`**${plain(entry.group)}**`, block.columns)) : row(entry.map(renderCell)),
          ),
        ].join('\n'),
      ];
    }
  }
}

function renderCell(cell: TableCell): string {
  if (typeof cell === 'string') return plain(cell);
  const text = cell.label === true ? `**${plain(cell.text)}**` : plain(cell.text);
  return cell.note === undefined || cell.note === '' ? text : `${text} ${plain(cell.note)}`;
}
