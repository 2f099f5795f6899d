/**
 * The things pictured in the built-in sample set. Each is a function from a point of its own square (-1 to 1, up is
 * positive) to what is seen there: which part, and the slope of the surface (nx, ny) that the light falls on.
 */

export interface Surface {
  /** Which of the object's colours. */
  readonly part: number;
  readonly nx: number;
  readonly ny: number;
}

/** Choices of one exemplar, each in [0, 1). */
export interface Style {
  readonly variant: number;
  readonly stripes: number;
  readonly slant: number;
}

type Thing = (u: number, v: number, style: Style) => Surface | null;

/** A single reused answer: a picture asks ten thousand times. */
const answer = { part: 0, nx: 0, ny: 0 };
function hit(part: number, nx: number, ny: number): Surface {
  answer.part = part;
  answer.nx = nx;
  answer.ny = ny;
  return answer;
}
const flat = (part: number): Surface => hit(part, 0, 0);

function ball(u: number, v: number, { stripes, slant }: Style): Surface | null {
  const x = u / 0.9;
  const y = v / 0.9;
  const square = x * x + y * y;
  if (square >= 1) return null;
  const z = Math.sqrt(1 - square);
  // Stripes run along meridians of an axis tilted towards the viewer.
  const tilt = 0.3 + slant * 0.9;
  const along = Math.atan2(x, z * Math.cos(tilt) - y * Math.sin(tilt));
  const segments = 4 + 2 * Math.floor(stripes * 3);
  return hit(Math.floor((along / (2 * Math.PI) + 0.5) * segments) % 2, x, y);
}

function crate(u: number, v: number, { stripes, slant }: Style): Surface | null {
  const depth = 0.25 + slant * 0.25;
  const edge = 0.95 - depth;
  const plank = (across: number) => {
    const within = (((across + 2) * (2 + Math.floor(stripes * 2))) / 1.2) % 1;
    return within < 0.08 ? 2 : 0;
  };
  const rim = (a: number, b: number) =>
    Math.min(a + 0.95, edge - a) < 0.12 || Math.min(b + 0.95, edge - b) < 0.12 ? 1 : null;
  if (u > -0.95 && u < edge && v > -0.95 && v < edge) return flat(rim(u, v) ?? plank(v));
  const up = v - edge;
  if (up >= 0 && up < depth && u - up > -0.95 && u - up < edge) return hit(plank(u - up), 0, 0.85);
  const right = u - edge;
  if (right >= 0 && right < depth && v - right > -0.95 && v - right < edge) {
    return hit(plank(v - right), 0.85, 0);
  }
  return null;
}

function cone(u: number, v: number, { stripes, slant }: Style): Surface | null {
  if (v > -0.9 && v < -0.72 && Math.abs(u) < 0.75) return hit(2, 0, 0.3);
  if (v < -0.72 || v > 0.92) return null;
  const half = 0.07 + ((0.92 - v) / 1.64) * (0.4 + slant * 0.15);
  if (Math.abs(u) >= half) return null;
  const band = Math.floor(((v + 0.72) / 1.64) * (3 + 2 * Math.floor(stripes * 2)));
  return hit(band % 2, (u / half) * 0.95, 0.2);
}

function ring(u: number, v: number, { stripes, slant }: Style): Surface | null {
  const flatten = 0.7 + slant * 0.3;
  const y = v / flatten;
  const distance = Math.hypot(u, y);
  const tube = 0.3;
  const off = (distance - 0.62) / tube;
  if (Math.abs(off) >= 1) return null;
  const speck = Math.sin(u * 31 + stripes * 90) * Math.sin(v * 29 + stripes * 70);
  const iced = off < 0.75 && off > -0.8;
  return hit(iced ? (speck > 0.72 ? 2 : 0) : 1, (off * u) / distance, (off * y) / distance);
}

function star(u: number, v: number, { stripes, slant }: Style): Surface | null {
  const points = 5 + Math.floor(stripes * 2);
  const angle = Math.atan2(u, v);
  const sector = (2 * Math.PI) / points;
  const within = Math.abs((((angle % sector) + sector * 1.5) % sector) - sector / 2);
  const inner = 0.38 + slant * 0.12;
  // Straight edge from a tip at radius 0.95 to a notch at `inner`.
  const tipX = 0.95;
  const notchX = inner * Math.cos(sector / 2);
  const notchY = inner * Math.sin(sector / 2);
  const radius = Math.hypot(u, v);
  const x = radius * Math.cos(within);
  const y = radius * Math.sin(within);
  // Which side of the edge the point lies on; the centre is inside.
  if (notchY * (x - tipX) - (notchX - tipX) * y > 0) return null;
  const side = (((angle % sector) + sector * 1.5) % sector) - sector / 2 > 0 ? 1 : -1;
  const ridge = angle + side * 0.9;
  return hit(0, 0.55 * Math.sin(ridge), 0.55 * Math.cos(ridge));
}

