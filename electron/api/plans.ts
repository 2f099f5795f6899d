/** Plans on this machine, and plans added from another workspace. */
import type { Metric } from '../../trainer/protocol/catalogue.ts';
import type { Fault } from '../../trainer/protocol/fault.ts';
import type { Plan } from '../../trainer/protocol/plan.ts';
import type { Result } from '../../trainer/protocol/results.ts';
import type { RunStatus } from '../../trainer/protocol/run.ts';

/** A plan from another workspace, with the results it had there. */
export interface AddedPlan {
  readonly plan: string;
  /** By the key of the plan's run. */
  readonly results: readonly (Pick<Result, 'evaluator' | 'dataset' | 'split' | 'metric' | 'value' | 'which' | 'n'> & {
    readonly run: string;
    readonly unit: Metric['unit'];
  })[];
  readonly environment: {
    readonly version: string;
    readonly platform: string;
    readonly versions: Readonly<Record<string, string>>;
    readonly instructionSets: readonly string[];
  };
}

/** A planned run on this machine. */
export interface PlannedRunRow {
  readonly key: string;
  /** Null if it is not made yet. */
  readonly run: string | null;
  readonly status: RunStatus | null;
  /** What it waits for that no start of the plan brings about: a decision of the user, or the run it evaluates, which does. */
  readonly waits:
    { readonly for: 'decision'; readonly fault: Fault } | { readonly for: 'run'; readonly key: string } | null;
}

export interface PlanRow {
  readonly plan: Plan;
  /** The plan's needs, each checked on this machine. */
  readonly needs: readonly {
    readonly kind: 'data' | 'weights' | 'disk' | 'memory';
    readonly ok: boolean | null;
    readonly values: Readonly<Record<string, string | number>>;
  }[];
  readonly runs: readonly PlannedRunRow[];
  /** waiting: whatever is left waits for a decision. */
  readonly state: 'ready' | 'running' | 'paused' | 'done' | 'blocked' | 'waiting';
  readonly secondsLeft: number | null;
  /** A first idea of it, where it is not known: see `Estimate`. */
  readonly roughSecondsLeft: number | null;
  /** What every further seed takes; null where it is not known yet. */
  readonly perSeed: { readonly seconds: number | null; readonly diskBytes: number | null };
  /** The claim rules as stored when the plan was started: later edits do not count. */
  readonly startedAt: number | null;
  /** Number of seeds its runs have. */
  readonly seeds: number;
  /** Shipped with the program. A plan added from a bundle can be removed. */
  readonly isShipped: boolean;
}
