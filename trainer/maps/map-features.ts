/** From a table of features to the points of a map. */
import type { Phase } from '../protocol/events.ts';
import { componentsKept, neighboursKept, type MapArrays, type MapSummary } from '../protocol/maps.ts';
import type { FeatureSet } from '../recipe.ts';
import { kMeans, mutualInformation } from './clusters.ts';
import { nearestNeighbours } from './neighbours.ts';
import { principalComponents } from './principal.ts';

/** As many clusters as classes, but no more than can be told apart. */
const mostClusters = 20;
const usualClusters = 10;

export interface MapOptions {
  readonly features: FeatureSet;
  /** Place of each row's image in its split. */
  readonly places: Int32Array;
  /** Images of the split. */
  readonly images: number;
  readonly seed: number;
  /** Begins a piece of work; gives what tells how far it is, 0 to 1. */
  readonly begin: (phase: Extract<Phase, 'principal' | 'neighbours'>) => (fraction: number) => Promise<void>;
}

const firstTwo = (coordinates: Float32Array, components: number): Float32Array =>
  Float32Array.from({ length: (2 * coordinates.length) / components }, (_, at) =>
    at % 2 < components ? coordinates[Math.floor(at / 2) * components + (at % 2)]! : 0,
  );

export async function mapFeatures(
  options: MapOptions,
): Promise<{ readonly summary: MapSummary; readonly arrays: MapArrays }> {
  const { features, places, images, seed, begin } = options;
  const { rows, columns, labels } = features;
  const classes = new Set(labels).size;
  const isClassed = !labels.includes(-1);
  const principal = await principalComponents(features, componentsKept, begin('principal'));
  const near = await nearestNeighbours(features, neighboursKept, begin('neighbours'));
  const wanted = Math.min(isClassed && classes > 1 ? classes : usualClusters, mostClusters);
  const clusters = kMeans(principal.coordinates, principal.components, wanted, seed);
  const { explained, spread, effectiveRank } = principal;
  return {
    summary: {
      points: rows,
      images,
      columns,
      neighbours: near.count,
      clusters: new Set(clusters).size,
      spread,
      effectiveRank,
      explained: [...explained],
      agreement: isClassed ? mutualInformation(clusters, labels) : null,
    },
    arrays: {
      places,
      labels,
      clusters,
      principal: firstTwo(principal.coordinates, principal.components),
      neighbours: near.indexes,
      similarities: near.similarities,
    },
  };
}
