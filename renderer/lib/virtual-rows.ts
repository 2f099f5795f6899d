/**
 * A list of rows of one height of which only the visible ones are there. A browser's longest element is some 33 million
 * pixels: a longer list has a shorter scroll bar, along which its rows pass faster.
 */

/** Well below the limit of Chromium. */
const mostHeight = 8_000_000;

export interface RowList {
  readonly rows: number;
  /** In pixels, as is `viewport`. */
  readonly rowHeight: number;
  readonly viewport: number;
}

export interface VisibleRows {
  /** Of the element that is scrolled. */
  readonly height: number;
  /** First row to draw, and the one after the last. */
  readonly first: number;
  readonly end: number;
  /** Top of the first row in that element. */
  readonly top: number;
}

const wholeHeight = ({ rows, rowHeight }: RowList): number => rows * rowHeight;

/** Pixels of the list for each pixel of the scroll bar. */
function stretch(list: RowList): number {
  const whole = wholeHeight(list);
  return whole <= mostHeight ? 1 : (whole - list.viewport) / (mostHeight - list.viewport);
}

export function visibleRows(list: RowList, scrollTop: number): VisibleRows {
  const { rows, rowHeight, viewport } = list;
  const height = Math.min(wholeHeight(list), mostHeight);
  const scrolled = Math.min(Math.max(0, scrollTop), Math.max(0, height - viewport));
  const from = scrolled * stretch(list);
  const first = Math.min(Math.floor(from / rowHeight), Math.max(0, rows - 1));
  const end = Math.min(rows, Math.ceil((from + viewport) / rowHeight));
  return { height, first, end, top: scrolled - (from - first * rowHeight) };
}

/** Where to scroll so that a row is wholly visible, moving as little as possible. */
export function scrollTopFor(list: RowList, scrollTop: number, row: number): number {
  const factor = stretch(list);
  const from = scrollTop * factor;
  const start = row * list.rowHeight;
  if (start < from) return start / factor;
  const lowest = start + list.rowHeight - list.viewport;
  return lowest > from ? lowest / factor : scrollTop;
}
