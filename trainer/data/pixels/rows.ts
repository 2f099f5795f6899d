/** Pictures that are read row by row, and their reduction by a whole factor. */
/** 8 bit, interleaved, row by row. */
export interface Pixels {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** A picture as rows of RGB. */
export interface Rows {
  readonly width: number;
  readonly height: number;
  /** Writes a row of 3 * width bytes to the start of `into`. Throws UnusableImage if the row is damaged. */
  read(y: number, into: Uint8Array): void;
}

/** A palette of 256 RGB entries, those that are missing black, as PIL fills it. */
export function fullPalette(entries: Uint8Array): Uint8Array {
  const palette = new Uint8Array(768);
  palette.set(entries.subarray(0, 768));
  return palette;
}

/** Writes the colours of a row of indices. */
export function writeColours(indices: Uint8Array, palette: Uint8Array, into: Uint8Array): void {
  for (let x = 0, to = 0; x < indices.length; x++) {
    const entry = indices[x]! * 3;
    into[to++] = palette[entry]!;
    into[to++] = palette[entry + 1]!;
    into[to++] = palette[entry + 2]!;
  }
}

/** All rows, or, where `factor` is over 1, the means of blocks of `factor` by `factor` pixels. */
export function collectRows({ width, height, read }: Rows, factor: number): Pixels {
  if (factor === 1) {
    const pixels = new Uint8Array(width * height * 3);
    for (let y = 0; y < height; y++) read(y, pixels.subarray(y * width * 3));
    return { pixels, width, height, channels: 3 };
  }
  const across = Math.ceil(width / factor);
  const down = Math.ceil(height / factor);
  const pixels = new Uint8Array(across * down * 3);
  const row = new Uint8Array(width * 3);
  const sums = new Uint32Array(across * 3);
  for (let v = 0; v < down; v++) {
    sums.fill(0);
    const rows = Math.min(factor, height - v * factor);
    for (let y = 0; y < rows; y++) {
      read(v * factor + y, row);
      for (let u = 0, from = 0; u < across; u++) {
        let red = 0;
        let green = 0;
        let blue = 0;
        for (const end = Math.min(width, (u + 1) * factor) * 3; from < end; from += 3) {
          red += row[from]!;
          green += row[from + 1]!;
          blue += row[from + 2]!;
        }
        sums[u * 3]! += red;
        sums[u * 3 + 1]! += green;
        sums[u * 3 + 2]! += blue;
      }
    }
    for (let u = 0; u < across; u++) {
      const count = rows * Math.min(factor, width - u * factor);
      for (let channel = 0; channel < 3; channel++) {
        pixels[(v * across + u) * 3 + channel] = Math.round(sums[u * 3 + channel]! / count);
      }
    }
  }
  return { pixels, width: across, height: down, channels: 3 };
}
