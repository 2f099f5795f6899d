/** The tables of a report for a paper in LaTeX, one `table` environment each. */
import { groupCells, type Block, type Column, type Document, type TableCell } from './document.ts';

/** Sections whose tables belong in a paper; the rest are for verification. */
const shown = new Set(['summary', 'claims', 'results', 'earlier', 'deviations', 'method', 'data', 'compute']);

const preamble: Readonly<Record<Document['language'], string>> = {
  en: '% \\usepackage{booktabs,tabularx}, and XeLaTeX or LuaLaTeX for what is not ASCII',
  zh: '% \\usepackage{booktabs,tabularx,ctex}, with XeLaTeX or LuaLaTeX',
};

export function renderLatex(document: Document): string {
  const tables = document.sections
    .filter(({ id }) => shown.has(id))
    .flatMap(({ id, title, blocks }) =>
      tablesOf(blocks).map((block, at) => table(block, `${id}-${at + 1}`, block.caption ?? title)),
    );
  return `% ${oneLine(document.title)}\n% ${oneLine(document.subtitle)}\n${preamble[document.language]}\n\n${tables.join('\n')}`;
}

type Table = Extract<Block, { readonly kind: 'table' }>;

/** Parameters are a table too, captioned by the heading before it and their source. */
function tablesOf(blocks: readonly Block[]): readonly Table[] {
  return blocks.flatMap((block, at): readonly Table[] => {
    if (block.kind === 'table') return [block];
    if (block.kind !== 'parameters') return [];
    const before = blocks[at - 1];
    const columns = [
      { title: '', kind: 'text' },
      { title: '', kind: 'text' },
    ] as const;
    const rows = block.lists.flatMap(({ runs, items }) => [
      { group: runs },
      ...items.map(([name, value, place]) => [name.replace(/[:：]\s*$/, ''), { text: value, note: place }]),
    ]);
    return [{ kind: 'table', columns, rows, ...(before?.kind === 'heading' ? { caption: before.text } : {}) }];
  });
}

function table({ columns, rows }: Table, label: string, caption: string): string {
  const line = (cells: readonly string[]): string => `    ${cells.join(' & ')} \\\\`;
  return [
    '\\begin{table}[t]',
    '  \\centering\\small',
    `  \\caption{${plain(caption)}}`,
    `  \\label{tab:${label}}`,
    // Text takes the width left over by figures.
    `  \\begin{tabularx}{\\linewidth}{@{}${columns.map(({ kind }) => (kind === 'figure' ? 'r' : 'X')).join('')}@{}}`,
    '    \\toprule',
    ...(columns.every(({ title }) => title === '')
      ? []
      : [line(columns.map(({ title }) => plain(title))), '    \\midrule']),
    ...rows.map((row) =>
      line(
        'group' in row
          ? groupCells(`\\textit{${plain(row.group)}}`, columns)
          : row.map((cell, at) => rendered(cell, columns[at]!)),
      ),
    ),
    '    \\bottomrule',
    '  \\end{tabularx}',
    '\\end{table}',
    '',
  ].join('\n');
}

function rendered(cell: TableCell, { kind }: Column): string {
  const { text, note } = typeof cell === 'string' ? { text: cell, note: undefined } : cell;
  const shownText = kind === 'code' ? `\\texttt{${plain(text)}}` : plain(text);
  return note === undefined || note === '' ? shownText : `${shownText} {\\scriptsize ${plain(note)}}`;
}

/** Escapes for LaTeX's special characters, and replacements for characters missing from its text fonts. */
const signs: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '{': '\\{',
  '}': '\\}',
  '%': '\\%',
  '&': '\\&',
  $: '\\$',
  '#': '\\#',
  _: '\\_',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '|': '\\textbar{}',
  '±': '$\\pm$',
  '†': '$\\dagger$',
  '−': '$-$',
  '×': '$\\times$',
  '→': '$\\to$',
  '≤': '$\\le$',
  '≥': '$\\ge$',
  β: '$\\beta$',
  γ: '$\\gamma$',
  δ: '$\\delta$',
  ε: '$\\varepsilon$',
  η: '$\\eta$',
  κ: '$\\kappa$',
  λ: '$\\lambda$',
  μ: '$\\mu$',
  ν: '$\\nu$',
  σ: '$\\sigma$',
  '₁': '$_1$',
  '₂': '$_2$',
};

function plain(text: string): string {
  return oneLine(text).replaceAll(/[\\{}%&$#_~^<>|±†−×→≤≥βγδεηκλμνσ₁₂]/g, (sign) => signs[sign]!);
}

/** A line break would end a comment, and two a paragraph. */
function oneLine(text: string): string {
  return text.replaceAll(/\s*[\n\r\u2028\u2029]\s*/g, ' ');
}
