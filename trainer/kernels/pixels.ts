/**
 * Resizing and blurring 8-bit pixels, 128 bits at a time: the passes of PIL's `resize` and `GaussianBlur`, to the bit.
 *
 * AssemblyScript, which is TypeScript with the types of WebAssembly. `node scripts/kernels.mjs` compiles it into
 * `trainer/data/kernels-module.ts`; `trainer/data/kernels.ts` lays the arguments into memory. Some loads and stores go up to
 * 15 bytes beyond what they are about, which the memory has room for.
 */

/** Bits after the point of a resampling weight. */
const precision: i32 = 22;

function widened(four: v128): v128 {
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(four));
}

/** Rounded, cut to 0…255, as four bytes. */
function bytes(sums: v128): u32 {
  const shifted = i32x4.shr_s(sums, precision);
  const words = i16x8.narrow_i32x4_s(shifted, shifted);
  return <u32>i32x4.extract_lane(i8x16.narrow_i16x8_u(words, words), 0);
}

/**
 * Rows of `columns` pixels of three channels, out of rows `line` bytes apart. `first` and `count` say which inputs a column
 * reads, `weights` holds `taps` a column.
 */
export function horizontal3(
  source: usize,
  line: i32,
  rows: i32,
  first: usize,
  count: usize,
  weights: usize,
  taps: i32,
  columns: i32,
  target: usize,
): void {
  const half = i32x4.splat(1 << (precision - 1));
  for (let y = 0; y < rows; y++) {
    const row = source + y * line;
    for (let x = 0; x < columns; x++) {
      let at = row + load<i32>(first + (x << 2)) * 3;
      let weight = weights + ((x * taps) << 2);
      const end = weight + (load<i32>(count + (x << 2)) << 2);
      let sum = half;
      while (weight < end) {
        sum = i32x4.add(sum, i32x4.mul(widened(v128.load32_zero(at)), v128.load32_splat(weight)));
        at += 3;
        weight += 4;
      }
      store<u32>(target, bytes(sum));
      target += 3;
    }
  }
}

/** The same for one channel. */
export function horizontal1(
  source: usize,
  line: i32,
  rows: i32,
  first: usize,
  count: usize,
  weights: usize,
  taps: i32,
  columns: i32,
  target: usize,
): void {
  for (let y = 0; y < rows; y++) {
    const row = source + y * line;
    for (let x = 0; x < columns; x++) {
      let at = row + load<i32>(first + (x << 2));
      let weight = weights + ((x * taps) << 2);
      const end = weight + (load<i32>(count + (x << 2)) << 2);
      let sum = 1 << (precision - 1);
      while (weight < end) {
        sum += <i32>load<u8>(at) * load<i32>(weight);
        at += 1;
        weight += 4;
      }
      store<u8>(target, <u8>max(0, min(255, sum >> precision)));
      target += 1;
    }
  }
}

/** Rows of `line` bytes, each out of several. */
export function vertical(
  source: usize,
  line: i32,
  rows: i32,
  first: usize,
  count: usize,
  weights: usize,
  taps: i32,
  target: usize,
): void {
  const half = i32x4.splat(1 << (precision - 1));
  for (let y = 0; y < rows; y++) {
    const start = source + load<i32>(first + (y << 2)) * line;
    const begin = weights + ((y * taps) << 2);
    const end = begin + (load<i32>(count + (y << 2)) << 2);
    for (let x = 0; x < line; x += 16) {
      let a = half;
      let b = half;
      let c = half;
      let d = half;
      let at = start + x;
      for (let weight = begin; weight < end; weight += 4) {
        const w = v128.load32_splat(weight);
        const pixels = v128.load(at);
        const low = i16x8.extend_low_i8x16_u(pixels);
        const high = i16x8.extend_high_i8x16_u(pixels);
        a = i32x4.add(a, i32x4.mul(i32x4.extend_low_i16x8_u(low), w));
        b = i32x4.add(b, i32x4.mul(i32x4.extend_high_i16x8_u(low), w));
        c = i32x4.add(c, i32x4.mul(i32x4.extend_low_i16x8_u(high), w));
        d = i32x4.add(d, i32x4.mul(i32x4.extend_high_i16x8_u(high), w));
        at += line;
      }
      const low = i16x8.narrow_i32x4_s(i32x4.shr_s(a, precision), i32x4.shr_s(b, precision));
      const high = i16x8.narrow_i32x4_s(i32x4.shr_s(c, precision), i32x4.shr_s(d, precision));
      v128.store(target + x, i8x16.narrow_i16x8_u(low, high));
    }
    target += line;
  }
}

