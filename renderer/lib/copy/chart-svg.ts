/**
 * A chart as an SVG, for papers and drawing programs: lines and text where the canvas has them, with literal colours, since
 * many programs know no others.
 */
import type { Chart } from 'chart.js';
import { linesOf, drawingOf, tickOf, type Line } from '../charts/chart-data.ts';
import { endLabelsOf, markColours, type ChartSpec } from '../charts/chart.svelte.ts';
import { t } from '../language/i18n.svelte.ts';
import { theme } from '../theme.svelte.ts';
import { frameOf } from './chart-picture.ts';

/** What the canvas shows: where its axes are, and what they say. */
export type DrawnChart = Pick<Chart<'line'>, 'scales' | 'chartArea' | 'width' | 'height'>;

type Attributes = Readonly<Record<string, string | number>>;

/** A hundredth of a pixel is more than anybody sees. */
const rounded = (value: number): number => Math.round(value * 100) / 100;

function element(name: string, attributes: Attributes, ...content: readonly (Node | string)[]): SVGElement {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes))
    made.setAttribute(key, String(typeof value === 'number' ? rounded(value) : value));
  made.append(...content);
  return made;
}

type Place = readonly [x: number, y: number];
const pathThrough = (places: readonly Place[]): string =>
  places.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${x} ${y}`).join('');

/** Stretches of a line without a gap, in pixels. */
function stretchesOf({ points }: Line, { scales }: DrawnChart): readonly (readonly Place[])[] {
  const stretches: Place[][] = [[]];
  for (const { x, y } of points) {
    if (y === null) stretches.push([]);
    else
      stretches
        .at(-1)!
        .push([scales['x']!.getPixelForValue(x), scales['y']!.getPixelForValue(y)].map(rounded) as [number, number]);
  }
  return stretches.filter((places) => places.length > 0);
}

function drawnLine(line: Line, below: Line | undefined, chart: DrawnChart, spec: ChartSpec): readonly SVGElement[] {
  const { colour, opacity, width, dash, radius } = drawingOf(line, spec.curves[line.curve]!);
  const stroke = theme.colour(colour);
  const stretches = stretchesOf(line, chart);
  if (line.role === 'high' && below !== undefined) {
    // Between both: up along the one, back along the other. Where either has a gap, so has the spread.
    const isWhole = (at: number): boolean => line.points[at]!.y !== null && below.points[at]!.y !== null;
    const whole = (one: Line): Line => ({
      ...one,
      points: one.points.map((point, at) => (isWhole(at) ? point : { ...point, y: null })),
    });
    const backwards = stretchesOf(whole(below), chart);
    return stretchesOf(whole(line), chart).map((places, at) =>
      element('path', {
        d: `${pathThrough([...places, ...backwards[at]!.toReversed()])}Z`,
        fill: stroke,
        'fill-opacity': opacity,
      }),
    );
  }
  const paths = stretches.map((places) =>
    element('path', {
      d: pathThrough(places),
      fill: 'none',
      stroke,
      'stroke-width': width,
      'stroke-opacity': opacity,
      'stroke-linejoin': 'round',
      ...(dash.length > 0 && { 'stroke-dasharray': dash.join(' ') }),
    }),
  );
  const dots = stretches.flat().map(([cx, cy]) => element('circle', { cx, cy, r: radius, fill: stroke }));
  return [...(width > 0 ? paths : []), ...(radius > 0 ? dots : [])];
}

/** Axes with their figures, and a line at each of the vertical ones. */
function axesOf({ scales, chartArea: area, height }: DrawnChart, { axis }: ChartSpec): readonly SVGElement[] {
  const rule = { stroke: theme.colour('--chart-line'), 'stroke-width': 1 };
  const text = { fill: theme.colour('--text-2'), 'font-size': 11 };
  const { x, y } = scales;
  return [
    ...y!.ticks.flatMap(({ value, label }) => {
      const place = y!.getPixelForValue(value);
      return [
        element('line', { x1: area.left, x2: area.right, y1: place, y2: place, ...rule }),
        element('text', { x: area.left - 4, y: place + 4, 'text-anchor': 'end', ...text }, String(label ?? '')),
      ];
    }),
    element('line', { x1: area.left, x2: area.right, y1: area.bottom, y2: area.bottom, ...rule }),
    ...x!.ticks.map(({ value, label }) =>
      element(
        'text',
        { x: x!.getPixelForValue(value), y: area.bottom + 16, 'text-anchor': 'middle', ...text },
        String(label ?? ''),
      ),
    ),
    element(
      'text',
      { x: area.right, y: height - 2, 'text-anchor': 'end', ...text, 'font-size': 10 },
      t(`chart.over.${axis.over}`),
    ),
  ];
}

function marksOf({ scales, chartArea: area }: DrawnChart, { marks }: ChartSpec): readonly SVGElement[] {
  const x = scales['x']!;
  return marks
    .filter(({ step }) => step >= x.min && step <= x.max)
    .map(({ step, kind }) => {
      const place = x.getPixelForValue(step);
      const tick = tickOf(kind);
      return element('line', {
        x1: place,
        x2: place,
        y1: tick === null ? area.top : area.bottom - tick,
        y2: area.bottom,
        stroke: theme.colour(markColours[kind]),
        ...(tick === null && { 'stroke-dasharray': '2 2' }),
      });
    });
}

/** In the colours of the theme and the size on the screen. */
export function chartSvg(chart: DrawnChart, title: string, spec: ChartSpec): string {
  const { chartArea: area, scales } = chart;
  const frame = frameOf(spec.curves, chart);
  const lines = linesOf(spec.curves, spec.axis.logarithmic, spec.axis.smoothing);
  const drawn = lines.map((line, at) => ({ line, shapes: drawnLine(line, lines[at - 1], chart, spec) }));
  // Those that are compared with stand behind one's own.
  const ordered = [...drawn].sort(
    (one, other) => Number(other.line.role === 'reference') - Number(one.line.role === 'reference'),
  );
  const ends = spec.endLabels === true ? endLabelsOf(spec.curves, scales['y']!, area) : [];
  const picture = element(
    'svg',
    {
      width: frame.width,
      height: frame.height,
      viewBox: `0 0 ${frame.width} ${frame.height}`,
      'font-family': 'system-ui, sans-serif',
      'font-size': 11,
    },
    element('title', {}, title),
    element('rect', { width: frame.width, height: frame.height, fill: theme.colour('--surface') }),
    element(
      'text',
      { x: frame.title.x, y: frame.title.y + 4, fill: theme.colour('--text'), 'font-size': 13, 'font-weight': 600 },
      title,
    ),
    ...frame.keys.flatMap(({ line, x, y }) => [
      element('rect', { x, y: y - 4, width: 8, height: 8, fill: theme.colour(line.colour) }),
      element('text', { x: x + 12, y: y + 4, fill: theme.colour('--text-2') }, line.label),
    ]),
    element(
      'clipPath',
      { id: 'plot' },
      element('rect', {
        x: area.left,
        y: area.top,
        width: area.right - area.left,
        height: area.bottom - area.top,
      }),
    ),
    element(
      'g',
      { transform: `translate(${frame.left} ${frame.top})` },
      ...axesOf(chart, spec),
      element('g', { 'clip-path': 'url(#plot)' }, ...ordered.flatMap(({ shapes }) => shapes)),
      ...marksOf(chart, spec),
      ...ends.map(({ curve, place }) =>
        element('text', { x: area.right + 6, y: place + 4, fill: theme.colour(curve.colour) }, curve.label),
      ),
    ),
  );
  return new XMLSerializer().serializeToString(picture);
}
