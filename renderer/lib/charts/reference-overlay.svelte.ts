/** Reference curves of a page: which of them fit, which are drawn, and their lines by metric. */
import { untrack } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import type { Series } from '../../../electron/api/curves.ts';
import type { ReferenceCurves } from '../../../electron/api/reference-curves.ts';
import { ask, faultOf } from '../client.ts';
import { t } from '../language/i18n.svelte.ts';
import type { Workspace } from '../workspace.svelte.ts';
import { maximumPoints, scaled, type Curve } from './chart-data.ts';
import type { StepAxis } from './chart.svelte.ts';
import { perPosition } from './reference-axis.ts';

/** Of runs on the page: what reference curves are drawn with. */
export interface Drawn {
  readonly methods: readonly string[];
  readonly presets: readonly string[];
  /** Metrics that are shown. */
  readonly metrics: readonly string[];
  /** Of the one run of a page; null where there are several, or it is not known yet. */
  readonly stepsPerEpoch: number | null;
}

/** One's own curves are coloured, with longer dashes. */
const dashes: readonly (readonly number[])[] = [
  [3, 2],
  [1, 2],
  [6, 2, 1, 2],
  [8, 2],
];

/** What a person reads: a run of a preset that came with the program has no name of its own. */
export const referenceName = (curves: ReferenceCurves): string =>
  curves.kind === 'preset' ? t('reference.shipped', { data: curves.name }) : curves.name;

/** The same beside a line. */
export const referenceLabel = (curves: ReferenceCurves): string =>
  curves.kind === 'preset' ? t('reference.presetRun') : curves.name;

/** Created by a component: its effects end with the component. */
export class ReferenceOverlay {
  readonly #workspace: Workspace;
  readonly #drawn: () => Drawn;
  readonly #axis: StepAxis;
  readonly #series = new SvelteMap<string, Series>();
  readonly #asked = new Set<string>();

  /** Those that fit the runs of the page, drawn or hidden. */
  readonly list = $derived.by(() => {
    const { methods, presets } = this.#drawn();
    return (this.#workspace.references.value ?? []).filter(({ preset, method }) =>
      preset === null ? method === null || methods.includes(method) : presets.includes(preset),
    );
  });

  constructor(workspace: Workspace, axis: StepAxis, drawn: () => Drawn) {
    this.#workspace = workspace;
    this.#axis = axis;
    this.#drawn = drawn;
    $effect(() => {
      for (const { id, source } of this.#wanted()) untrack(() => this.#read(id, source));
    });
  }

  get axis(): StepAxis {
    return this.#axis;
  }

  /** Metrics that curves can be drawn with here. */
  get metrics(): readonly string[] {
    return this.#drawn().metrics;
  }

  isHidden({ id }: ReferenceCurves): boolean {
    return this.#workspace.hiddenReferences.has(id);
  }

  hide({ id }: ReferenceCurves, isHidden: boolean): void {
    if (isHidden) this.#workspace.hiddenReferences.add(id);
    else this.#workspace.hiddenReferences.delete(id);
  }

  /** Why none of its curves is here; null if they are, or are hidden. */
  reasonNotDrawn(reference: ReferenceCurves): 'axis' | 'metric' | null {
    const { metrics } = this.#drawn();
    if (!reference.curves.some(({ metric }) => metric !== null && metrics.includes(metric))) return 'metric';
    return this.#factor(reference) === null ? 'axis' : null;
  }

  /** The lines of a metric. */
  curvesOf(name: string, label: (reference: ReferenceCurves) => string = referenceLabel): readonly Curve[] {
    return this.list.flatMap((reference, place): readonly Curve[] => {
      const curve = reference.curves.find(({ metric }) => metric === name);
      const factor = this.#factor(reference);
      if (curve === undefined || factor === null || this.isHidden(reference)) return [];
      const series = this.#series.get(keyOf(reference.id, curve.source));
      if (series === undefined || series.steps.length === 0) return [];
      const dash = dashes[place % dashes.length]!;
      return [{ label: label(reference), series: scaled(series, factor), colour: '--text-2', dash, isReference: true }];
    });
  }

  #factor(reference: ReferenceCurves): number | null {
    return perPosition(reference, this.#axis.over, this.#drawn().stepsPerEpoch);
  }

  #wanted(): readonly { readonly id: string; readonly source: string }[] {
    const { metrics } = this.#drawn();
    return this.list
      .filter((reference) => !this.isHidden(reference))
      .flatMap(({ id, curves }) =>
        curves
          .filter(({ metric }) => metric !== null && metrics.includes(metric))
          .map(({ source }) => ({ id, source })),
      );
  }

  /** Once: the points of an import never change. */
  #read(id: string, source: string): void {
    const key = keyOf(id, source);
    if (this.#asked.has(key)) return;
    this.#asked.add(key);
    void ask('referenceSeries', id, source, maximumPoints).then(
      (series) => this.#series.set(key, series),
      (error: unknown) => {
        this.#asked.delete(key);
        // Removed meanwhile: the list says so.
        if (faultOf(error).code !== 'unknown-id') this.#workspace.tell(faultOf(error));
      },
    );
  }
}

const keyOf = (id: string, source: string): string => `${id}\n${source}`;