/** Address of a vector of a list. */
function at16(base: usize, index: i32): usize {
  return base + ((<usize>index) << 4);
}

/**
 * Three box passes along `lines` lines of `n` places, up to four neighbouring bytes wide. Places of a line lie `step` bytes
 * apart, lines `width` bytes. `scratch` has room for 2 n vectors. Edges are repeated; weights are 24-bit fixed point.
 */
function blurLines(
  pixels: usize,
  lines: i32,
  width: i32,
  lastWidth: i32,
  n: i32,
  step: i32,
  reach: i32,
  weight: u32,
  edgeWeight: u32,
  scratch: usize,
): void {
  const inner = i32x4.splat(weight);
  const outer = i32x4.splat(edgeWeight);
  const half = i32x4.splat(0x80_0000);
  const last = n - 1;
  for (let line = 0; line < lines; line++) {
    let from = scratch;
    let to = at16(scratch, n);
    const start = pixels + line * width;
    for (let x = 0; x < n; x++) v128.store(at16(from, x), widened(v128.load32_zero(start + x * step)));
    for (let pass = 0; pass < 3; pass++) {
      let sum = i32x4.splat(0);
      for (let x = -reach; x <= reach; x++) sum = i32x4.add(sum, v128.load(at16(from, max(0, min(last, x)))));
      for (let x = 0; x < n; x++) {
        const after = v128.load(at16(from, min(last, x + reach + 1)));
        const far = i32x4.add(v128.load(at16(from, max(0, x - reach - 1))), after);
        const mixed = i32x4.add(i32x4.add(i32x4.mul(sum, inner), i32x4.mul(far, outer)), half);
        v128.store(at16(to, x), i32x4.shr_u(mixed, 24));
        sum = i32x4.sub(i32x4.add(sum, after), v128.load(at16(from, max(0, x - reach))));
      }
      const kept = from;
      from = to;
      to = kept;
    }
    const bytesWide = line == lines - 1 ? lastWidth : width;
    for (let x = 0; x < n; x++) {
      const place = start + x * step;
      const words = v128.load(at16(from, x));
      store<u8>(place, <u8>i32x4.extract_lane(words, 0));
      if (bytesWide > 1) store<u8>(place + 1, <u8>i32x4.extract_lane(words, 1));
      if (bytesWide > 2) store<u8>(place + 2, <u8>i32x4.extract_lane(words, 2));
      if (bytesWide > 3) store<u8>(place + 3, <u8>i32x4.extract_lane(words, 3));
    }
  }
}

/** PIL's extended box blur, three times along each axis. `scratch` has room for 32 bytes a place of the longer axis. */
export function blur(
  pixels: usize,
  width: i32,
  height: i32,
  channels: i32,
  reach: i32,
  weight: u32,
  edgeWeight: u32,
  scratch: usize,
): void {
  const line = width * channels;
  for (let y = 0; y < height; y++) {
    blurLines(pixels + y * line, 1, channels, channels, width, channels, reach, weight, edgeWeight, scratch);
  }
  const groups = (line + 3) >> 2;
  blurLines(pixels, groups, 4, line - ((groups - 1) << 2), height, line, reach, weight, edgeWeight, scratch);
}

/** `Image.blend` of four values: truncated inside [0, 255], clipped outside, as 32-bit integers. */
function blended(degenerate: v128, values: v128, factor: v128): v128 {
  const mixed = f32x4.add(degenerate, f32x4.mul(factor, f32x4.sub(values, degenerate)));
  return i32x4.trunc_sat_f32x4_s(f32x4.max(f32x4.splat(0), f32x4.min(f32x4.splat(255), mixed)));
}

/** Blends every byte with one level. */
export function blend(pixels: usize, length: i32, level: f32, factor: f32): void {
  const degenerate = f32x4.splat(level);
  const by = f32x4.splat(factor);
  for (const end = pixels + length; pixels < end; pixels += 16) {
    const given = v128.load(pixels);
    const low = i16x8.extend_low_i8x16_u(given);
    const high = i16x8.extend_high_i8x16_u(given);
    const a = blended(degenerate, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(low)), by);
    const b = blended(degenerate, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(low)), by);
    const c = blended(degenerate, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(high)), by);
    const d = blended(degenerate, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(high)), by);
    v128.store(pixels, i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)));
  }
}

