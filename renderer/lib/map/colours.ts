/** Colours of groups on a map: those of the charts while there are enough of them, then hues around the circle. */
import { theme } from '../theme.svelte.ts';
import { colourOf } from './draw-points.ts';

const seriesCount = 7;
/** More cannot be told apart: then a chosen group is coloured, and the others are not. */
const mostColours = 20;

type Rgb = readonly [red: number, green: number, blue: number];

function rgbOfHex(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** CSS's hsl(), with shares for saturation and lightness. */
function rgbOfHue(hue: number, saturation: number, lightness: number): Rgb {
  const channel = (from: number): number => {
    const turn = (from + hue / 30) % 12;
    const depth = saturation * Math.min(lightness, 1 - lightness);
    return Math.round(255 * (lightness - depth * Math.max(-1, Math.min(turn - 3, 9 - turn, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}

const hexOf = (rgb: Rgb): string => `#${rgb.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
const mixed = (one: Rgb, other: Rgb, share: number): Rgb =>
  [0, 1, 2].map((at) => Math.round(one[at]! * (1 - share) + other[at]! * share)) as unknown as Rgb;

export interface MapColours {
  /** Of groups by their number, for the legend. */
  readonly hex: readonly string[];
  /** The same for pixels, and faded for what is not chosen. */
  readonly pixels: Uint32Array;
  readonly faded: number;
  readonly ground: number;
  /** Of points without a group. */
  readonly none: number;
  readonly chosen: number;
  /** There are too many groups for a colour each: what is chosen has one. */
  readonly isPlain: boolean;
}

/** Reactive to the theme. */
export function mapColours(groups: number): MapColours {
  const ground = rgbOfHex(theme.colour('--surface') || '#ffffff');
  const grey = rgbOfHex(theme.colour('--grey-data') || '#888888');
  const isDark = ground[0] < 128;
  const colours = Array.from({ length: groups }, (_, group): Rgb => {
    if (groups > mostColours) return grey;
    if (groups <= seriesCount) return rgbOfHex(theme.colour(`--series-${group + 1}`) || '#000000');
    const lightness = (isDark ? 0.62 : 0.46) + (group % 2 === 0 ? -0.08 : 0.08);
    return rgbOfHue((group * 360) / groups, 0.72, lightness);
  });
  const pixel = (rgb: Rgb): number => colourOf(...rgb);
  return {
    hex: colours.map(hexOf),
    pixels: Uint32Array.from(colours, pixel),
    faded: pixel(mixed(grey, ground, 0.72)),
    ground: pixel(ground),
    none: pixel(grey),
    chosen: pixel(rgbOfHex(theme.colour('--accent') || '#0000ff')),
    isPlain: groups > mostColours,
  };
}
