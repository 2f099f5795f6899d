/** Clutter in the sample set's pictures: things of no class. */
import type { Generator } from '../../random.ts';
import { blendPixel, type Canvas, type Light, type Rgb } from './sample-canvas.ts';
import { between, mix } from './sample-noise.ts';

/** Things that are no class: slabs, discs and rods, shaded, some half out of the picture. */
export function addClutter(canvas: Canvas, stream: Generator, light: Light, horizon: number): void {
  const { side } = canvas;
  for (let n = 2 + stream.integer(5); n > 0; n--) {
    const kind = stream.integer(3);
    const centreX = stream.uniform() * side;
    const centreY = mix(horizon - 0.05, 1, stream.uniform()) * side;
    const half = between(stream, 0.03, 0.13) * side;
    const aspect = between(stream, 0.3, 1.2);
    const turn = between(stream, -0.6, 0.6);
    const colour: Rgb = [between(stream, 30, 215), between(stream, 30, 215), between(stream, 30, 215)];
    const reach = Math.ceil(half * 1.5);
    for (let y = Math.max(0, Math.floor(centreY - reach)); y < Math.min(side, centreY + reach); y++) {
      for (let x = Math.max(0, Math.floor(centreX - reach)); x < Math.min(side, centreX + reach); x++) {
        const dx = (x - centreX) / half;
        const dy = (y - centreY) / half;
        const u = dx * Math.cos(turn) + dy * Math.sin(turn);
        const w = (dy * Math.cos(turn) - dx * Math.sin(turn)) / aspect;
        const inside =
          kind === 0
            ? Math.max(Math.abs(u), Math.abs(w)) < 0.8
            : kind === 1
              ? u * u + w * w < 0.8
              : Math.abs(w) < 0.15 && Math.abs(u) < 1;
        if (!inside) continue;
        const slope = kind === 1 ? u * light.x - w * light.y : -w * light.y * 0.5;
        const shade = light.ambient + light.strength * Math.max(0, 0.55 + 0.45 * slope);
        blendPixel(canvas, y * side + x, colour[0] * shade, colour[1] * shade, colour[2] * shade, 1);
      }
    }
  }
}
