/** The measurement that chooses a new run's precision, on this processor. */
import { expect, test } from 'vitest';
import { openPort, type Message } from '../channel/port.ts';
import { precisionsOn } from '../protocol/run.ts';
import { refusalOf } from '../testing/precision.ts';
import { FaultError } from '../durable/fault-error.ts';
import { largestThatFits, run } from './precisions.ts';

const precisions = precisionsOn('cpu');

test('every precision gets a time or a reason not to use it here, within seconds', async () => {
  const said: Message[] = [];
  const port = { ...openPort({ channel: null, now: Date.now }), send: (message: Message) => void said.push(message) };
  await run(
    { kind: 'precisions', device: 'cpu', threads: 2, precisions: [...precisions] },
    { port, clock: () => performance.now() },
  );
  const results = said.flatMap((message) => (message.type === 'result' ? [message.outcome] : []));
  if (results[0]?.kind !== 'precisions') throw new Error('no result');
  const { timings } = results[0].precisions;
  expect(timings.map(({ precision }) => precision)).toEqual(precisions);
  expect(timings[0]).toMatchObject({ milliseconds: expect.any(Number) as number, refusal: null });
  for (const { precision, milliseconds, refusal } of timings) {
    const wanted = await refusalOf(precision);
    // The engine may support it although the processor has no fast kernels for it.
    const isSlow = precision !== 'float32' && refusal?.includes('times as long as in float32') === true;
    if (wanted === null && !isSlow) expect(milliseconds).toBeGreaterThan(0);
    else expect({ milliseconds, refusal }).toEqual({ milliseconds: null, refusal: expect.any(String) as string });
  }
}, 60_000);

test('a step that the memory of a device does not hold is timed with half the batch, down to the least', async () => {
  const shape = { encoder: 'resnet-50', stem: 'imagenet', size: 224, batch: 64, expander: [] } as const;
  const holding = (most: number) => async (given: { readonly batch: number }) => {
    if (given.batch > most) throw new FaultError('out-of-memory', `${given.batch} do not fit`);
    return Promise.resolve(given.batch);
  };
  expect(await largestThatFits(shape, holding(16))).toEqual({ shape: { ...shape, batch: 16 }, milliseconds: 16 });
  expect((await largestThatFits(shape, holding(64))).shape.batch).toBe(64);
  await expect(largestThatFits(shape, holding(4))).rejects.toThrow('8 do not fit');
  await expect(largestThatFits(shape, () => Promise.reject(new Error('no kernel')))).rejects.toThrow('no kernel');
});
