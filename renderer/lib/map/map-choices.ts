/** What a map can be asked to show. */

/** As in `trainer/protocol/maps.ts`, which the window takes types from only. */
export const mostMappedImages = 100_000;

export const pointCounts = [1000, 5000, 10_000, 30_000, 60_000] as const;
export const usualPoints = 10_000;

/** Points that hold every image of a split, if so many can be shown. */
export const pointsFor = (images: number): number =>
  pointCounts.find((count) => count >= Math.max(images, usualPoints)) ?? pointCounts.at(-1)!;
