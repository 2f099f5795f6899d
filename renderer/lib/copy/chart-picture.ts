/** A chart as a picture of its own: its title, the names of its lines, and the drawing. */
import { theme } from '../theme.svelte.ts';

export interface PictureLine {
  readonly label: string;
  /** CSS variable that holds the colour. */
  readonly colour: string;
}

/** Pixels of the page. */
const margin = 12;
const titleHeight = 22;
const keyHeight = 18;
const titleFont = '600 13px system-ui, "Noto Sans CJK SC", sans-serif';
const keyFont = '11px system-ui, "Noto Sans CJK SC", sans-serif';

/** What stands around the drawing of a copy, in pixels of the page. */
export interface ChartFrame {
  readonly title: { readonly x: number; readonly y: number };
  /** Names of the lines, with the middle of their left edge: as many in a row as the width takes. */
  readonly keys: readonly { readonly line: PictureLine; readonly x: number; readonly y: number }[];
  /** Upper left corner of the drawing. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export function frameOf(
  lines: readonly PictureLine[],
  { width, height }: { readonly width: number; readonly height: number },
): ChartFrame {
  const pen = document.createElement('canvas').getContext('2d')!;
  pen.font = keyFont;
  const keys: { line: PictureLine; x: number; y: number }[] = [];
  let [used, row] = [0, 0];
  // One line has the title for its name.
  for (const line of lines.length > 1 ? lines : []) {
    const own = pen.measureText(line.label).width + 26;
    if (used + own > width && used > 0) [used, row] = [0, row + 1];
    keys.push({ line, x: margin + used, y: margin + titleHeight + row * keyHeight + keyHeight / 2 - 3 });
    used += own;
  }
  const top = margin + titleHeight + (keys.length === 0 ? 0 : row + 1) * keyHeight;
  return {
    title: { x: margin, y: margin + titleHeight / 2 - 3 },
    keys,
    left: margin,
    top,
    width: width + 2 * margin,
    height: top + height + margin,
  };
}

/** In the theme and the pixels of the screen. */
export function chartPicture(chart: HTMLCanvasElement, title: string, lines: readonly PictureLine[]): Promise<Blob> {
  const size = { width: chart.clientWidth, height: chart.clientHeight };
  const ratio = chart.width / size.width;
  const frame = frameOf(lines, size);
  const canvas = document.createElement('canvas');
  const pen = canvas.getContext('2d')!;
  canvas.width = Math.ceil(frame.width * ratio);
  canvas.height = Math.ceil(frame.height * ratio);
  pen.scale(ratio, ratio);
  pen.fillStyle = theme.colour('--surface');
  pen.fillRect(0, 0, frame.width, frame.height);
  pen.textBaseline = 'middle';
  pen.font = titleFont;
  pen.fillStyle = theme.colour('--text');
  pen.fillText(title, frame.title.x, frame.title.y, size.width);
  pen.font = keyFont;
  for (const { line, x, y } of frame.keys) {
    pen.fillStyle = theme.colour(line.colour);
    pen.fillRect(x, y - 4, 8, 8);
    pen.fillStyle = theme.colour('--text-2');
    pen.fillText(line.label, x + 12, y, size.width);
  }
  pen.drawImage(chart, frame.left, frame.top, size.width, size.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob === null ? reject(new Error('The chart could not be drawn.')) : resolve(blob))),
  );
}
