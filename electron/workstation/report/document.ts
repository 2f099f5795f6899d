/** A report in one language, as blocks that HTML and Markdown both draw. */

export type Tone = 'ok' | 'attention' | 'wrong' | 'quiet';
export type TableCell =
  | string
  | {
      readonly text: string;
      readonly tone?: Tone;
      /** Small and grey below the text. */
      readonly note?: string;
      /** A verdict, drawn as a label. */
      readonly label?: boolean;
    };
export interface Column {
  readonly title: string;
  readonly kind: 'text' | 'figure' | 'code';
}
/** Cells, or the heading of the rows that follow. */
export type TableRow = readonly TableCell[] | { readonly group: string };
/** Runs with something in common, and the values shared only by them. */
export interface ParameterList {
  readonly runs: string;
  /** Name with its colon, value, and where in the source it stands. */
  readonly items: readonly (readonly [string, string, string])[];
}
export type Block =
  | { readonly kind: 'paragraph'; readonly text: string; readonly quiet?: boolean }
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'facts'; readonly items: readonly (readonly [string, string])[] }
  | { readonly kind: 'code'; readonly lines: readonly string[] }
  | { readonly kind: 'parameters'; readonly lists: readonly ParameterList[] }
  | {
      readonly kind: 'table';
      readonly caption?: string;
      readonly columns: readonly Column[];
      readonly rows: readonly TableRow[];
    }
  /** Drawn only where pictures can be: its figures stand in a table as well. */
  | { readonly kind: 'figure'; readonly svg: string; readonly caption: string; readonly small?: boolean };

export interface Section {
  readonly id: string;
  readonly title: string;
  readonly blocks: readonly Block[];
}
/** A section with its label: a number in the body, a letter in the appendix, none for the summary. */
export interface PlacedSection extends Section {
  readonly label: string;
  readonly part: 'summary' | 'body' | 'appendix';
}
export interface Document {
  readonly language: 'en' | 'zh';
  readonly title: string;
  readonly subtitle: string;
  readonly contents: string;
  readonly appendix: string;
  /** Replaces the pictures if none can be drawn. */
  readonly pictures: string;
  readonly sections: readonly PlacedSection[];
  readonly footer: string;
}

export function cellText(cell: TableCell): string {
  return typeof cell === 'string' ? cell : cell.text;
}

/** A group's heading as a separate row: in the first cell of a full row. */
export function groupCells(group: string, columns: readonly Column[]): readonly string[] {
  return columns.map((_, at) => (at === 0 ? group : ''));
}
