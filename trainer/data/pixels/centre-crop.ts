/** Sizes and places of torchvision's Resize(short side) and CenterCrop. */

/** Size after Resize(short): torchvision truncates the long side. */
export function resizedSize(width: number, height: number, short: number): [number, number] {
  return width <= height
    ? [short, Math.trunc((short * height) / width)]
    : [Math.trunc((short * width) / height), short];
}

/** Where the centre begins if so many pixels are left over. Python's int(round(x)) of a half: to the even neighbour. */
export function centreOf(room: number): number {
  const half = room / 2;
  return Number.isInteger(half) ? half : 2 * Math.round(half / 2);
}
