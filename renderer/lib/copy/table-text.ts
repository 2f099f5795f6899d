/** Tables as tab-separated text, as spreadsheets paste it. */

/** A cell is one line without tabs; text that a spreadsheet would run as a formula is marked as text. */
function cellText(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return /^[=+@]|^-\D/.test(line) ? `'${line}` : line;
}

export function tabSeparated(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => row.map(cellText).join('\t')).join('\n');
}

/** What the cells of a table show, without what is there for screen readers alone; a wide cell is followed by empty ones. */
export function rowsOf(table: HTMLTableElement): readonly (readonly string[])[] {
  return [...table.rows].map((row) =>
    [...row.cells].flatMap((cell) => {
      const copy = cell.cloneNode(true) as HTMLElement;
      for (const hidden of copy.querySelectorAll('.hidden-label, svg, button[aria-label], [role="tooltip"]'))
        hidden.remove();
      // Parts that stand below each other have no space between them in the text.
      for (const part of copy.querySelectorAll('*')) part.before(' ');
      return [copy.textContent, ...Array.from({ length: cell.colSpan - 1 }, () => '')];
    }),
  );
}
