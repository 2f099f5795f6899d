/** Chart.js on a canvas, for curves over steps. A single attachment, driven entirely by its specification. */
import {
  Chart,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  type ChartArea,
  type ChartDataset,
  type ChartOptions,
  type Plugin,
  type Scale,
} from 'chart.js';
import zoomPlugin from 'chartjs-plugin-zoom';
import { untrack } from 'svelte';
import type { Attachment } from 'svelte/attachments';
import { linesOf, drawingOf, tickOf, type Curve, type Mark, type Point } from './chart-data.ts';
import { f, t } from '../language/i18n.svelte.ts';
import { theme } from '../theme.svelte.ts';

Chart.register(Filler, LinearScale, LineController, LineElement, LogarithmicScale, PointElement, zoomPlugin);

/** Units of the x axis. */
export type Over = 'step' | 'epoch' | 'image' | 'minute';

/** The axis shared by the charts of one page: unit, range, crosshair and scale. */
export class StepAxis {
  over = $state<Over>('step');
  /** Epochs and minutes have fractions. */
  readonly isWhole = $derived(this.over === 'step' || this.over === 'image');
  readonly digits = $derived(this.isWhole ? 0 : 2);
  from = $state<number | null>(null);
  to = $state<number | null>(null);
  /** Position under the pointer, for all charts at once. */
  at = $state<number | null>(null);
  logarithmic = $state(false);
  /** Weight of past values in the moving average; 0 disables smoothing. */
  smoothing = $state(0);

  readonly zoomed = $derived(this.from !== null || this.to !== null);
  reset(): void {
    this.from = null;
    this.to = null;
  }
}

export interface ChartSpec {
  readonly curves: readonly Curve[];
  readonly marks: readonly Mark[];
  readonly axis: StepAxis;
  /** Right end of the axis without zoom; null for the last point. */
  readonly steps: number | null;
  /** Shows names at the lines' ends, for charts with several curves. */
  readonly endLabels?: boolean;
  /** Values are percentages. */
  readonly percent?: boolean;
}

type LineChart = Chart<'line', Point[]>;

export function chart(spec: () => ChartSpec): Attachment<HTMLCanvasElement> {
  return (canvas) => {
    let latest = untrack(spec);
    const instance: LineChart = untrack(
      () =>
        new Chart<'line', Point[]>(canvas, {
          type: 'line',
          data: { datasets: [] },
          options: optionsOf(latest),
          plugins: [overlay(() => latest)],
        }),
    );
    $effect(() => {
      latest = spec();
      instance.options = optionsOf(latest);
      instance.data.datasets = datasetsOf(latest);
      instance.update('none');
    });
    $effect(() => {
      // Only the crosshair moves; the curves stay as they are.
      void latest.axis.at;
      instance.draw();
    });
    const reset = (): void => latest.axis.reset();
    const wheel = (event: WheelEvent): void => {
      if (belongsToPage(event, canvas) || (event.deltaY > 0 && !latest.axis.zoomed)) event.stopImmediatePropagation();
    };
    canvas.addEventListener('dblclick', reset);
    canvas.parentElement?.addEventListener('wheel', wheel, { capture: true });
    return () => {
      canvas.removeEventListener('dblclick', reset);
      canvas.parentElement?.removeEventListener('wheel', wheel, { capture: true });
      instance.destroy();
    };
  };
}

/** The chart on a canvas as it is drawn now. */
export const drawnChart = (canvas: HTMLCanvasElement): Chart<'line'> | undefined =>
  Chart.getChart(canvas) as Chart<'line'> | undefined;

/** A scroll that began elsewhere keeps scrolling the page when a chart moves under the pointer. */
let gesture: { target: EventTarget | null; at: number } = { target: null, at: -Infinity };
addEventListener(
  'wheel',
  (event) => {
    gesture = { target: event.timeStamp - gesture.at > 300 ? event.target : gesture.target, at: event.timeStamp };
  },
  { capture: true, passive: true },
);
function belongsToPage(event: WheelEvent, canvas: HTMLCanvasElement): boolean {
  return event.timeStamp - gesture.at <= 300 && gesture.target !== canvas;
}

function datasetsOf(spec: ChartSpec): ChartDataset<'line', Point[]>[] {
  return linesOf(spec.curves, spec.axis.logarithmic, spec.axis.smoothing).map((line): ChartDataset<'line', Point[]> => {
    const { colour, opacity, width, dash, radius } = drawingOf(line, spec.curves[line.curve]!);
    const drawn = `color-mix(in srgb, ${theme.colour(colour)} ${opacity * 100}%, transparent)`;
    return {
      data: [...line.points],
      parsing: false,
      normalized: true,
      spanGaps: false,
      // Chart.js draws a higher order first, so under the others.
      order: line.role === 'reference' ? 1 : 0,
      borderColor: drawn,
      borderWidth: width,
      borderDash: [...dash],
      pointRadius: radius,
      pointHitRadius: 0,
      pointHoverRadius: radius,
      backgroundColor: drawn,
      fill: line.role === 'high' ? '-1' : false,
    };
  });
}

