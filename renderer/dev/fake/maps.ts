/** Made-up maps: clouds of points that part while the training goes on. */
import type { EmbeddingMap, WantedMap } from '../../../electron/api/maps.ts';
import { pause, type FakeAnswers, type FakeWorld } from './world.ts';

const points = 600;
const groups = 10;
const neighbours = 15;
const steps = [0, 200, 400, 600];

/** A number between -1 and 1 that looks random. */
const noise = (seed: number): number => 2 * ((Math.sin(seed * 12.9898) * 43_758.5453) % 1);

function madeUpMap({ of }: WantedMap): EmbeddingMap {
  const learned = of.kind === 'run' ? of.step / 600 : 1;
  const labels = Int32Array.from({ length: points }, (_, point) => point % groups);
  const principal = Float32Array.from({ length: 2 * points }, (_, at) => {
    const angle = (2 * Math.PI * (Math.floor(at / 2) % groups)) / groups;
    return learned * (at % 2 === 0 ? Math.cos(angle) : Math.sin(angle)) + 0.25 * noise(at + 1);
  });
  const near = Int32Array.from(
    { length: points * neighbours },
    (_, at) => (Math.floor(at / neighbours) + groups * (1 + (at % neighbours))) % points,
  );
  return {
    summary: {
      points,
      images: 10_000,
      columns: 512,
      neighbours,
      clusters: groups,
      spread: 0.12 + 0.4 * learned,
      effectiveRank: 12 + 60 * learned,
      explained: [0.2, 0.11, 0.08],
      agreement: 0.1 + 0.5 * learned,
    },
    arrays: {
      places: Int32Array.from({ length: points }, (_, point) => 7 * point),
      labels,
      clusters: labels,
      principal,
      neighbours: near,
      similarities: Float32Array.from(near, (_, at) => 0.98 - 0.01 * (at % neighbours)),
    },
  };
}

export function mapAnswers(world: FakeWorld): FakeAnswers<'mapMoments' | 'embeddingMap' | 'mapLayout'> {
  return {
    mapMoments: () => steps.map((step) => ({ step, epoch: step / 100, isMade: step !== 200 })),
    embeddingMap: async (wanted) => {
      if (wanted.of.kind === 'run' && wanted.of.step === 200) await world.sideJob('map', 'extracting');
      return madeUpMap(wanted);
    },
    mapLayout: async (wanted) => {
      await pause(100);
      return madeUpMap(wanted).arrays.principal.map((value) => 8 * value);
    },
  };
}
