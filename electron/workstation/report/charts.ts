/** Pictures of the report: dots with intervals, and curves as small multiples. */
import type { Comparison, ComparisonRow } from '../../api/comparison.ts';
import type { Series } from '../../api/curves.ts';
import { decimal } from './format.ts';
import { testMark } from '../../words/replication.ts';
import type { Words } from './locales/en.ts';
import type { ReportModel } from './model.ts';
import { subjectName } from './naming.ts';
import { seriesLooks } from './style.ts';
import { element, escapeXml, line, path, picture, scale, text, ticks, type Point } from './svg.ts';

/** Number of a look of the report's style. */
const lookOf = (place: number | undefined): number => ((place ?? 0) % seriesLooks.length) + 1;

/** Narrow enough to be legible on a phone, where the picture is as wide as the window. */
const plotWidth = 460;
const rowHeight = 22;
const rowMargin = 10;

const widestLabel = 190;

/** Approximate width: a Chinese character is twice as wide as a Latin one. */
const nameWidth = (name: string): number => 6.4 * name.replaceAll(/\p{Script=Han}/gu, 'xx').length;

export function intervalPlot(
  rows: readonly ComparisonRow[],
  words: Words,
  { subjects }: Comparison['palette'],
): string {
  const values = rows.flatMap(({ ours, paper, earlier }) => [
    ...(ours?.interval ? [ours.interval.low, ours.interval.high] : []),
    ...[ours?.mean, paper?.value, earlier?.value].filter((value) => value !== null && value !== undefined),
  ]);
  const low = Math.max(0, Math.floor((Math.min(...values, 100) - 2) / 5) * 5);
  const high = Math.min(100, Math.ceil((Math.max(...values, 0) + 2) / 5) * 5);
  const names = rows.map(({ subject }) => subjectName(words, subject.label));
  const left = Math.min(widestLabel, Math.max(60, ...names.map(nameWidth)));
  const x = scale([low, high], [left + rowMargin, plotWidth - rowMargin]);

  const groups = [...new Set(rows.map(groupOf))];
  let y = 4;
  let drawn = '';
  for (const group of groups) {
    const own = rows.filter((row) => groupOf(row) === group);
    const [first] = own;
    if (first === undefined) continue;
    y += 22;
    const title = `${words.evaluators[first.evaluator] ?? first.evaluator} · ${words.metrics[first.metric] ?? first.metric}`;
    drawn += text(0, y, `${title} (%)`, 'axis-title');
    y += 6;
    for (const row of own) {
      y += rowHeight;
      drawn += plotRow(row, words, { left, x, y: y - 8, index: lookOf(subjects[row.subject.id]) });
    }
    y += 6;
  }
  const axisY = y + 4;
  const axis =
    line(x(low), axisY, x(high), axisY, 'axis') +
    ticks(low, high, 6)
      .map(
        (tick) =>
          line(x(tick), axisY, x(tick), axisY + 4, 'axis') + text(x(tick), axisY + 17, String(tick), 'tick', 'middle'),
      )
      .join('');
  return picture(plotWidth, axisY + 24, words.curves.plot, drawn + axis);
}

const groupOf = ({ evaluator, metric }: ComparisonRow): string => `${evaluator}/${metric}`;

interface RowPlace {
  /** Right end of the name. */
  readonly left: number;
  readonly x: (value: number) => number;
  readonly y: number;
  readonly index: number;
}