function optionsOf(spec: ChartSpec): ChartOptions<'line'> {
  const { axis } = spec;
  const text = theme.colour('--text-2');
  const rule = theme.colour('--chart-line');
  const end = spec.steps ?? Math.max(1, ...spec.curves.map((curve) => curve.series.steps.at(-1) ?? 1));
  const font = { size: 11, family: 'system-ui, "Noto Sans CJK SC", sans-serif' };
  const format = f();
  return {
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    events: ['mousemove', 'mouseout'],
    layout: { padding: { top: 4, right: spec.endLabels === true ? endLabelRoom(spec.curves) : 6 } },
    interaction: { mode: 'nearest', intersect: false },
    scales: {
      x: {
        type: 'linear',
        min: axis.from ?? 0,
        max: axis.to ?? end,
        border: { color: rule },
        grid: { display: false },
        title: {
          display: true,
          text: t(`chart.over.${axis.over}`),
          align: 'end',
          color: text,
          font: { ...font, size: 10 },
          padding: 0,
        },
        ticks: {
          color: text,
          font,
          maxTicksLimit: 5,
          maxRotation: 0,
          includeBounds: false,
          callback: (value) => format.number(Number(value), axis.digits),
        },
      },
      y: {
        type: axis.logarithmic ? 'logarithmic' : 'linear',
        border: { display: false },
        grid: { color: rule, drawTicks: false },
        afterFit: (scale) => {
          // A fixed width, so that the step axes of stacked charts are aligned.
          scale.width = 46;
        },
        ticks: {
          color: text,
          font,
          maxTicksLimit: 4,
          padding: 4,
          callback: (value) =>
            spec.percent === true ? format.percent(Number(value), 0) : format.figure(Number(value)),
        },
      },
    },
    plugins: {
      zoom: {
        limits: { x: { min: 0, max: end, minRange: axis.isWhole ? Math.max(1, end / 1000) : end / 1000 } },
        zoom: {
          wheel: { enabled: true, speed: 0.15 },
          mode: 'x',
          onZoom: ({ chart: zoomed }) => {
            const { min, max } = zoomed.scales['x']!;
            const whole = min <= 0 && max >= end;
            axis.from = whole ? null : min;
            axis.to = whole ? null : max;
          },
        },
      },
    },
  };
}

const endLabelFont = '11px system-ui, "Noto Sans CJK SC", sans-serif';
/** Longer names are drawn narrower. */
const mostForEndLabels = 220;
/** Made when it is first needed: a live chart asks at every update. */
let measure: CanvasRenderingContext2D | null = null;

/** Pixels that the longest name takes, with its distance from the line. */
function endLabelRoom(curves: readonly Curve[]): number {
  const pen = (measure ??= document.createElement('canvas').getContext('2d'));
  if (pen === null) return mostForEndLabels;
  pen.font = endLabelFont;
  const widest = Math.max(0, ...curves.map(({ label }) => pen.measureText(label).width));
  return Math.ceil(Math.min(widest, mostForEndLabels)) + 12;
}

/** Places of the names at the lines' ends, none over another. */
export function endLabelsOf(
  curves: readonly Curve[],
  y: Pick<Scale, 'getPixelForValue'>,
  area: Pick<ChartArea, 'top' | 'bottom'>,
): readonly { readonly curve: Curve; readonly place: number }[] {
  let lowest = -Infinity;
  return curves
    .map((curve) => ({ curve, value: curve.series.mean.findLast((value) => value !== null) ?? null }))
    .flatMap(({ curve, value }) => (value === null ? [] : [{ curve, place: y.getPixelForValue(value) }]))
    .sort((one, other) => one.place - other.place)
    .map(({ curve, place }) => {
      lowest = Math.max(lowest + 13, Math.min(Math.max(place, area.top + 6), area.bottom));
      return { curve, place: lowest };
    });
}

/** Crosshair, ticks of events, and names at the line's end. */
function overlay(spec: () => ChartSpec): Plugin<'line'> {
  return {
    id: 'overlay',
    afterEvent(instance, { event }) {
      const { axis } = spec();
      const inside = event.type === 'mousemove' && event.x !== null && event.x >= instance.chartArea.left;
      const grain = 10 ** -axis.digits;
      const place = instance.scales['x']?.getValueForPixel(event.x ?? 0) ?? 0;
      const at = inside ? Math.round(place / grain) * grain : null;
      if (axis.at !== at) axis.at = at;
    },
    afterDatasetsDraw(instance) {
      const { axis, marks, curves, endLabels } = untrack(spec);
      const { ctx, chartArea: area, scales } = instance;
      const x = scales['x'];
      const y = scales['y'];
      if (x === undefined || y === undefined) return;
      ctx.save();
      for (const mark of marks) {
        if (mark.step < x.min || mark.step > x.max) continue;
        const place = Math.round(x.getPixelForValue(mark.step)) + 0.5;
        ctx.strokeStyle = untrack(() => theme.colour(markColours[mark.kind]));
        ctx.lineWidth = 1;
        ctx.beginPath();
        const tick = tickOf(mark.kind);
        ctx.setLineDash(tick === null ? [2, 2] : []);
        ctx.moveTo(place, tick === null ? area.top : area.bottom - tick);
        ctx.lineTo(place, area.bottom);
        ctx.stroke();
      }
      ctx.setLineDash([]);
      const at = untrack(() => axis.at);
      if (at !== null && at >= x.min && at <= x.max) {
        const place = Math.round(x.getPixelForValue(at)) + 0.5;
        ctx.strokeStyle = untrack(() => theme.colour('--text-2'));
        ctx.lineWidth = 1;
        ctx.beginPath();
        ctx.moveTo(place, area.top);
        ctx.lineTo(place, area.bottom);
        ctx.stroke();
      }
      if (endLabels === true) {
        ctx.font = endLabelFont;
        ctx.textBaseline = 'middle';
        for (const { curve, place } of endLabelsOf(curves, y, area)) {
          ctx.fillStyle = untrack(() => theme.colour(curve.colour));
          ctx.fillText(curve.label, area.right + 6, place, mostForEndLabels);
        }
      }
      ctx.restore();
    },
  };
}

export const markColours: Readonly<Record<Mark['kind'], string>> = {
  checkpoint: '--text-2',
  resume: '--ok',
  interrupted: '--wrong',
  log: '--attention',
  result: '--accent',
};
