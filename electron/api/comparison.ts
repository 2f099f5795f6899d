/** A comparison of runs with papers: selection, rows, verdicts, claims. */
import type { Metric } from '../../trainer/protocol/catalogue.ts';
import type { Options } from '../../trainer/protocol/options.ts';
import type { Cell } from '../../trainer/protocol/paper.ts';
import type { Claim } from '../../trainer/protocol/plan.ts';
import type { Result } from '../../trainer/protocol/results.ts';

export type Verdict = 'reproduced' | 'not-reproduced' | 'inconclusive' | 'not-comparable' | 'pending';

/** In both languages. */
export interface Text {
  readonly en: string;
  readonly zh: string;
}

/** A field in which two sides differ. */
export interface Difference {
  readonly field: string;
  readonly theirs: string | number | boolean | null;
  readonly ours: string | number | boolean | null;
}

/** Why two numbers are or are not comparable. */
export interface Reason extends Difference {
  /**
   * breaks: no verdict is possible; deviation: stated beside it, and counted; unstated: the paper does not say; irrelevant: it
   * changes no figure.
   */
  readonly kind: 'breaks' | 'deviation' | 'unstated' | 'irrelevant';
  /** Why it counts as it does. */
  readonly why: Text;
  /** The paper's own result of changing this alone: its figure, the new figure (or a remark), the value, and where it is reported. */
  readonly effect?:
    | {
        readonly from: number;
        readonly to: number | string | null;
        readonly at: Reason['theirs'];
        readonly where: string;
      }
    | undefined;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
  readonly confidence: number;
  /**
   * t over seeds, t over differences seed by seed, Wilson over images, paired bootstrap over images, Welch against the paper's
   * spread or of groups of seeds.
   */
  readonly method: 't-seeds' | 'paired-t' | 'wilson' | 'bootstrap' | 'paired-bootstrap' | 'welch' | 'welch-seeds';
  /** Samples of the images that were drawn, by a bootstrap. */
  readonly resamples?: number;
}

/** Epoch of a trained head that a figure is of; `only` where none was trained. */
export type Which = Result['which'];

/**
 * What a unit of replication is. One pretraining seed; of an encoder with random weights one set of them; of imported weights the
 * file, which is one pretraining of somebody else's; of raw pixels one training of the head, or nothing where none is trained.
 */
export type Unit = 'pretraining' | 'initialization' | 'weights' | 'head' | 'none';

/** What differs between the evaluations behind a figure. `arithmetic`: device or threads. */
export type Varied = 'pretraining-seed' | 'initialization-seed' | 'evaluation-seed' | 'split' | 'arithmetic';

/** A figure of our own: the mean over its units of replication; repeated evaluations of a unit are averaged within it. */
export interface OwnFigure {
  readonly mean: number | null;
  /** The epoch that mean, interval and verdict are of. */
  readonly which: Which;
  /** Units of replication. */
  readonly n: number;
  readonly unit: Unit;
  readonly varied: readonly Varied[];
  /** Sample standard deviation over the units; null for one. */
  readonly sd: number | null;
  readonly images: number;
  readonly interval: Interval | null;
  /** Figures of both epochs, where a head has two. `unit`: number of its unit, from 1. */
  readonly values: readonly {
    readonly run: string;
    readonly unit: number;
    /** Of the pretraining, or of what stands for it. */
    readonly seed: number;
    /** Of the evaluation; null for a figure of a pretraining itself. */
    readonly evaluationSeed: number | null;
    readonly value: number | null;
    readonly which: Which;
  }[];
  /** Runs that repeat each other in everything and differ in their figures nevertheless: a fault, and there is no mean. */
  readonly disagreeing: readonly string[];
}

export interface ComparisonRow {
  readonly key: string;
  /** The encoder that was measured. */
  readonly subject: {
    /** Equal for encoders that differ by seed only. */
    readonly id: string;
    readonly label: string;
    readonly role: 'main' | 'ablation' | 'control' | 'other';
    readonly method: string;
    readonly encoder: string;
  };
  readonly evaluator: string;
  readonly dataset: string;
  readonly split: string;
  readonly metric: string;
  /** As the evaluator declares it: a share of images and other percentages, or a number on a scale of its own. */
  readonly unit: Metric['unit'];
  /** Says in another way what another row of the evaluator says. */
  readonly isSecondary: boolean;
  readonly protocol: Options;
  readonly paper: Cell | null;
  readonly earlier: Cell | null;
  readonly ours: OwnFigure | null;
  readonly difference: { readonly value: number; readonly interval: Interval | null; readonly margin: number } | null;
  readonly verdict: Verdict;
  /** Shown when the verdict is opened. */
  readonly reasons: readonly Reason[];
  readonly notes: readonly Note[];
}

