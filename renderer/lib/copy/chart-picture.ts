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

/** Lines of names, as many in each as the width takes. */
function keysIn(
  pen: CanvasRenderingContext2D,
  lines: readonly PictureLine[],
  width: number,
): readonly (readonly PictureLine[])[] {
  pen.font = keyFont;
  const rows: PictureLine[][] = [[]];
  let used = 0;
  for (const line of lines) {
    const own = pen.measureText(line.label).width + 26;
    if (used + own > width && used > 0) {
      rows.push([]);
      used = 0;
    }
    rows.at(-1)!.push(line);
    used += own;
  }
  return rows;
}

/** In the theme and the pixels of the screen. */
export function chartPicture(chart: HTMLCanvasElement, title: string, lines: readonly PictureLine[]): Promise<Blob> {
  const width = chart.clientWidth;
  const ratio = chart.width / width;
  const canvas = document.createElement('canvas');
  const pen = canvas.getContext('2d')!;
  // One line has the title for its name.
  const keys = lines.length > 1 ? keysIn(pen, lines, width) : [];
  const top = margin + titleHeight + keys.length * keyHeight;
  canvas.width = Math.ceil((width + 2 * margin) * ratio);
  canvas.height = Math.ceil((top + chart.clientHeight + margin) * ratio);
  pen.scale(ratio, ratio);
  pen.fillStyle = theme.colour('--surface');
  pen.fillRect(0, 0, width + 2 * margin, top + chart.clientHeight + margin);
  pen.textBaseline = 'middle';
  pen.font = titleFont;
  pen.fillStyle = theme.colour('--text');
  pen.fillText(title, margin, margin + titleHeight / 2 - 3, width);
  pen.font = keyFont;
  keys.forEach((row, at) => {
    const y = margin + titleHeight + at * keyHeight + keyHeight / 2 - 3;
    let x = margin;
    for (const { label, colour } of row) {
      pen.fillStyle = theme.colour(colour);
      pen.fillRect(x, y - 4, 8, 8);
      pen.fillStyle = theme.colour('--text-2');
      pen.fillText(label, x + 12, y, width);
      x += pen.measureText(label).width + 26;
    }
  });
  pen.drawImage(chart, margin, top, width, chart.clientHeight);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob === null ? reject(new Error('The chart could not be drawn.')) : resolve(blob))),
  );
}