function tree(u: number, v: number, { variant, stripes, slant }: Style): Surface | null {
  const wobble = 0.05 * Math.sin(u * 23 + stripes * 40) * Math.sin(v * 19 + slant * 30);
  if (variant < 0.5) {
    for (const [cx, cy, r] of [
      [0, 0.45, 0.48],
      [-0.38, 0.08, 0.42],
      [0.38, 0.08 + 0.1 * slant, 0.42],
    ] as const) {
      const x = (u - cx) / (r + wobble);
      const y = (v - cy) / (r + wobble);
      if (x * x + y * y < 1)
        return hit(Math.sin(u * 17 + v * 13) * Math.sin(v * 15 - u * 11) > 0.3 ? 2 : 0, x * 0.9, y * 0.9);
    }
  } else {
    for (const [bottom, top, half] of [
      [0.25, 0.95, 0.45],
      [-0.15, 0.6, 0.6],
      [-0.55, 0.2, 0.78],
    ] as const) {
      const width = ((top - v) / (top - bottom)) * half + wobble;
      if (v > bottom && v < top && Math.abs(u) < width) {
        return hit(v - bottom < 0.1 ? 2 : 0, (u / width) * 0.7, 0.35);
      }
    }
  }
  if (v > -0.95 && v < 0 && Math.abs(u) < 0.1 + 0.05 * stripes) return hit(1, (u / 0.15) * 0.9, 0);
  return null;
}

function house(u: number, v: number, { stripes, slant }: Style): Surface | null {
  const eaves = 0.1 + 0.15 * slant;
  const chimney = u > 0.25 && u < 0.45 && v > eaves && v < 0.85;
  const roof = v > eaves && v < 0.92 && Math.abs(u) < (0.88 * (0.92 - v)) / (0.92 - eaves);
  if (roof) return hit(Math.floor((v + 1) * 14) % 2 === 0 ? 1 : 3, 0, 0.6);
  if (chimney) return flat(2);
  if (Math.abs(u) >= 0.68 || v <= -0.9 || v > eaves) return null;
  const doorAt = stripes < 0.5 ? -0.3 : 0.3;
  if (Math.abs(u - doorAt) < 0.15 && v < -0.3) return flat(2);
  const pane = Math.abs(u + doorAt) < 0.2 && Math.abs(v + 0.3) < 0.18;
  if (pane) return Math.abs(u + doorAt) < 0.025 || Math.abs(v + 0.3) < 0.025 ? flat(0) : hit(4, 0.2, 0.5);
  return flat(0);
}

function fish(u: number, v: number, { stripes, slant }: Style): Surface | null {
  const x = (u + 0.15) / 0.75;
  const y = v / (0.42 + slant * 0.16);
  if (x * x + y * y < 1) {
    if (Math.hypot(u + 0.6, v - 0.1) < 0.09) return flat(Math.hypot(u + 0.61, v - 0.1) < 0.045 ? 3 : 2);
    const band = Math.sin((u + 0.1 * Math.cos(v * 6)) * (9 + stripes * 10));
    return hit(x > -0.45 && band > 0.35 ? 1 : 0, x * 0.6, y * 0.9);
  }
  const tail = u - 0.45;
  if (tail > 0 && tail < 0.5 && Math.abs(v) < tail * (0.9 + 0.3 * slant) + 0.04 && tail < 0.36 + Math.abs(v) * 0.4) {
    return hit(1, 0.2, Math.sin(v * 40) * 0.3);
  }
  if (u > -0.3 && u < 0.35 && v > 0 && v < 0.62 - (u + 0.3) * 0.45) return hit(1, 0, 0.4);
  return null;
}

function mushroom(u: number, v: number, { stripes, slant }: Style): Surface | null {
  const height = 0.65 + 0.25 * slant;
  const y = v / height;
  const x = u / 0.88;
  if (v > -0.05 && x * x + y * y < 1) {
    for (let i = 0; i < 7; i++) {
      const at = i * 2.399 + stripes * 6;
      const r = 0.18 + 0.11 * i;
      if (Math.hypot(u - r * Math.cos(at), (v - 0.3) * 1.3 - r * 0.6 * Math.sin(at)) < 0.1) {
        return hit(1, x * 0.8, y * 0.8);
      }
    }
    return hit(0, x * 0.85, y * 0.85);
  }
  if (v > -0.14 && v <= -0.05 && Math.abs(u) < 0.8) return hit(2, 0, -0.6);
  const half = 0.24 + 0.08 * v * v + 0.06 * stripes;
  if (v > -0.92 && v <= -0.14 && Math.abs(u) < half) return hit(1, (u / half) * 0.9, 0);
  return null;
}

