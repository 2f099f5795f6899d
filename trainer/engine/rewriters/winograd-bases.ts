/** The changes of basis of Winograd's convolution (`winograd.ts`), as matrices of numbers. */

type Matrix = readonly (readonly number[])[];

/** Finite points at which a polynomial is evaluated; one more lies at infinity. */
const points = [0, 3 / 4, -3 / 4, 3 / 2, -3 / 2];
/** Side of a tile's outputs. */
export const outputs = 4;
/** Side of the kernel. */
export const window = 3;
/** Length of a tile: outputs + window - 1, and as many points. */
export const length = points.length + 1;

/** Coefficients of the product of (x - root), lowest power first. */
const polynomial = (roots: readonly number[]): readonly number[] =>
  roots.reduce<readonly number[]>(
    (product, root) => [0, ...product].map((higher, power) => higher - root * (product[power] ?? 0)),
    [1],
  );

/** Powers of every point: the matrix that evaluates a polynomial of `coefficients` terms; infinity gives the leading one. */
const evaluation = (coefficients: number): Matrix => [
  ...points.map((point) => Array.from({ length: coefficients }, (_, power) => point ** power)),
  Array.from({ length: coefficients }, (_, power) => Number(power === coefficients - 1)),
];

const others = (place: number): readonly number[] => points.filter((_, at) => at !== place);

/** [point, position in the window]: evaluates a kernel, with Lagrange's denominators. */
const kernelBasis: Matrix = evaluation(window).map((row, place) => {
  const point = points[place];
  const denominator = point === undefined ? 1 : others(place).reduce((product, other) => product * (point - other), 1);
  return row.map((value) => value / denominator);
});

/** [point, position in the tile]: the transpose of interpolation, which turns a convolution into a correlation. */
const tileBasis: Matrix = [...points.map((_, place) => [...polynomial(others(place)), 0]), polynomial(points)];

/** [point, position in the output]. */
const outputBasis: Matrix = evaluation(outputs);

/** A change of basis along one side of an image, for all its tiles at once: [point and tile, position in the image]. */
export interface Side {
  readonly tiles: number;
  readonly values: Float32Array;
}

/** @param first position of the first tile's first pixel; negative if it lies in the zero padding */
function sideOf(size: number, basis: Matrix, first: number): Side {
  const tiles = Math.ceil(size / outputs);
  const values = new Float32Array(length * tiles * size);
  basis.forEach((row, point) => {
    for (let tile = 0; tile < tiles; tile++) {
      row.forEach((value, place) => {
        const at = outputs * tile + first + place;
        if (at >= 0 && at < size) values[(point * tiles + tile) * size + at] = value;
      });
    }
  });
  return { tiles, values };
}

/** The kernel's change of basis along both sides: [point and point, position and position]. */
export function kernelValues(): Float32Array {
  const both = kernelBasis.flatMap((vertical) =>
    kernelBasis.flatMap((horizontal) => vertical.flatMap((a) => horizontal.map((b) => a * b))),
  );
  return Float32Array.from(both);
}

/** Changes of basis of a side of `size` pixels: of the tiles, which overlap, and of the outputs, which do not. */
export const tileSide = (size: number): Side => sideOf(size, tileBasis, -1);
export const outputSide = (size: number): Side => sideOf(size, outputBasis, 0);
