/** The queue on the page of runs: its order, what is selected, and what can be done with it. */
import type { CancelledRuns, QueuedRun } from '../../../electron/api/queue.ts';
import type { RunRow } from '../../../electron/api/runs.ts';
import { ask } from '../../lib/client.ts';
import { t } from '../../lib/language/i18n.svelte.ts';
import { Task } from '../../lib/task.svelte.ts';
import type { Workspace } from '../../lib/workspace.svelte.ts';

export interface QueueLine {
  readonly row: RunRow;
  /** Null until the workstation has said it. */
  readonly queued: QueuedRun | null;
}

/**
 * Place, from 1, that the queue counts without the runs that move.
 * @param gap runs of the whole queue that are to stand before them
 */
export function placeOf(order: readonly string[], moved: readonly string[], gap: number): number {
  return order.slice(0, gap).filter((run) => !moved.includes(run)).length + 1;
}

export class QueueState {
  readonly found = new Task<readonly QueuedRun[]>();
  chosen = $state.raw<ReadonlySet<string>>(new Set());
  /** What a screen reader is told of the last move. */
  spoken = $state('');
  readonly #workspace: Workspace;
  /** The order asked for, shown until the workstation answers. */
  #asked = $state.raw<readonly string[] | null>(null);

  readonly lines = $derived.by((): readonly QueueLine[] => {
    const rows = (this.#workspace.runs.value ?? []).filter((row) => row.status === 'queued');
    const place = new Map((this.#asked ?? []).map((run, at) => [run, at]));
    const placeIn = ({ id, queuePosition }: RunRow): number => place.get(id) ?? queuePosition ?? Infinity;
    const queued = new Map((this.found.value ?? []).map((one) => [one.run, one]));
    return rows
      .sort((one, other) => placeIn(one) - placeIn(other))
      .map((row) => ({ row, queued: queued.get(row.id) ?? null }));
  });
  readonly order = $derived(this.lines.map(({ row }) => row.id));
  /** Selected runs that still wait, in the order of the queue. */
  readonly selection = $derived(this.order.filter((run) => this.chosen.has(run)));

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  read(): void {
    void this.found.run(() => ask('queue'));
  }

  choose(run: string, isChosen: boolean): void {
    this.chosen = new Set(isChosen ? [...this.chosen, run] : [...this.chosen].filter((one) => one !== run));
  }
  chooseAll(isChosen: boolean): void {
    this.chosen = new Set(isChosen ? this.order : []);
  }
  /** What moves with a run: the selection it belongs to, else the run alone. */
  withSelection(run: string): readonly string[] {
    return this.selection.includes(run) ? this.selection : [run];
  }

  /** @param gap runs of the whole queue that are to stand before them */
  async move(runs: readonly string[], gap: number): Promise<void> {
    const order = this.order;
    const place = placeOf(order, runs, gap);
    const moved = order.filter((run) => runs.includes(run));
    const [first] = moved;
    const next = order.filter((run) => !runs.includes(run)).toSpliced(place - 1, 0, ...moved);
    if (first === undefined || String(next) === String(order)) return;
    this.#asked = next;
    this.spoken = t('queue.moved', {
      run: this.#workspace.runById.get(first)?.title ?? first,
      position: place,
      all: order.length,
    });
    await this.#workspace.attempt(() => ask('moveInQueue', moved, place));
    await this.#reload();
  }

  /** One action, one message: however many runs leave the queue, they come back together. */
  async cancel(runs: readonly string[]): Promise<void> {
    const [first] = runs;
    if (first === undefined) return;
    const title = this.#workspace.runById.get(first)?.title ?? first;
    let cancelled: CancelledRuns | null = null;
    await this.#workspace.attempt(async () => (cancelled = await ask('cancelQueued', runs)));
    this.chosen = new Set();
    await this.#reload();
    const taken = cancelled as CancelledRuns | null;
    if (taken === null || taken.runs.length === 0) return;
    const count = taken.runs.length;
    this.#workspace.say(count === 1 ? t('queue.cancelledOne', { run: title }) : t('queue.cancelled', { count }), {
      label: t('action.undo'),
      run: () => void this.#workspace.attempt(() => ask('undoCancel', taken)).then(() => this.#reload()),
    });
  }

  async #reload(): Promise<void> {
    await this.#workspace.runs.run(() => ask('runs'));
    this.#asked = null;
    this.read();
  }
}
