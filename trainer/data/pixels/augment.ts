/**
 * One augmented view: draw its parameters, then render them. The draws depend only on (seed, epoch, index, view);
 * `drawView` is pure, so any view used in training can be reproduced.
 *
 * Operations and their order are the paper's and the official code's, each by torchvision's definition on PIL images. A flip
 * gives the same levels wherever it stands after the resize: solo-learn's comes last.
 * On one channel, jitter is brightness and contrast; saturation, hue and grayscale change nothing.
 */
import type { Box, JitterOperation, ViewParameters } from '../../protocol/augmentation.ts';
import { firstOfPatches, patchGrid, type Resizing, type View } from '../../protocol/run.ts';
import { keyed } from '../../random.ts';
import type { Pixels } from './rows.ts';
import { centreOf, resizedSize } from './centre-crop.ts';
import { brightness, contrast, flip, gaussianBlur, grayscale, hue, saturation, solarize } from './colour.ts';
import { frameOf, pixelsOf, type Frame } from './kernels.ts';
import { resample } from './resample.ts';

/**
 * Position of each draw in the view's uniforms (24 bits each). Every draw is made regardless of the probabilities, so
 * that changing one option does not affect the others.
 */
const draws = {
  /** Ten tries of (area, aspect ratio). */
  crop: 0,
  top: 20,
  left: 21,
  flip: 22,
  jitter: 23,
  /** Three draws of a Fisher-Yates shuffle of the four operations. */
  order: 24,
  brightness: 27,
  contrast: 28,
  saturation: 29,
  hue: 30,
  grayscale: 31,
  blur: 32,
  blurSigma: 33,
  solarize: 34,
  count: 35,
} as const;

/** Python's round: halves go to the even neighbour. */
function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

/** torchvision's RandomResizedCrop.get_params. */
function drawCrop(view: View, width: number, height: number, uniforms: Float32Array): Box {
  const [least, most] = view.cropArea;
  const [narrow, wide] = view.cropRatio;
  const logNarrow = Math.log(narrow);
  const logWide = Math.log(wide);
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = width * height * (least + (most - least) * uniforms[draws.crop + 2 * attempt]!);
    const ratio = Math.exp(logNarrow + (logWide - logNarrow) * uniforms[draws.crop + 2 * attempt + 1]!);
    const w = roundHalfEven(Math.sqrt(area * ratio));
    const h = roundHalfEven(Math.sqrt(area / ratio));
    if (w > 0 && w <= width && h > 0 && h <= height) {
      return {
        left: Math.floor(uniforms[draws.left]! * (width - w + 1)),
        top: Math.floor(uniforms[draws.top]! * (height - h + 1)),
        width: w,
        height: h,
      };
    }
  }
  // The largest centred crop whose ratio is allowed. At least one pixel: torchvision fails on a 1 x 20000 picture.
  const ratio = width / height;
  const w = ratio > wide ? Math.max(1, roundHalfEven(height * wide)) : width;
  const h = ratio < narrow ? Math.max(1, roundHalfEven(width / narrow)) : height;
  return { left: (width - w) >> 1, top: (height - h) >> 1, width: w, height: h };
}

const operations: readonly JitterOperation[] = ['brightness', 'contrast', 'saturation', 'hue'];

