/** Curves of several pretraining runs on one axis: the figure shown, and the lines drawn. */
import { untrack } from 'svelte';
import type { RunDetail, RunRow } from '../../../electron/api/runs.ts';
import { scaled, styleAt, type Curve } from '../../lib/charts/chart-data.ts';
import { StepAxis } from '../../lib/charts/chart.svelte.ts';
import { ReferenceOverlay } from '../../lib/charts/reference-overlay.svelte.ts';
import { RunCurves } from '../../lib/charts/curves.svelte.ts';
import { ask } from '../../lib/client.ts';
import type { Workspace } from '../../lib/workspace.svelte.ts';

/** Created by a component: its effects end with the component. */
export class CurveOverlay {
  readonly axis = new StepAxis();
  figure = $state('loss');
  readonly #runs: () => readonly RunRow[];
  readonly #titleOf: (row: RunRow) => string;
  readonly #placeOf: (row: RunRow) => number;
  /** Read once per run: the configuration and attempts needed for the axis. */
  #details = $state.raw<ReadonlyMap<string, RunDetail>>(new Map());
  #curves = $state.raw<ReadonlyMap<string, RunCurves>>(new Map());

  readonly #runsKey = $derived.by(() =>
    this.#runs()
      .map((row) => row.id)
      .join(' '),
  );
  /** Names of the metrics that any of the runs has. */
  readonly figures = $derived.by(() =>
    [
      ...new Set(this.#runs().flatMap((row) => this.#details.get(row.id)?.metrics.map(({ name }) => name) ?? [])),
    ].sort(),
  );
  readonly #own = $derived.by(() =>
    this.#runs().flatMap((row): readonly Curve[] => {
      const series = this.#curves.get(row.id)?.series.get(this.figure);
      const factor = this.#perStep(row);
      if (series === undefined || series.steps.length === 0 || factor === null) return [];
      return [{ label: this.#titleOf(row), series: scaled(series, factor), ...styleAt(this.#placeOf(row)) }];
    }),
  );

  /** Reference curves go under one's own. */
  readonly references: ReferenceOverlay;
  readonly lines = $derived.by(() => [...this.#own, ...this.references.curvesOf(this.figure)]);
  /** The method of all the runs; null if they have several. */
  readonly method = $derived.by(() => {
    const methods = new Set(this.#runs().map(({ method }) => method));
    return methods.size === 1 ? ([...methods][0] ?? null) : null;
  });

  /** @param placeOf place of a run in the palette of the comparison */
  constructor(
    workspace: Workspace,
    runs: () => readonly RunRow[],
    titleOf: (row: RunRow) => string,
    placeOf: (row: RunRow) => number,
  ) {
    this.#runs = runs;
    this.#titleOf = titleOf;
    this.#placeOf = placeOf;
    this.references = new ReferenceOverlay(workspace, this.axis, () => ({
      methods: runs().map(({ method }) => method),
      presets: runs().flatMap(({ id }) => this.#details.get(id)?.config.preset ?? []),
      metrics: this.figures,
      stepsPerEpoch: null,
    }));
    $effect(() => {
      for (const id of this.#ids().filter((one) => !untrack(() => this.#details).has(one)))
        void ask('run', id).then(
          (detail) => (this.#details = new Map([...this.#details, [id, detail]])),
          // The comparison itself reports read errors; without the details, the curve stays over steps.
          () => undefined,
        );
    });
    $effect(() => {
      const made = new Map(this.#ids().map((id) => [id, new RunCurves(id)]));
      for (const curves of made.values()) curves.read([this.figure]);
      this.#curves = made;
      return () => {
        for (const curves of made.values()) curves.close();
      };
    });
  }

  #ids(): readonly string[] {
    return this.#runsKey.split(' ').filter((id) => id !== '');
  }

  /** Length of a step on the chosen axis; null if unknown. */
  #perStep(row: RunRow): number | null {
    const { axis } = this;
    const detail = this.#details.get(row.id);
    const config = detail?.config;
    if (axis.over === 'step') return 1;
    if (axis.over === 'minute') {
      // At the run's mean pace over its wall-clock time, including steps repeated after an interruption.
      const spans = (detail?.attempts ?? []).map(({ startedAt, lastSeenAt }) => (lastSeenAt ?? startedAt) - startedAt);
      const worked = spans.reduce((sum, span) => sum + span, 0) / 60_000;
      return worked > 0 && row.step > 0 ? worked / row.step : null;
    }
    if (config?.kind !== 'pretrain' || row.steps === null) return null;
    return axis.over === 'image' ? config.batch : config.epochs / row.steps;
  }
}
