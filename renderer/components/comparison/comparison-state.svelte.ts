/** State of the comparison page: the selection, its comparison, and its report. */
import type { Comparison, ComparisonRow, EpochChoice, Selection } from '../../../electron/api/comparison.ts';
import type { PlanRow } from '../../../electron/api/plans.ts';
import type { ReportFormat, ReportRow } from '../../../electron/api/reports.ts';
import type { RunRow } from '../../../electron/api/runs.ts';
import { ask } from '../../lib/client.ts';
import { tCode } from '../../lib/language/i18n.svelte.ts';
import { nameOf } from '../../lib/language/words.ts';
import { router } from '../../lib/route.svelte.ts';
import { Task } from '../../lib/task.svelte.ts';
import type { Workspace } from '../../lib/workspace.svelte.ts';
import { exportReport } from './export-report.ts';

/** Rows of one measurement: the same evaluator, data, split and metric. */
export interface RowGroup {
  readonly id: string;
  readonly title: string;
  readonly rows: readonly ComparisonRow[];
}

function groupRows(rows: readonly ComparisonRow[]): readonly RowGroup[] {
  const found = new Map<string, { id: string; title: string; rows: ComparisonRow[] }>();
  for (const row of rows) {
    const id = `${row.evaluator} ${row.dataset} ${row.split} ${row.metric}`;
    const title = [
      nameOf('evaluator', row.evaluator),
      nameOf('metric', row.metric),
      nameOf('dataset', row.dataset),
      tCode('split', row.split) ?? row.split,
    ].join(' · ');
    const group = found.get(id) ?? { id, title, rows: [] };
    group.rows.push(row);
    found.set(id, group);
  }
  return [...found.values()];
}

/** Created by the page's component: its effects end with the component. */
export class ComparisonState {
  readonly comparison = new Task<Comparison>();
  readonly report = new Task<ReportRow>();
  /** Id of the subject the others are compared with; null for the main one or, without one, the highest. */
  baseline = $state<string | null>(null);
  epoch = $state<EpochChoice>('paper');

  readonly #workspace: Workspace;
  readonly #selection: () => Selection | null;

  readonly plans = $derived.by((): readonly PlanRow[] => this.#workspace.plans.value ?? []);
  readonly runs = $derived.by((): readonly RunRow[] =>
    (this.#workspace.runs.value ?? []).filter((row) => !row.archived),
  );
  /** The selection in the address; by default the started plan, or the first. */
  readonly shown = $derived.by((): Selection | null => {
    const selection = this.#selection();
    if (selection !== null) return selection;
    const plan = this.plans.find((row) => row.startedAt !== null) ?? this.plans[0];
    return plan === undefined ? null : { kind: 'plan', plan: plan.plan.id };
  });
  readonly #asked = $derived.by((): Selection | null => {
    if (this.shown === null) return null;
    return {
      ...this.shown,
      ...(this.baseline === null ? {} : { baseline: this.baseline }),
      ...(this.epoch === 'paper' ? {} : { epoch: this.epoch }),
    };
  });
  readonly #askedKey = $derived.by(() => (this.#asked === null ? '' : JSON.stringify(this.#asked)));
  readonly #statuses = $derived.by(() => this.runs.map((row) => `${row.id}:${row.status}`).join(' '));

  readonly groups = $derived.by(() => groupRows(this.comparison.value?.rows ?? []));
  readonly references = $derived.by(() => groupRows(this.comparison.value?.references ?? []));
  /** Labels by id. */
  readonly subjects = $derived.by(
    () => new Map((this.comparison.value?.rows ?? []).map(({ subject }) => [subject.id, subject.label])),
  );
  /** Pretraining runs of the selection that have taken a step. */
  readonly trained = $derived.by((): readonly RunRow[] =>
    this.#chosenRuns()
      .flatMap((id) => this.#workspace.runById.get(id) ?? [])
      .filter((row) => row.kind === 'pretrain' && row.step > 0),
  );

  constructor(workspace: Workspace, selection: () => Selection | null) {
    this.#workspace = workspace;
    this.#selection = selection;
    $effect(() => {
      void this.#statuses;
      const selected = this.#askedKey === '' ? null : (JSON.parse(this.#askedKey) as Selection);
      if (selected !== null) void this.comparison.run(() => ask('compare', selected));
    });
    // Reset when the selection, and so its subjects, changes.
    $effect(() => {
      void this.#selection();
      this.baseline = null;
    });
  }

  #chosenRuns(): readonly string[] {
    const { shown } = this;
    if (shown === null) return [];
    if (shown.kind === 'runs') return shown.runs;
    return this.plans.find((row) => row.plan.id === shown.plan)?.runs.flatMap((one) => one.run ?? []) ?? [];
  }

  askAgain(): void {
    const asked = this.#asked;
    if (asked !== null) void this.comparison.run(() => ask('compare', asked));
  }

  isPicked(run: string): boolean {
    return this.shown?.kind === 'runs' && this.shown.runs.includes(run);
  }

  pick(run: string, isPicked: boolean): void {
    const now = this.shown?.kind === 'runs' ? this.shown.runs : [];
    const next = isPicked ? [...now, run] : now.filter((id) => id !== run);
    router.go({ view: 'compare', selection: next.length === 0 ? null : { kind: 'runs', runs: next } });
  }

  async exportAs(wanted: readonly ReportFormat[]): Promise<void> {
    const asked = this.#asked;
    if (asked === null) return;
    await exportReport(this.#workspace, this.report, asked, wanted);
  }
}
