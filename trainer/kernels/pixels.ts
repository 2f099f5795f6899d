/**
 * What an augmentation does to 8-bit pixels, 128 bits at a time where that is faster: as PIL does it, to the bit.
 *
 * AssemblyScript, which is TypeScript with the types of WebAssembly. `node scripts/kernels.mjs` compiles it into
 * `trainer/data/pixels/kernels-module.ts`; `trainer/data/pixels/kernels.ts` lays the arguments into memory. Some loads and stores go up to
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
 * Rows of `columns` pixels of up to four channels, out of rows `line` bytes apart. `first` and `count` say which inputs a
 * column reads, `weights` holds `taps` a column. Four bytes are read and written whatever the channels: the next pixel
 * overwrites those beyond.
 */
export function horizontal(
  source: usize,
  line: i32,
  rows: i32,
  first: usize,
  count: usize,
  weights: usize,
  taps: i32,
  columns: i32,
  channels: i32,
  target: usize,
): void {
  const half = i32x4.splat(1 << (precision - 1));
  for (let y = 0; y < rows; y++) {
    const row = source + y * line;
    for (let x = 0; x < columns; x++) {
      let at = row + load<i32>(first + (x << 2)) * channels;
      let weight = weights + ((x * taps) << 2);
      const end = weight + (load<i32>(count + (x << 2)) << 2);
      let sum = half;
      while (weight < end) {
        sum = i32x4.add(sum, i32x4.mul(widened(v128.load32_zero(at)), v128.load32_splat(weight)));
        at += channels;
        weight += 4;
      }
      store<u32>(target, bytes(sum));
      target += channels;
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

/** Turns every row round. */
export function flip(pixels: usize, width: i32, height: i32, channels: i32): void {
  const line = width * channels;
  for (let y = 0; y < height; y++) {
    let left = pixels + y * line;
    let right = left + line - channels;
    while (left < right) {
      for (let c = 0; c < channels; c++) {
        const kept = load<u8>(left + c);
        store<u8>(left + c, load<u8>(right + c));
        store<u8>(right + c, kept);
      }
      left += channels;
      right -= channels;
    }
  }
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

/** PIL's rgb to L, as `luma` of decode.ts: shares of 16-bit fixed point. */
const redShare: i32 = 19595;
const greenShare: i32 = 38470;
const blueShare: i32 = 7471;
const roundedUp: i32 = 0x8000;

function luma(at: usize): i32 {
  const light = <i32>load<u8>(at) * redShare + <i32>load<u8>(at + 1) * greenShare + <i32>load<u8>(at + 2) * blueShare;
  return (light + roundedUp) >> 16;
}

/** Sum of all bytes. */
export function sum(pixels: usize, length: i32): f64 {
  let total: i64 = 0;
  for (const end = pixels + length; pixels < end; pixels++) total += load<u8>(pixels);
  return <f64>total;
}

/** Sum of the luma of pixels of three channels. */
export function lumaSum(pixels: usize, length: i32): f64 {
  let sum: i64 = 0;
  for (const end = pixels + length; pixels < end; pixels += 3) sum += luma(pixels);
  return <f64>sum;
}

/** Every channel of three becomes the luma. */
export function grayscale(pixels: usize, length: i32): void {
  for (const end = pixels + length; pixels < end; pixels += 3) {
    const grey = <u8>luma(pixels);
    store<u8>(pixels, grey);
    store<u8>(pixels, grey, 1);
    store<u8>(pixels, grey, 2);
  }
}

/** Inverts the bytes at the threshold or above. */
export function solarize(pixels: usize, length: i32, threshold: i32): void {
  const least = i8x16.splat(<i8>threshold);
  for (const end = pixels + length; pixels < end; pixels += 16) {
    const given = v128.load(pixels);
    v128.store(pixels, v128.xor(given, i8x16.ge_u(given, least)));
  }
}

/** One channel of four pixels of three. */
function channelOf(pixels: v128, which: i32): v128 {
  const first = i8x16(0, -1, -1, -1, 3, -1, -1, -1, 6, -1, -1, -1, 9, -1, -1, -1);
  // Places beyond the vector, -1 among them, give 0.
  return v128.swizzle(pixels, i8x16.add(first, i32x4.splat(which)));
}

/** The other way round: four levels of each channel to the twelve bytes of four pixels. */
function storePixels(at: usize, red: v128, green: v128, blue: v128): void {
  const words = v128.or(red, v128.or(i32x4.shl(green, 8), i32x4.shl(blue, 16)));
  const packed = v128.swizzle(words, i8x16(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
  v128.store64_lane(at, packed, 0);
  v128.store32_lane(at + 8, packed, 2);
}

/** Blends every pixel of three channels with its own grey. */
export function saturation(pixels: usize, length: i32, factor: f32): void {
  const by = f32x4.splat(factor);
  for (const end = pixels + length; pixels < end; pixels += 12) {
    const given = v128.load(pixels);
    const red = channelOf(given, 0);
    const green = channelOf(given, 1);
    const blue = channelOf(given, 2);
    const light = i32x4.add(
      i32x4.add(i32x4.mul(red, i32x4.splat(redShare)), i32x4.mul(green, i32x4.splat(greenShare))),
      i32x4.add(i32x4.mul(blue, i32x4.splat(blueShare)), i32x4.splat(roundedUp)),
    );
    const grey = f32x4.convert_i32x4_s(i32x4.shr_s(light, 16));
    storePixels(
      pixels,
      blended(grey, f32x4.convert_i32x4_s(red), by),
      blended(grey, f32x4.convert_i32x4_s(green), by),
      blended(grey, f32x4.convert_i32x4_s(blue), by),
    );
  }
}

/** The upper two of four numbers, as the lower two. */
function upper(values: v128): v128 {
  return v128.shuffle<i64>(values, values, 1, 1);
}

/** Two and two. */
function together(low: v128, high: v128): v128 {
  return v128.shuffle<i64>(low, high, 0, 2);
}

/** float64 of the lower two, rounded to float32 in between: where PIL's C keeps a float. */
function asFloat(values: v128): v128 {
  return f64x2.promote_low_f32x4(f32x4.demote_f64x2_zero(values));
}

/** Hue of two pixels in 256 steps, from `base + plus - minus` sixths of the circle. */
function hueSteps(base: v128, plus: v128, minus: v128): v128 {
  const promoted = f64x2.add(f64x2.promote_low_f32x4(base), f64x2.promote_low_f32x4(plus));
  const sixths = asFloat(f64x2.sub(promoted, f64x2.promote_low_f32x4(minus)));
  const turned = f64x2.add(f64x2.div(sixths, f64x2.splat(6)), f64x2.splat(1));
  const angle = asFloat(f64x2.sub(turned, f64x2.floor(turned)));
  return i32x4.trunc_sat_f64x2_s_zero(f64x2.mul(angle, f64x2.splat(255)));
}

/** value (1 - part) of two pixels, halves rounded up. */
function lessened(value: v128, part: v128): v128 {
  const less = f64x2.mul(value, f64x2.sub(f64x2.splat(1), part));
  return i32x4.trunc_sat_f64x2_s_zero(f64x2.floor(f64x2.add(less, f64x2.splat(0.5))));
}

/** strength (1 - rest) of two pixels, as a float. */
function restOf(strength: v128, rest: v128): v128 {
  return asFloat(
    f64x2.mul(f64x2.promote_low_f32x4(strength), f64x2.sub(f64x2.splat(1), f64x2.promote_low_f32x4(rest))),
  );
}

/** Turns the hue by `shift` of 256 steps: to 8-bit HSV as PIL converts it, and back. Grey stays as it is. */
export function hue(pixels: usize, length: i32, shift: i32): void {
  const by = f64x2.splat(255);
  for (const end = pixels + length; pixels < end; pixels += 12) {
    const given = v128.load(pixels);
    const red = channelOf(given, 0);
    const green = channelOf(given, 1);
    const blue = channelOf(given, 2);
    const most = i32x4.max_s(red, i32x4.max_s(green, blue));
    const range = i32x4.sub(most, i32x4.min_s(red, i32x4.min_s(green, blue)));
    const wide = f32x4.convert_i32x4_s(range);
    const redPart = f32x4.div(f32x4.convert_i32x4_s(i32x4.sub(most, red)), wide);
    const greenPart = f32x4.div(f32x4.convert_i32x4_s(i32x4.sub(most, green)), wide);
    const bluePart = f32x4.div(f32x4.convert_i32x4_s(i32x4.sub(most, blue)), wide);

    const isRed = i32x4.eq(red, most);
    const isGreen = i32x4.eq(green, most);
    const base = v128.bitselect(f32x4.splat(0), v128.bitselect(f32x4.splat(2), f32x4.splat(4), isGreen), isRed);
    const plus = v128.bitselect(bluePart, v128.bitselect(redPart, greenPart, isGreen), isRed);
    const minus = v128.bitselect(greenPart, v128.bitselect(bluePart, redPart, isGreen), isRed);
    const steps = together(hueSteps(base, plus, minus), hueSteps(upper(base), upper(plus), upper(minus)));
    const hueByte = v128.and(i32x4.add(steps, i32x4.splat(shift)), i32x4.splat(255));

    const share = f32x4.div(wide, f32x4.convert_i32x4_s(most));
    const saturationByte = together(
      i32x4.trunc_sat_f64x2_s_zero(f64x2.mul(f64x2.promote_low_f32x4(share), by)),
      i32x4.trunc_sat_f64x2_s_zero(f64x2.mul(f64x2.promote_low_f32x4(upper(share)), by)),
    );
    const strength = f32x4.div(f32x4.convert_i32x4_s(saturationByte), f32x4.splat(255));

    const sixfold = i32x4.mul(hueByte, i32x4.splat(6));
    const turnLow = f64x2.div(f64x2.convert_low_i32x4_s(sixfold), by);
    const turnHigh = f64x2.div(f64x2.convert_low_i32x4_s(upper(sixfold)), by);
    const sector = together(i32x4.trunc_sat_f64x2_s_zero(turnLow), i32x4.trunc_sat_f64x2_s_zero(turnHigh));
    const restLow = f32x4.demote_f64x2_zero(f64x2.sub(turnLow, f64x2.floor(turnLow)));
    const restHigh = f32x4.demote_f64x2_zero(f64x2.sub(turnHigh, f64x2.floor(turnHigh)));
    const rest = together(restLow, restHigh);

    const valueLow = f64x2.convert_low_i32x4_s(most);
    const valueHigh = f64x2.convert_low_i32x4_s(upper(most));
    const product = f32x4.mul(strength, rest);
    const p = together(
      lessened(valueLow, f64x2.promote_low_f32x4(strength)),
      lessened(valueHigh, f64x2.promote_low_f32x4(upper(strength))),
    );
    const q = together(
      lessened(valueLow, f64x2.promote_low_f32x4(product)),
      lessened(valueHigh, f64x2.promote_low_f32x4(upper(product))),
    );
    const t = together(
      lessened(valueLow, restOf(strength, restLow)),
      lessened(valueHigh, restOf(upper(strength), restHigh)),
    );

    const first = v128.or(i32x4.eq(sector, i32x4.splat(0)), i32x4.eq(sector, i32x4.splat(6)));
    const second = i32x4.eq(sector, i32x4.splat(1));
    const third = i32x4.eq(sector, i32x4.splat(2));
    const fourth = i32x4.eq(sector, i32x4.splat(3));
    const fifth = i32x4.eq(sector, i32x4.splat(4));
    const sixth = i32x4.eq(sector, i32x4.splat(5));
    const grey = i32x4.eq(range, i32x4.splat(0));
    storePixels(
      pixels,
      v128.bitselect(red, chosen(most, v128.or(first, sixth), p, v128.or(third, fourth), q, second, t, fifth), grey),
      v128.bitselect(green, chosen(most, v128.or(second, third), p, v128.or(fifth, sixth), q, fourth, t, first), grey),
      v128.bitselect(blue, chosen(most, v128.or(fourth, fifth), p, v128.or(first, second), q, sixth, t, third), grey),
    );
  }
}

/** Each level where its mask says so; the masks share nothing. */
function chosen(a: v128, inA: v128, b: v128, inB: v128, c: v128, inC: v128, d: v128, inD: v128): v128 {
  return v128.or(v128.or(v128.and(a, inA), v128.and(b, inB)), v128.or(v128.and(c, inC), v128.and(d, inD)));
}

/**
 * Level to float32 by one table of 256 a channel. `count` pixels of `step` channels become `channels`; where those are more,
 * all read the first.
 */
export function lookUp(pixels: usize, count: i32, step: i32, tables: usize, channels: i32, target: usize): void {
  if (channels == 1) {
    for (const end = pixels + count; pixels < end; pixels++) {
      store<f32>(target, load<f32>(tables + ((<usize>load<u8>(pixels)) << 2)));
      target += 4;
    }
    return;
  }
  const second: usize = step == 3 ? 1 : 0;
  const third: usize = step == 3 ? 2 : 0;
  for (const end = pixels + count * step; pixels < end; pixels += step) {
    store<f32>(target, load<f32>(tables + ((<usize>load<u8>(pixels)) << 2)));
    store<f32>(target, load<f32>(tables + ((<usize>load<u8>(pixels + second)) << 2), 1024), 4);
    store<f32>(target, load<f32>(tables + ((<usize>load<u8>(pixels + third)) << 2), 2048), 8);
    target += 12;
  }
}