function plotRow(row: ComparisonRow, words: Words, { left, x, y, index }: RowPlace): string {
  const hollow = row.verdict === 'not-comparable' ? ' hollow' : '';
  const { ours, paper, earlier } = row;
  const mark = ours?.which === 'best' ? ` ${testMark}` : '';
  let drawn = rowLabel(`${subjectName(words, row.subject.label)}${mark}`, left, y + 4);
  drawn += line(left + rowMargin, y, plotWidth - rowMargin, y, 'guide');
  if (earlier?.value !== null && earlier?.value !== undefined) {
    drawn += element('rect', { x: x(earlier.value) - 4, y: y - 4, width: 8, height: 8, class: `earlier${hollow}` });
  }
  if (paper?.value !== null && paper?.value !== undefined) {
    const at = x(paper.value);
    drawn += path(
      [
        [at, y - 6],
        [at + 6, y],
        [at, y + 6],
        [at - 6, y],
      ],
      `paper${hollow}`,
      true,
    );
  }
  if (ours !== null && ours.mean !== null) {
    const { mean, interval } = ours;
    if (interval !== null) {
      drawn += line(x(interval.low), y, x(interval.high), y, `bar series-${index}`);
      for (const end of [interval.low, interval.high])
        drawn += line(x(end), y - 4, x(end), y + 4, `bar series-${index}`);
    }
    drawn += element('circle', { cx: x(mean), cy: y, r: 4.5, class: `dot series-${index}` });
  }
  return drawn;
}

/** An overlong name is truncated; the full name is in the tooltip and for screen readers. */
function rowLabel(name: string, right: number, y: number): string {
  if (nameWidth(name) <= right) return text(right, y, name, 'row-label', 'end');
  let shown = name;
  while (nameWidth(shown) > right - 8) shown = shown.slice(0, -1);
  const cut = text(right, y, `${shown}…`, 'row-label', 'end');
  return element('g', {}, element('title', {}, escapeXml(name)) + cut);
}

/** In reading order; metrics not listed follow by name. */
const metricOrder = [
  'loss',
  'invariance',
  'variance',
  'covariance',
  'redundancy',
  'positiveSimilarity',
  'teacherDistance',
  'codeSpread',
  'clustersInUse',
  'bagEntropy',
  'meanBagEntropy',
  'embeddingStd',
  'embeddingStdMin',
  'offDiagonalCovariance',
  'effectiveRank',
  'featureCovariance',
  'accuracy',
  'lr',
];

interface Curve {
  readonly label: string;
  readonly index: number;
  readonly series: Series;
}

export function curveFigures(
  model: ReportModel,
  words: Words,
): readonly { readonly svg: string; readonly caption: string }[] {
  const { palette } = model.comparison;
  const trained = model.runs.filter(({ run }) => run.kind === 'pretrain');
  const present = new Set(trained.flatMap(({ series }) => series.map(({ name }) => name)));
  const others = [...present].filter((name) => !metricOrder.includes(name)).sort();
  const names = [...metricOrder.filter((name) => present.has(name)), ...others];
  return names.flatMap((name) => {
    // Losses of different methods are not comparable: one picture each.
    const methods = name === 'loss' ? [...new Set(trained.map(({ run }) => run.method))] : [null];
    return methods.flatMap((method) => {
      const curves = trained
        .filter(({ run }) => method === null || run.method === method)
        .flatMap(({ run, series }): readonly Curve[] => {
          const own = series.find((candidate) => candidate.name === name);
          const label = model.comparison.titles[run.id] ?? run.title;
          return own === undefined ? [] : [{ label, index: lookOf(palette.runs[run.id]), series: own }];
        })
        .filter(({ series }) => series.steps.length > 1);
      if (curves.length === 0) return [];
      const title = words.curves.metrics[name] ?? name;
      const caption = method === null || methods.length === 1 ? title : `${title} · ${model.titles[method] ?? method}`;
      return [{ svg: curvePicture(curves, caption, words), caption }];
    });
  });
}

const curveWidth = 370;
const curveHeight = 126;
const labelHeight = 13;
const margin = { left: 46, right: 122, top: 8, bottom: 30 };