/** PIL's rgb to L, as `luma` of decode.ts. */
function luma(at: usize): i32 {
  return (<i32>load<u8>(at) * 19595 + <i32>load<u8>(at + 1) * 38470 + <i32>load<u8>(at + 2) * 7471 + 0x8000) >> 16;
}

/** Sum of the luma of pixels of three channels. */
export function lumaSum(pixels: usize, length: i32): f64 {
  let sum: i64 = 0;
  for (const end = pixels + length; pixels < end; pixels += 3) sum += luma(pixels);
  return <f64>sum;
}

/** Blends every pixel of three channels with its own grey. */
export function saturation(pixels: usize, length: i32, factor: f32): void {
  const by = f32x4.splat(factor);
  for (const end = pixels + length; pixels < end; pixels += 3) {
    const values = f32x4.convert_i32x4_s(widened(v128.load32_zero(pixels)));
    const words = i16x8.narrow_i32x4_s(blended(f32x4.splat(<f32>luma(pixels)), values, by), values);
    const levels = i32x4.extract_lane(i8x16.narrow_i16x8_u(words, words), 0);
    store<u16>(pixels, <u16>levels);
    store<u8>(pixels + 2, <u8>(levels >> 16));
  }
}

function roundedHalfUp(x: f64): i32 {
  return <i32>floor<f64>(x + 0.5);
}

/** For each sixth of the circle, from the last byte on: which of the levels (largest, p, q, t: 0, 8, 16, 24) a channel gets. */
const redPlaces: u64 = 0x00_18_08_08_10_00;
const greenPlaces: u64 = 0x08_08_10_00_00_18;
const bluePlaces: u64 = 0x10_00_00_18_08_08;

function place(places: u64, sixth: i32): i32 {
  return (<i32>(places >> ((<u64>sixth) << 3))) & 0xff;
}

/** Turns the hue by `shift` of 256 steps: to 8-bit HSV as PIL converts it, and back. */
export function hue(pixels: usize, length: i32, shift: i32): void {
  for (const end = pixels + length; pixels < end; pixels += 3) {
    const red = <i32>load<u8>(pixels);
    const green = <i32>load<u8>(pixels + 1);
    const blue = <i32>load<u8>(pixels + 2);
    const most = max(red, max(green, blue));
    const range = most - min(red, min(green, blue));
    // Grey has hue 0 and saturation 0, and no hue changes it.
    if (range == 0) continue;
    const redPart = <f32>(most - red) / <f32>range;
    const greenPart = <f32>(most - green) / <f32>range;
    const bluePart = <f32>(most - blue) / <f32>range;
    // Chosen without branches, which colours would lead astray.
    const sixths = select<f32>(
      bluePart - greenPart,
      select<f32>(<f32>(2.0 + <f64>redPart - <f64>bluePart), <f32>(4.0 + <f64>greenPart - <f64>redPart), green == most),
      red == most,
    );
    const turned = <f64>sixths / 6.0 + 1.0;
    const angle = <f32>(turned - floor<f64>(turned));
    const hueByte = (<i32>(<f64>angle * 255.0) + shift) & 255;
    const saturationByte = <i32>(<f64>(<f32>range / <f32>most) * 255.0);
    const turn = <f64>(hueByte * 6) / 255.0;
    const sector = <i32>turn;
    const rest = <f32>(turn - <f64>sector);
    // With a saturation of 0 all are the largest.
    const strength = <f32>saturationByte / <f32>255;
    const value = <f64>most;
    const p = roundedHalfUp(value * (1.0 - <f64>strength));
    const q = roundedHalfUp(value * (1.0 - <f64>(strength * rest)));
    const t = roundedHalfUp(value * (1.0 - <f64>(<f32>(<f64>strength * (1.0 - <f64>rest)))));
    const which = sector % 6;
    const levels = most | (p << 8) | (q << 16) | (t << 24);
    store<u8>(pixels, <u8>(levels >>> place(redPlaces, which)));
    store<u8>(pixels + 1, <u8>(levels >>> place(greenPlaces, which)));
    store<u8>(pixels + 2, <u8>(levels >>> place(bluePlaces, which)));
  }
}
