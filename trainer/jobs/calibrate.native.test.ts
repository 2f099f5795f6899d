/** The timing of a few real steps, from which an estimate is made, on this processor. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openPort, type Message } from '../channel/port.ts';
import { tinyPictureRun, writeTinyPictures } from '../testing/killing.ts';
import { run } from './calibrate.ts';

test('real steps give their time, the memory of this process and the size of a checkpoint', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'reprise-calibrate-'));
  try {
    await writeTinyPictures(folder, { train: [], test: [] });
    const said: Message[] = [];
    const port = { ...openPort({ channel: null, now: Date.now }), send: (message: Message) => void said.push(message) };
    const tiny = tinyPictureRun(folder);
    // Workers are a program of the build.
    const config = { ...tiny, execution: { ...tiny.execution, loaderWorkers: 0 } };
    const job = { kind: 'calibrate', config, cacheFolder: folder, datasetsFolder: null, subject: null } as const;
    await run(job, { port, clock: () => performance.now() });
    const [outcome] = said.flatMap((message) => (message.type === 'result' ? [message.outcome] : []));
    if (outcome?.kind !== 'calibration') throw new Error('no result');
    const { calibration } = outcome;
    expect(calibration).toMatchObject({ stepsTotal: 30 });
    expect(calibration.secondsPerStep).toBeGreaterThan(0);
    expect(calibration.checkpointBytes).toBeGreaterThan(0);
    // TensorFlow alone is more, and nobody has that much.
    expect(calibration.peakMemoryBytes).toBeGreaterThan(64 << 20);
    expect(calibration.peakMemoryBytes).toBeLessThan(64 * 2 ** 30);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
