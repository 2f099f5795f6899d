/** NVIDIA GPUs as nvidia-smi prints them, and what is said of each before it is used. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cardQuery, cardsOf, concernsOf, hasTensorFloat32, type GraphicsCard } from './graphics-card.ts';

/** In nvidia-smi's own form: `csv,noheader,nounits`. */
const two = [
  '0, GPU-5b9ad2a2-0d0a-4b33-8f5c-0a2d2c1f0c11, NVIDIA H100 80GB HBM3, 9.0, 550.54.15, 81559, 1022',
  '1, GPU-9c11f7de-6f5e-0d0b-53cf-6a9b6cf1f6f0, NVIDIA GeForce RTX 3090, 8.6, 550.54.15, 24576, 4',
].join('\n');
/** Memory that is the processor's too is not told; nor is a line that is no card one. */
const grace = 'Some notice of the driver\n0, GPU-1, NVIDIA GB10, 12.1, 580.95.05, [N/A], [N/A]\n\n';

const names = (printed: string, visible?: string) => cardsOf(printed, visible).map(({ name }) => name);

test('cards are read from what nvidia-smi prints; what it does not tell is not known', () => {
  expect(cardQuery[0]!.split('=')[1]!.split(',')).toHaveLength(two.split('\n')[0]!.split(',').length);
  expect(cardsOf(`${two}\n`, undefined)[0]).toEqual({
    name: 'NVIDIA H100 80GB HBM3',
    capability: '9.0',
    driver: '550.54.15',
    memoryTotalBytes: 81559 * 2 ** 20,
    memoryUsedBytes: 1022 * 2 ** 20,
  });
  expect(cardsOf(grace, undefined)).toMatchObject([{ memoryTotalBytes: null, memoryUsedBytes: null }]);
  expect(cardsOf('No devices were found\n', undefined)).toEqual([]);
});

test('gpu:0 is the first card that CUDA_VISIBLE_DEVICES leaves', () => {
  const [h100, rtx] = ['NVIDIA H100 80GB HBM3', 'NVIDIA GeForce RTX 3090'];
  expect(names(two)).toEqual([h100, rtx]);
  expect(names(two, '1')).toEqual([rtx]);
  expect(names(two, '1, 0')).toEqual([rtx, h100]);
  expect(names(two, 'GPU-9c11f7de')).toEqual([rtx]);
  // CUDA ends the list at the first that names no card.
  expect(names(two, '0,7,1')).toEqual([h100]);
  expect(names(two, '')).toEqual([]);
  expect(names(two, '-1')).toEqual([]);
  expect(names(two, 'MIG-5b9ad2a2')).toEqual([h100, rtx]);
});

const card = (capability: string, driver: string): GraphicsCard => ({
  name: 'NVIDIA',
  capability,
  driver,
  memoryTotalBytes: null,
  memoryUsedBytes: null,
});
const said = (capability: string, driver: string) => concernsOf(card(capability, driver)).map(({ code }) => code);

describe('what is said of a card before it is used', () => {
  test.each([
    ['7.0', '525.60.13', []],
    ['8.6', '470.256.02', ['old-driver']],
    ['8.9', '525.85.05', []],
    // Most of the build for Hopper is PTX of CUDA 12.5.
    ['9.0', '525.60.13', ['old-driver']],
    ['9.0', '550.163.01', ['old-driver']],
    ['9.0', '555.42.02', []],
    ['9.0', '580.95.05', []],
    // Blackwell.
    ['10.0', '580.95.05', ['unmeasured-gpu']],
    ['12.0', '580.95.05', ['unmeasured-gpu']],
    ['12.0', '560.35.03', ['old-driver', 'unmeasured-gpu']],
  ])('compute capability %s with driver %s: %j', (capability, driver, codes) => {
    expect(said(capability, driver)).toEqual(codes);
  });

  test('a newer driver never adds a concern', () => {
    const capabilities = fc.constantFrom('6.0', '7.5', '8.0', '8.9', '9.0', '10.3', '12.1');
    const driver = fc.integer({ min: 390, max: 700 });
    fc.assert(
      fc.property(capabilities, driver, driver, (capability, one, other) => {
        const [older, newer] = [Math.min(one, other), Math.max(one, other)];
        expect(said(capability, `${older}.10`)).toEqual(expect.arrayContaining(said(capability, `${newer}.10.01`)));
      }),
    );
  });

  test('TensorFloat-32 begins with compute capability 8.0', () => {
    expect(
      ['6.1', '7.5', '8.0', '8.6', '9.0', '12.0'].filter((capability) => hasTensorFloat32({ capability })),
    ).toEqual(['8.0', '8.6', '9.0', '12.0']);
  });
});
