/** How large a picture is shown to a detector, and the canvas that a batch of pictures shares. */

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Fit {
  /** Wanted length of the short side, in pixels. */
  readonly shortSide: number;
  /** Limit of the long side, which is stronger. */
  readonly longest: number;
}

/** How pictures are shown in training. */
export interface PictureViews {
  /** Short sides to draw from, in pixels, one a picture. */
  readonly shortSides: readonly number[];
  readonly longest: number;
  /** Whether half of the pictures are mirrored. */
  readonly mirror: boolean;
}

/** detectron2's ResizeShortestEdge: both sides are rounded to whole pixels. */
export function fitted({ width, height }: Size, { shortSide, longest }: Fit): Size {
  const scale = shortSide / Math.min(width, height);
  const [wide, high] = width < height ? [shortSide, scale * height] : [scale * width, shortSide];
  const cut = Math.min(1, longest / Math.max(wide, high));
  const rounded = (side: number): number => Math.max(1, Math.floor(side * cut + 0.5));
  return { width: rounded(wide), height: rounded(high) };
}

/** A side is a multiple of this: of the stride of the coarsest features, and of the bits of a word of a mask. */
const step = 32;
/** Sides up to which every step is a canvas of its own; beyond, canvases grow by about a quarter: each shape of a batch is a graph. */
const finest = 128;

/** The next side of a canvas. */
export function canvasSide(side: number): number {
  let canvas = Math.min(Math.ceil(side / step) * step, finest);
  while (canvas < side) canvas = Math.ceil((canvas * 1.25) / step) * step;
  return canvas;
}

/** The smallest canvas on which all of them lie. */
export function canvasOf(sizes: readonly Size[]): Size {
  return {
    width: canvasSide(Math.max(...sizes.map(({ width }) => width))),
    height: canvasSide(Math.max(...sizes.map(({ height }) => height))),
  };
}
