/** The bootstrap over images: a resample's figure must be that of an evaluation of the drawn images. */
import { describe, expect, it } from 'vitest';
import { keyed } from '../../random.ts';
import type { AnnotatedImage, Detection } from '../objects.ts';
import { annotated, detected, matchedHere, readGoldenCoco } from '../testing/golden-coco.ts';
import { type AveragePrecision, resampleFigure } from './bootstrap.ts';
import { cocoFigures, cocoThresholds, startCoco } from './coco.ts';
import { averageAt101 } from './precision-recall.ts';

const golden = readGoldenCoco(new URL('../golden/coco.json', import.meta.url)).cases.find(
  ({ name }) => name === 'any place and score',
)!;
const own = matchedHere(golden, 'boxes');
const ap: AveragePrecision = {
  average: averageAt101,
  thresholds: cocoThresholds.map((_, at) => at),
  area: 0,
  maximum: 100,
};

/** The figure of images drawn as the bootstrap draws them, evaluated anew. */
function evaluatedAnew(seed: number, sample: number): number | null {
  const next = keyed(seed, 'detection-bootstrap', sample);
  const drawn = own.images.map(() => own.images[next.integer(own.images.length)]!);
  const images = annotated(golden);
  const chosen = drawn.map((id, at): AnnotatedImage => ({ ...images.find((each) => each.id === id)!, id: `${at}` }));
  const evaluation = startCoco(chosen, 4, 'boxes');
  drawn.forEach((id, at) => evaluation.add(`${at}`, detected(golden, Number(id))));
  return cocoFigures(evaluation.finish()).AP.value;
}

describe('a bootstrap over images', () => {
  it('gives the figure itself, and in every resample that of the images drawn', async () => {
    const values = [evaluatedAnew(5, 0)!, evaluatedAnew(5, 1)!, evaluatedAnew(5, 2)!].sort((a, b) => a - b);
    const resampled = await resampleFigure(own, null, ap, { seed: 5, resamples: 3 });
    expect(resampled!.value).toBeCloseTo(cocoFigures(own).AP.value!, 12);
    const { low, high } = resampled!.interval(1);
    expect(low).toBeCloseTo(values[0]!, 12);
    expect(high).toBeCloseTo(values[2]!, 12);
    expect(resampled!.interval(0).low).toBeCloseTo(values[1]!, 12);
    expect(new Set(values).size).toBe(3);
    const mean = values.reduce((sum, value) => sum + value, 0) / 3;
    expect(resampled!.bias).toBeCloseTo(mean - cocoFigures(own).AP.value!, 12);
  });

  it('of a figure minus itself is 0 in every resample; of a better one it is above', async () => {
    const settings = { seed: 1, resamples: 200 };
    const same = await resampleFigure(own, own, ap, settings);
    expect([same!.value, same!.interval(0.95)]).toEqual([0, { low: 0, high: 0 }]);
    const perfect = startCoco(annotated(golden), 4, 'boxes');
    for (const { id, objects } of annotated(golden))
      perfect.add(
        id,
        objects
          .filter(({ crowd }) => !crowd)
          .map(({ class: label, box }): Detection => ({ class: label, box, score: 1 })),
      );
    const better = await resampleFigure(perfect.finish(), own, ap, settings);
    expect(better!.value).toBeCloseTo(1 - cocoFigures(own).AP.value!, 12);
    expect(better!.interval(0.95).low).toBeGreaterThan(0);
  });

  it('is the same for the same seed and another for another', async () => {
    const interval = async (seed: number) =>
      (await resampleFigure(own, null, { ...ap, thresholds: [0] }, { seed, resamples: 50 }))!.interval(0.9);
    expect(await interval(1)).toEqual(await interval(1));
    expect(await interval(1)).not.toEqual(await interval(2));
  });

  it('has nothing to say without objects, and refuses other images', async () => {
    const image: AnnotatedImage = { file: '', id: '1', width: 9, height: 9, objects: [] };
    const empty = startCoco([image], 4, 'boxes').finish();
    expect(await resampleFigure(empty, null, ap, { seed: 1, resamples: 5 })).toBeNull();
    await expect(resampleFigure(own, empty, ap, { seed: 1, resamples: 5 })).rejects.toThrow('not the same set');
  });
});
