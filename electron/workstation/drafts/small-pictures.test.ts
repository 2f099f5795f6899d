/** Small pictures are shown to a detector in their own size; large ones by the paper's recipe; nothing else changes. */
import { describe, expect, test } from 'vitest';
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import { forSmallPictures } from './small-pictures.ts';

const shared = ['rate', 'batch', 'steps', 'drops', 'warmup', 'shortSides', 'testShortSide', 'longest', 'anchorScale'];
const evaluatorOf = (id: string, targets: string, keys: readonly string[]) => ({
  id,
  targets,
  options: keys.map((key) => ({ key })),
});
const catalogue = {
  evaluators: [
    evaluatorOf('detection-c4', 'objects', shared),
    evaluatorOf('detection-fpn', 'objects', [...shared, 'channels', 'boxWidth']),
    evaluatorOf('linear', 'class', ['rate', 'batch']),
  ],
} as unknown as Pick<Catalogue, 'evaluators'>;
const drafted = (id: string, options: Record<string, number | string>, largest: [number, number] | null) =>
  forSmallPictures({ id, options }, { largest }, catalogue);

describe.each(['detection-c4', 'detection-fpn'])('%s', (id) => {
  test('shows pictures of 96 pixels in their own size, with anchors and a schedule to match', () => {
    const { options } = drafted(id, {}, [96, 96]);
    expect('channels' in options).toBe(id === 'detection-fpn');
    expect(options).toMatchObject({ shortSides: [96], testShortSide: 96, longest: 192, anchorScale: 0.25, batch: 4 });
    expect(Math.max(...(options['drops'] as number[]))).toBeLessThan(options['steps'] as number);
  });
  test('keeps what was asked for', () => {
    expect(drafted(id, { rate: 0.5 }, [200, 100]).options).toMatchObject({
      rate: 0.5,
      shortSides: [100],
      longest: 200,
    });
  });
  test('is the paper’s recipe for large pictures, or where their size is not known', () => {
    for (const largest of [[500, 375] as [number, number], null]) expect(drafted(id, {}, largest).options).toEqual({});
  });
  test('an imported detector stays as it was trained', () => {
    expect(drafted(id, { startFrom: 'detector', steps: 0 }, [96, 96]).options).toEqual({
      startFrom: 'detector',
      steps: 0,
    });
  });
});

test('other evaluators have no such options', () => {
  expect(drafted('linear', {}, [28, 28])).toEqual({ id: 'linear', options: {} });
});
