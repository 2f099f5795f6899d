/** Ways past losses that are not finite, in the program itself: everything that trains can clip, and no bit changes until it does. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunConfig } from '../protocol/run.ts';
import type { NotFiniteChoices } from '../protocol/when-not-finite.ts';
import { eventsOf, liveOn, tinyDetection, tinyEvaluation, tinyPretraining, traceOf } from '../testing/killing.ts';
import { useTinyTrainer } from '../testing/tiny-trainer.ts';
import { isNightly } from '../durable/testing/nightly.ts';
import { writeTinyCoco } from '../testing/tiny-coco.ts';

const minutes = 60_000;
const place = useTinyTrainer('when-not-finite');

async function pictures(): Promise<string> {
  const folder = join(place.folder, 'coco');
  await writeTinyCoco(folder);
  return folder;
}

const kinds: Readonly<Record<string, () => RunConfig | Promise<RunConfig>>> = {
  'a pretraining': () => tinyPretraining(place.data),
  'a detector': async () => tinyDetection(await pictures(), 'detection-c4'),
};
const others: typeof kinds = {
  'a pretraining in chunks': () => {
    const config = tinyPretraining(place.data);
    if (config.kind !== 'pretrain') throw new Error('A pretraining is needed.');
    return { ...config, execution: { ...config.execution, chunk: config.batch / 2 } };
  },
  'a head on features': () => tinyEvaluation(place.data, 'features'),
  'a head on augmented images': () => tinyEvaluation(place.data, 'images'),
  'fine-tuning': () => tinyEvaluation(place.data, 'fine-tuning'),
};

async function lived(name: string, config: RunConfig, whenNotFinite: NotFiniteChoices = []) {
  const stage = { program: place.program, folder: join(place.folder, name), config, whenNotFinite };
  await liveOn(stage, 1);
  return { trace: traceOf(stage), logs: eventsOf(stage).flatMap((event) => (event.type === 'log' ? [event] : [])) };
}

describe.each(Object.entries(isNightly ? { ...kinds, ...others } : kinds))('%s', (name, made) => {
  it(
    'has the same bytes whichever way is chosen, until one is taken',
    async () => {
      const config = await made();
      const skipping = await lived(`${name}-skip`, config);
      const ready = await lived(`${name}-clip`, { ...config, whenNotFinite: { policy: 'clip', norm: 1 } });
      expect(ready.trace).toEqual(skipping.trace);
      const clipped = await lived(`${name}-clipped`, config, [{ policy: 'clip', norm: 1e-3 }]);
      expect(clipped.logs.map(({ code }) => code)).toContain('chosen-clip');
      expect(clipped.trace.tensors).not.toBe(skipping.trace.tensors);
    },
    20 * minutes,
  );
});
