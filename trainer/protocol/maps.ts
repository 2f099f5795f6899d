/** A map of a representation: the images of a split as points of a plane, near each other where their features are. */
import * as v from 'valibot';

const Natural = v.pipe(v.number(), v.integer(), v.minValue(0));
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

/** Most points of a map. */
export const mostPoints = 60_000;
/** Most images of a split that a map is drawn of: all of their features are held in memory. */
export const mostMappedImages = 100_000;
/** Nearest neighbours that are kept of each point. */
export const neighboursKept = 15;
/** Principal components in which clusters are found, and whose shares of the variance are told. */
export const componentsKept = 50;

/** Stands in a map's file beside its points. */
export const MapSummary = v.strictObject({
  /** Images drawn. */
  points: Natural,
  /** Images of the split, of which they are a sample. */
  images: Natural,
  /** Dimensions of a feature. */
  columns: Natural,
  /** Neighbours a point. */
  neighbours: Natural,
  clusters: Natural,
  /**
   * Total variance of the features at length 1: 0 where all point the same way, as after a collapse, nearly 1 where they point
   * everywhere.
   */
  spread: v.number(),
  /** RankMe of the features at length 1 around their mean: from 1, all on a line, to the number of dimensions. */
  effectiveRank: v.number(),
  /** Shares of the variance of the first principal components. */
  explained: v.array(share),
  /** Normalised mutual information of clusters and classes, 0 to 1; null without classes. */
  agreement: v.nullable(v.number()),
});
export type MapSummary = v.InferOutput<typeof MapSummary>;

/** Arrays of a map's file, with a row a point. */
export interface MapArrays {
  /** Place of its image in the split, counted with those that are left out of runs. */
  readonly places: Int32Array;
  /** Number of its class; -1 without one. */
  readonly labels: Int32Array;
  /** Number of its cluster, by k-means. */
  readonly clusters: Int32Array;
  /** First two principal components of the features at length 1, [points, 2]. */
  readonly principal: Float32Array;
  /** Points nearest by the cosine of their features, the nearest first, [points, neighbours]. */
  readonly neighbours: Int32Array;
  /** Cosines of those, [points, neighbours]. */
  readonly similarities: Float32Array;
}