function mug(u: number, v: number, { stripes, slant }: Style): Surface | null {
  const x = (u + 0.2) / 0.6;
  const lip = (v - 0.62) / 0.16;
  if (x * x + lip * lip < 1) return x * x * 1.25 + lip * lip * 1.6 < 1 ? flat(2) : hit(0, 0, 0.5);
  const bottom = -0.8 - 0.1 * Math.sqrt(Math.max(0, 1 - x * x));
  if (Math.abs(x) < 1 && v > bottom && v < 0.62) {
    const band = Math.abs(v + 0.1) < 0.12 + 0.2 * stripes;
    return hit(band ? 1 : 0, x * 0.95, 0);
  }
  const handle = Math.hypot((u - 0.4) / (0.9 + 0.3 * slant), v + 0.08);
  const off = (handle - 0.38) / 0.1;
  if (u > 0.36 && Math.abs(off) < 1) return hit(0, off * 0.7, off * 0.3);
  return null;
}

/** A colour scheme of a class: red, green, blue, 0 to 255, for each part. */
type Scheme = readonly (readonly [number, number, number])[];

export interface SampleClass {
  readonly name: string;
  readonly at: Thing;
  readonly schemes: readonly Scheme[];
  /** Maximum lean, in radians. */
  readonly lean: number;
}

export const sampleClasses: readonly SampleClass[] = [
  {
    name: 'ball',
    at: ball,
    lean: 3.1,
    schemes: [
      [
        [214, 48, 49],
        [240, 240, 235],
      ],
      [
        [40, 110, 200],
        [250, 205, 60],
      ],
      [
        [70, 160, 80],
        [235, 235, 225],
      ],
    ],
  },
  {
    name: 'cone',
    at: cone,
    lean: 0.25,
    schemes: [
      [
        [235, 105, 35],
        [240, 240, 238],
        [60, 60, 62],
      ],
      [
        [205, 60, 45],
        [245, 225, 120],
        [70, 55, 50],
      ],
      [
        [90, 160, 60],
        [235, 235, 230],
        [50, 60, 55],
      ],
    ],
  },
  {
    name: 'crate',
    at: crate,
    lean: 0.2,
    schemes: [
      [
        [190, 145, 90],
        [150, 108, 62],
        [95, 68, 40],
      ],
      [
        [130, 110, 95],
        [100, 82, 70],
        [60, 50, 44],
      ],
      [
        [80, 120, 150],
        [55, 90, 120],
        [35, 60, 82],
      ],
    ],
  },
  {
    name: 'fish',
    at: fish,
    lean: 0.5,
    schemes: [
      [
        [240, 130, 40],
        [245, 240, 230],
        [250, 250, 250],
        [20, 20, 25],
      ],
      [
        [60, 120, 190],
        [240, 210, 70],
        [250, 250, 250],
        [20, 20, 25],
      ],
      [
        [130, 150, 160],
        [70, 95, 110],
        [240, 240, 235],
        [20, 20, 25],
      ],
    ],
  },
  {
    name: 'house',
    at: house,
    lean: 0.08,
    schemes: [
      [
        [225, 210, 180],
        [165, 70, 55],
        [95, 65, 45],
        [140, 55, 45],
        [150, 195, 225],
      ],
      [
        [200, 95, 80],
        [90, 90, 100],
        [240, 235, 225],
        [75, 75, 85],
        [245, 225, 140],
      ],
      [
        [170, 195, 205],
        [95, 75, 65],
        [60, 80, 110],
        [80, 62, 54],
        [225, 235, 240],
      ],
    ],
  },
  {
    name: 'mug',
    at: mug,
    lean: 0.2,
    schemes: [
      [
        [235, 232, 225],
        [50, 95, 160],
        [80, 48, 30],
      ],
      [
        [175, 50, 55],
        [235, 225, 205],
        [60, 38, 28],
      ],
      [
        [60, 130, 125],
        [225, 170, 80],
        [120, 85, 50],
      ],
    ],
  },
  {
    name: 'mushroom',
    at: mushroom,
    lean: 0.3,
    schemes: [
      [
        [200, 40, 40],
        [245, 238, 225],
        [215, 195, 170],
      ],
      [
        [150, 100, 60],
        [225, 205, 175],
        [180, 150, 115],
      ],
      [
        [215, 150, 60],
        [245, 230, 205],
        [190, 150, 110],
      ],
    ],
  },
  {
    name: 'ring',
    at: ring,
    lean: 0.6,
    schemes: [
      [
        [235, 130, 165],
        [205, 150, 90],
        [250, 250, 245],
      ],
      [
        [95, 55, 35],
        [200, 145, 85],
        [240, 200, 90],
      ],
      [
        [240, 235, 220],
        [205, 155, 95],
        [90, 150, 210],
      ],
    ],
  },
  {
    name: 'star',
    at: star,
    lean: 0.7,
    schemes: [[[245, 200, 50]], [[190, 195, 205]], [[205, 60, 80]]],
  },
  {
    name: 'tree',
    at: tree,
    lean: 0.1,
    schemes: [
      [
        [60, 125, 55],
        [105, 75, 50],
        [85, 150, 65],
      ],
      [
        [185, 110, 45],
        [90, 65, 45],
        [215, 150, 60],
      ],
      [
        [40, 95, 75],
        [95, 70, 55],
        [190, 205, 210],
      ],
    ],
  },
];
