/** What both detectors are built for, and what detectron2 has alike in both. */
import type { FindingOptions } from './findings.ts';
import type { RegionSample } from './sampled-regions.ts';

/** Proposals of a picture (of a level, before suppression): how many suppression looks at, and how many remain. */
export interface ProposalCount {
  readonly before: number;
  readonly after: number;
}

export interface DetectorShape {
  readonly classes: number;
  /** Sides of anchors in pixels: of one level all, of several one each. */
  readonly sizes: readonly number[];
  readonly sample?: RegionSample;
  readonly proposals?: { readonly training: ProposalCount; readonly finding: ProposalCount };
  readonly findings?: FindingOptions;
}

/** Heights of anchors over their widths. */
export const anchorRatios = [0.5, 1, 2] as const;
/** Overlap from which on the lower of two proposals goes. */
export const proposalOverlap = 0.7;