function drawJitter(view: View, uniforms: Float32Array): ViewParameters['jitter'] {
  if (uniforms[draws.jitter]! >= view.jitter) return [];
  const order = [...operations];
  for (let i = 3; i > 0; i--) {
    const j = Math.floor(uniforms[draws.order + 3 - i]! * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  const amount = (operation: JitterOperation) => {
    const u = uniforms[draws[operation]]!;
    const strength = view[operation];
    if (operation === 'hue') return -strength + 2 * strength * u;
    const low = Math.max(0, 1 - strength);
    return low + (1 + strength - low) * u;
  };
  // torchvision leaves an operation out entirely when its strength is 0.
  return order
    .filter((operation) => view[operation] > 0)
    .map((operation) => ({ operation, amount: amount(operation) }));
}

const uniforms = new Float32Array(draws.count);

/** View `number` of sample `index` in `epoch`; `index` is the position in the data that a run trains on. */
export interface ViewKey {
  readonly seed: number;
  readonly epoch: number;
  readonly index: number;
  readonly number: number;
}

type Size = Pick<Pixels, 'width' | 'height'>;

/** The centre of the image, whose short side became `short`. */
function centredPart(view: View, image: Size, short: number): NonNullable<ViewParameters['part']> {
  const [width, height] = resizedSize(image.width, image.height, short);
  const box = { left: centreOf(width - view.size), top: centreOf(height - view.size) };
  return { width, height, box: { ...box, width: view.size, height: view.size } };
}

/** The place of a patch: OBoW's CropImagePatches. Patches of one picture have `first` in common. */
function patchPart(view: View, side: number, first: number, key: ViewKey): NonNullable<ViewParameters['part']> {
  const { size, patchJitter = 0 } = view;
  const random = keyed(key.seed, 'patches', key.epoch, key.index, first);
  const places = patchGrid ** 2;
  const place = random.permutation(places)[key.number - first]!;
  const jitters = Array.from({ length: 2 * places }, () => random.integer(patchJitter + 1));
  const between = Math.floor((side - size - patchJitter) / (patchGrid - 1));
  const top = Math.floor(place / patchGrid) * between + jitters[2 * place]!;
  const left = (place % patchGrid) * between + jitters[2 * place + 1]!;
  return { width: side, height: side, box: { left, top, width: size, height: size } };
}

/**
 * Parameters of a view, for an image of this size.
 *
 * @param first of a patch: the number of the first view that is a patch of the same picture
 */
export function drawView(view: View, image: Size, key: ViewKey, first = key.number): ViewParameters {
  keyed(key.seed, 'view', key.epoch, key.index, first).fillUniform(uniforms);
  const [least, most] = view.blurSigma;
  const { resize = 0, patchOf = 0 } = view;
  const crop =
    resize > 0
      ? { left: 0, top: 0, width: image.width, height: image.height }
      : drawCrop(view, image.width, image.height, uniforms);
  return {
    crop,
    ...(resize > 0 ? { part: centredPart(view, image, resize) } : {}),
    ...(patchOf > 0 ? { part: patchPart(view, patchOf, first, key) } : {}),
    flip: uniforms[draws.flip]! < view.flip,
    jitter: drawJitter(view, uniforms),
    grayscale: uniforms[draws.grayscale]! < view.grayscale,
    blurSigma: uniforms[draws.blur]! < view.blur ? least + (most - least) * uniforms[draws.blurSigma]! : null,
    solarize: uniforms[draws.solarize]! < view.solarize,
  };
}

function jitter(frame: Frame, { operation, amount }: ViewParameters['jitter'][number]): void {
  if (operation === 'brightness') brightness(frame, amount);
  else if (operation === 'contrast') contrast(frame, amount);
  else if (frame.channels === 3) {
    if (operation === 'saturation') saturation(frame, amount);
    else hue(frame, amount);
  }
}

/** Jitter and greyscale. */
function changeColours(frame: Frame, parameters: ViewParameters): void {
  for (const step of parameters.jitter) jitter(frame, step);
  if (parameters.grayscale && frame.channels === 3) grayscale(frame);
}

function withColoursChanged(image: Pixels, parameters: ViewParameters): Pixels {
  const frame = frameOf(image.pixels, image.width, image.height, image.channels);
  changeColours(frame, parameters);
  return { ...image, pixels: pixelsOf(frame) };
}

/** The image that a view is cropped out of. */
const sourceOf = (image: Pixels, { jitterFirst }: View, parameters: ViewParameters): Pixels =>
  jitterFirst === true ? withColoursChanged(image, parameters) : image;

/** Flips and colours what was cropped. */
function finished(frame: Frame, { jitterFirst, solarizeThreshold }: View, parameters: ViewParameters): Frame {
  if (parameters.flip) flip(frame);
  if (jitterFirst !== true) changeColours(frame, parameters);
  if (parameters.blurSigma !== null) gaussianBlur(frame, parameters.blurSigma);
  if (parameters.solarize) solarize(frame, solarizeThreshold);
  return frame;
}

/** The picture of an image that patches were last cut from, with what made it. */
const pictures = new WeakMap<Pixels, { readonly madeBy: string; readonly picture: Pixels }>();

function pictureOf(image: Pixels, view: View, resizing: Resizing, parameters: ViewParameters): Pixels {
  const { part, ...own } = parameters;
  const { width, height } = part!;
  const { interpolation, solarizeThreshold, jitterFirst = false } = view;
  const madeBy = JSON.stringify([own, width, interpolation, solarizeThreshold, jitterFirst, resizing]);
  const known = pictures.get(image);
  if (known?.madeBy === madeBy) return known.picture;
  const source = sourceOf(image, view, parameters);
  const frame = resample(source, own.crop, width, height, { interpolation, resizing });
  const { channels } = frame;
  const picture = { pixels: pixelsOf(finished(frame, view, parameters)), width, height, channels };
  pictures.set(image, { madeBy, picture });
  return picture;
}

/** Renders a view: a frame of `view.size` squared. */
export function renderView(image: Pixels, view: View, resizing: Resizing, parameters: ViewParameters): Frame {
  const { size, interpolation, patchOf = 0 } = view;
  const { crop, part } = parameters;
  const how = { interpolation, resizing };
  // Of its own size, so it is copied.
  if (part !== undefined && patchOf > 0)
    return resample(pictureOf(image, view, resizing, parameters), part.box, size, size, how);
  const { width, height, box } = part ?? { width: size, height: size, box: undefined };
  return finished(resample(sourceOf(image, view, parameters), crop, width, height, how, box), view, parameters);
}

/** Draws view `key.number` and renders it: what training sees, with the parameters it was rendered by. */
export function augment(
  image: Pixels,
  views: readonly View[],
  resizing: Resizing,
  key: ViewKey,
): { readonly parameters: ViewParameters; readonly frame: Frame } {
  const first = firstOfPatches(views, key.number);
  // Patches of one picture are made as the first of them says.
  const view = { ...views[first]!, size: views[key.number]!.size };
  const parameters = drawView(view, image, key, first);
  return { parameters, frame: renderView(image, view, resizing, parameters) };
}
