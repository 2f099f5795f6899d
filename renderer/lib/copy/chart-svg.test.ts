/** A copied drawing: every line, dot, spread and mark where the scales have them, and names as text, whatever they hold. */
import { beforeEach, expect, test, vi } from 'vitest';
import type { Curve } from '../charts/chart-data.ts';
import { StepAxis, type ChartSpec } from '../charts/chart.svelte.ts';
import { words } from '../language/i18n.svelte.ts';
import { chartSvg, type DrawnChart } from './chart-svg.ts';

beforeEach(() => {
  words.language = 'en';
  const pen = { measureText: (text: string) => ({ width: text.length * 6 }) };
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(pen as unknown as RenderingContext);
});

const scale = (min: number, max: number, from: number, to: number) => ({
  min,
  max,
  ticks: [
    { value: min, label: `${min}` },
    { value: max, label: `${max}` },
  ],
  getPixelForValue: (value: number) => from + ((value - min) / (max - min)) * (to - from),
});
const chart = {
  width: 200,
  height: 120,
  chartArea: { left: 40, right: 190, top: 10, bottom: 100 },
  scales: { x: scale(0, 10, 40, 190), y: scale(0, 9, 100, 10) },
} as unknown as DrawnChart;

const curve = (label: string, values: readonly (number | null)[], over: Partial<Curve> = {}): Curve => ({
  label,
  colour: '--series-1',
  dash: [],
  series: {
    steps: values.map((_value, at) => at * 5),
    mean: [...values],
    min: [...values],
    max: [...values],
    discarded: [],
  } as unknown as Curve['series'],
  ...over,
});
function drawn(curves: readonly Curve[], over: Partial<ChartSpec> = {}): Document {
  const source = chartSvg(chart, 'Loss <&">', { curves, marks: [], axis: new StepAxis(), steps: 10, ...over });
  const parsed = new DOMParser().parseFromString(source, 'image/svg+xml');
  expect(parsed.querySelector('parsererror')).toBeNull();
  return parsed;
}
const paths = (of: Document): readonly (string | null)[] =>
  [...of.querySelectorAll('path')].map((path) => path.getAttribute('d'));

test('a line is broken where it has a gap, and one of its own has its title for a name', () => {
  const found = drawn([curve('Loss', [9, null, 3])]);
  expect(paths(found)).toEqual(['M40 10', 'M190 70']);
  expect(found.querySelector('title')!.textContent).toBe('Loss <&">');
  expect([...found.querySelectorAll('text')].map(({ textContent }) => textContent)).toEqual([
    ...['Loss <&">', '0', '9', '0', '10', 'Steps'],
  ]);
});

test('a spread is filled between its lines, a reference lies behind, a single point is a dot', () => {
  const wide = curve('</svg> & more', [3, 6]);
  const spread = { ...wide, series: { ...wide.series, min: [0, 3], max: [6, 9] } };
  const found = drawn([spread, curve('theirs', [1, 1], { isReference: true, dash: [4, 2] }), curve('one', [9])]);
  expect(paths(found)).toEqual(['M40 90L115 90', 'M40 40L115 10L115 70L40 100Z', 'M40 70L115 40', 'M40 10']);
  expect(found.querySelector('path')!.getAttribute('stroke-dasharray')).toBe('4 2');
  expect(found.querySelectorAll('circle')).toHaveLength(1);
  expect(found.documentElement.textContent).toContain('</svg> & more');
});

test('marks beyond the range are left out; an interruption reaches over the whole height', () => {
  const marks = [
    { step: 5, kind: 'interrupted', text: '' },
    { step: 10, kind: 'checkpoint', text: '' },
    { step: 11, kind: 'checkpoint', text: '' },
  ] as const;
  const found = [...drawn([curve('Loss', [9, 3])], { marks }).querySelectorAll('line')].slice(-2);
  expect(found.map((line) => ['x1', 'y1', 'y2'].map((name) => line.getAttribute(name)))).toEqual([
    ['115', '10', '100'],
    ['190', '95', '100'],
  ]);
});
