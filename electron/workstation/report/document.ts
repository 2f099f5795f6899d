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
export type Block =
  | { readonly kind: 'paragraph'; readonly text: string; readonly quiet?: boolean }
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'facts'; readonly items: readonly (readonly [string, string])[] }
  | { readonly kind: 'code'; readonly lines: readonly string[] }
  | {
      readonly kind: 'table';
      readonly caption?: string;
      readonly columns: readonly Column[];
      readonly rows: readonly (readonly TableCell[])[];
    }
  /** Drawn only where pictures can be: its figures stand in a table as well. */
  | { readonly kind: 'figure'; readonly svg: string; readonly caption: string; readonly small?: boolean };

export interface Section {
  readonly id: string;
  readonly title: string;
  readonly blocks: readonly Block[];
}
export interface Document {
  readonly language: 'en' | 'zh';
  readonly title: string;
  readonly subtitle: string;
  readonly contents: string;
  readonly sections: readonly Section[];
  readonly footer: string;
}

export function cellText(cell: TableCell): string {
  return typeof cell === 'string' ? cell : cell.text;
}
