/** A comparison of runs with papers: selection, rows, verdicts, claims. */
import type { Metric } from '../../trainer/protocol/catalogue.ts';
import type { Options } from '../../trainer/protocol/options.ts';
import type { Cell } from '../../trainer/protocol/paper.ts';
import type { Claim } from '../../trainer/protocol/plan.ts';

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
  /** t over seeds, Wilson over images, paired bootstrap over images, Welch against the paper's spread or of two groups of seeds. */
  readonly method: 't-seeds' | 'wilson' | 'bootstrap' | 'paired-bootstrap' | 'welch' | 'welch-seeds';
  /** Samples of the images that were drawn, by a bootstrap. */
  readonly resamples?: number;
}

export interface ComparisonRow {
  readonly key: string;
  /** The encoder that was measured. */
  readonly subject: {
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
  readonly ours: {
    readonly mean: number | null;
    readonly n: number;
    readonly images: number;
    readonly interval: Interval | null;
    readonly values: readonly {
      readonly run: string;
      readonly seed: number;
      readonly value: number | null;
      readonly which: 'last' | 'best' | 'only';
    }[];
  } | null;
  readonly difference: { readonly value: number; readonly interval: Interval | null; readonly margin: number } | null;
  readonly verdict: Verdict;
  /** Shown when the verdict is opened. */
  readonly reasons: readonly Reason[];
  readonly notes: readonly (
    'single-run' | 'paper-uncertainty-unknown' | 'paper-single-run' | 'best-epoch-on-test' | 'went-back'
  )[];
}

export interface ClaimVerdict {
  readonly claim: Claim;
  readonly verdict: 'holds' | 'does-not-hold' | 'inconclusive' | 'pending';
  /** The figures the rule used, by name. */
  readonly evidence: readonly {
    readonly name: string;
    readonly value: number | null;
    readonly limit: number | null;
    readonly interval: Interval | null;
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
    readonly interval: Interval;
    readonly images: number;
    /** Exact McNemar test, where each side is one run; `adjusted` by Holm over all pairs of the comparison that have one. */
    readonly test?: { readonly pValue: number; readonly adjusted: number };
  }[];
  /** Titles by run id, each of them once: runs of one title say what they change, or have a number. */
  readonly titles: Readonly<Record<string, string>>;
  /** Only what differs, between the pretraining runs where there are two or more; values by run id. */
  readonly parameters: readonly { readonly path: string; readonly values: Readonly<Record<string, string>> }[];
  /** Experiments of the earlier reproduction beside the paper's cell; `ours` in their reasons is the earlier figure's side. */
  readonly references?: readonly ComparisonRow[];
}

export type Selection = (
  { readonly kind: 'plan'; readonly plan: string } | { readonly kind: 'runs'; readonly runs: readonly string[] }
) & {
  /** Subject the others are compared with on the same images; default: the main one, or else the highest. */
  readonly baseline?: string | undefined;
  /** Epoch of a trained head; default: the last. The best is chosen on the test images, which flatters it. */
  readonly epoch?: 'last' | 'best' | undefined;
};
