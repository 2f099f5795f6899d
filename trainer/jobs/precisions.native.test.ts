/** The measurement that chooses a new run's precision, on this processor. */
import { expect, test } from 'vitest';
import { openPort, type Message } from '../channel/port.ts';
import { precisionsOn } from '../protocol/run.ts';
import { refusalOf } from '../testing/precision.ts';
import { run } from './precisions.ts';

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