function curvePicture(curves: readonly Curve[], caption: string, words: Words): string {
  const finite = (values: readonly (number | null)[]): readonly number[] => values.filter((value) => value !== null);
  const all = curves.flatMap(({ series }) => [...finite(series.min), ...finite(series.max)]);
  const steps = curves.flatMap(({ series }) => [series.steps[0] ?? 0, series.steps.at(-1) ?? 0]);
  const [low, high] = all.length === 0 ? [0, 1] : [Math.min(...all), Math.max(...all)];
  const pad = (high - low || Math.abs(high) || 1) * 0.05;
  const x = scale([Math.min(...steps), Math.max(...steps)], [margin.left, curveWidth - margin.right]);
  const y = scale([low - pad, high + pad], [curveHeight - margin.bottom, margin.top]);
  const bottom = curveHeight - margin.bottom;
  const axes =
    line(margin.left, margin.top, margin.left, bottom, 'axis') +
    line(margin.left, bottom, curveWidth - margin.right, bottom, 'axis') +
    marks(low - pad, high + pad)
      .map(
        (tick) =>
          line(margin.left - 3, y(tick), margin.left, y(tick), 'axis') +
          text(margin.left - 6, y(tick) + 4, short(tick), 'tick', 'end'),
      )
      .join('') +
    marks(Math.min(...steps), Math.max(...steps))
      .map(
        (tick) =>
          line(x(tick), bottom, x(tick), bottom + 3, 'axis') +
          text(x(tick), bottom + 15, short(tick), 'tick', 'middle'),
      )
      .join('') +
    text(curveWidth - margin.right + 6, bottom + 15, words.curves.step, 'tick');
  const drawn = curves.map(({ series, index }) => band(series, x, y, index) + pieces(series, x, y, index)).join('');
  return picture(curveWidth, curveHeight, caption, axes + drawn + endLabels(curves, y));
}

/** About four marks, at least three if a finer step allows. */
function marks(low: number, high: number): readonly number[] {
  const coarse = ticks(low, high, 4);
  return coarse.length < 3 ? ticks(low, high, 6) : coarse;
}

const short = (value: number): string =>
  Math.abs(value) >= 1e-3 || value === 0 ? decimal(value, decimals(value)) : value.toExponential(0).replace('-', '−');
const decimals = (value: number): number => (String(value).split('.')[1] ?? '').length;

/** The line, broken where a value is not finite, so that a diverged loss is a visible gap. */
function pieces(series: Series, x: (value: number) => number, y: (value: number) => number, index: number): string {
  let drawn = '';
  let points: Point[] = [];
  const flush = (): void => {
    drawn += path(points, `curve series-${index}`);
    points = [];
  };
  series.steps.forEach((step, at) => {
    const value = series.mean[at];
    if (value === null || value === undefined) flush();
    else points.push([x(step), y(value)]);
  });
  flush();
  return drawn;
}

function band(series: Series, x: (value: number) => number, y: (value: number) => number, index: number): string {
  const upper: Point[] = [];
  const lower: Point[] = [];
  series.steps.forEach((step, at) => {
    const [least, most] = [series.min[at], series.max[at]];
    if (least === null || most === null || least === undefined || most === undefined) return;
    upper.push([x(step), y(most)]);
    lower.unshift([x(step), y(least)]);
  });
  return path([...upper, ...lower], `band series-${index}`, true);
}

/** Names at the lines' ends, moved apart where they would overlap. */
function endLabels(curves: readonly Curve[], y: (value: number) => number): string {
  const ends = curves
    .map(({ label, index, series }) => {
      const last = series.mean.findLast((value) => value !== null);
      return { label, index, at: y(last ?? 0) };
    })
    .sort((one, other) => one.at - other.at);
  const places: number[] = [];
  for (const { at } of ends) places.push(Math.max(at + 4, (places.at(-1) ?? margin.top - 9) + labelHeight));
  // Labels pushed below the axis move back up, pushing those above them.
  let below = curveHeight - margin.bottom + labelHeight;
  for (let at = places.length - 1; at >= 0; at -= 1) {
    below = Math.min(places[at] ?? 0, below - labelHeight);
    places[at] = below;
  }
  return ends
    .map(({ label, index }, at) => {
      const cut = label.length > 19 ? `${label.slice(0, 18)}…` : label;
      return text(curveWidth - margin.right + 6, places[at] ?? 0, cut, `end-label series-${index}`);
    })
    .join('');
}