/** What must be known of a figure. `single-…`: one unit of replication; `best-by-leading`: of another metric than the best epoch. */
export type Note =
  | `single-${Exclude<Unit, 'none'>}`
  | 'no-seed'
  | 'seeds-agree'
  | 'repetitions-differ'
  | 'paper-uncertainty-unknown'
  | 'paper-single-run'
  | 'best-epoch-on-test'
  | 'paper-best-epoch'
  | 'best-by-leading'
  | 'went-back';

/** What a difference of our own figures was tested over. */
export type Basis = 'seeds-and-images' | 'seeds' | 'images';

/** Differences by pairs of seeds that are above 0 and below, and the p-value of the exact sign test. */
export interface Signs {
  readonly above: number;
  readonly below: number;
  readonly pValue: number;
}

export interface ClaimVerdict {
  readonly claim: Claim;
  readonly verdict: 'holds' | 'does-not-hold' | 'inconclusive' | 'pending';
  /** The figures the rule used, by name. `pValue`: of the test that the figure stands for, alone. */
  readonly evidence: readonly {
    readonly name: string;
    readonly value: number | null;
    readonly limit: number | null;
    readonly interval: Interval | null;
    readonly pValue?: number;
  }[];
  /** Null where nothing could be tested yet. */
  readonly basis: Basis | null;
  /** Units of replication of each figure of the difference. */
  readonly units: readonly number[] | null;
  readonly signs: Signs | null;
  /** The largest p-value of the tests, which must all agree; `adjusted` by Holm over the claims of the plan, which the verdict goes by. */
  readonly test: { readonly pValue: number; readonly adjusted: number } | null;
}

/**
 * What the compared runs are set to: the pretraining runs where there are two or more, otherwise the evaluations.
 */
export interface SettingsTable {
  /** Ids, in the order of their creation or of the plan. */
  readonly runs: readonly string[];
  readonly fields: readonly {
    /** As in a reason: views and encoders count from 1. */
    readonly field: string;
    /** differs: in two or more values; partly: some runs have no such setting, the others agree; same: in all of them. */
    readonly kind: 'differs' | 'partly' | 'same';
    /** By run id. Missing where a run has no such setting. */
    readonly values: Readonly<Record<string, Reason['theirs']>>;
  }[];
}

export interface Comparison {
  readonly selection: Selection;
  readonly rows: readonly ComparisonRow[];
  readonly claims: readonly ClaimVerdict[];
  /** Differences on the same images: "VICReg above raw pixels". */
  readonly pairs: readonly {
    readonly better: string;
    readonly worse: string;
    readonly evaluator: string;
    readonly metric: string;
    readonly difference: number;
    readonly images: number;
    readonly overImages: Interval | null;
    readonly overSeeds: Interval | null;
    readonly units: readonly [number, number];
    readonly signs: Signs | null;
    /**
     * The larger p-value of the tests over seeds and over images; over images alone McNemar's exact test where each side is one run.
     * `adjusted` by Holm over all pairs of the comparison.
     */
    readonly test: { readonly pValue: number; readonly adjusted: number };
  }[];
  /** Titles by run id, each of them once: runs of one title say what they change, or have a number. */
  readonly titles: Readonly<Record<string, string>>;
  /**
   * Places in the palette, from 0, of subjects and of pretraining runs, both by id: a run has that of its subject, so that a
   * colour means the same in table, intervals, curves and report.
   */
  readonly palette: {
    readonly subjects: Readonly<Record<string, number>>;
    readonly runs: Readonly<Record<string, number>>;
  };
  readonly settings: SettingsTable;
  /** Experiments of the earlier reproduction beside the paper's cell; `ours` in their reasons is the earlier figure's side. */
  readonly references?: readonly ComparisonRow[];
}

/** Of a selection of runs, by run id: what tells their curves apart. */
export interface RunPalette {
  readonly titles: Comparison['titles'];
  readonly places: Comparison['palette']['runs'];
}

export type Selection = (
  { readonly kind: 'plan'; readonly plan: string } | { readonly kind: 'runs'; readonly runs: readonly string[] }
) & {
  /** Id or label of the subject the others are compared with on the same images; default: the main one, or else the highest. */
  readonly baseline?: string | undefined;
  /**
   * Epoch of a trained head. `paper`, the default: that of the paper's figure which ours can be compared with, else the last. The
   * best is chosen on the test images, which flatters it. Differences of our own figures are of the last unless the best is asked
   * for, claims always.
   */
  readonly epoch?: EpochChoice | undefined;
};

export type EpochChoice = 'paper' | 'last' | 'best';
