import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeJson } from '../durable/files.ts';
import type { TrainerEvent } from '../protocol/events.ts';
import { openPort } from './port.ts';
import { openReach, type Reach } from './reach.ts';
import { StopAsked } from './stop-asked.ts';
import { whenWritten } from './when-written.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'written-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A job that pauses, and the reasons that it told. */
function job(): { readonly reach: Reach; readonly stop: () => void; readonly reasons: string[] } {
  const reasons: string[] = [];
  const channel = {
    send(event: TrainerEvent, done: (error: null) => void) {
      if (event.type === 'phase' && event.reason !== undefined) reasons.push(event.reason.message);
      done(null);
    },
  };
  const port = openPort({ channel, now: Date.now });
  const reach = openReach({ port, clock: () => performance.now(), startedAt: 0, everyMs: 20 });
  return { reach, reasons, stop: () => port.hear({ type: 'stop' }) };
}

const refused = (code: string): Error => Object.assign(new Error(code), { code });

it('pauses work whose write is refused, and does it again', async () => {
  const { reach, reasons } = job();
  const path = join(folder, 'result.json');
  let refusals = 2;
  const work = async (): Promise<string> => {
    if (refusals-- > 0) throw refused('ENOSPC');
    await writeJson(path, 1);
    return 'kept';
  };
  expect(await whenWritten(work, path, reach)).toBe('kept');
  expect(reasons).toHaveLength(2);
  expect(reasons[0]).toContain(`${path} could not be written (ENOSPC): the disk is full`);
});

it('stops when it is told to while it waits', async () => {
  const { reach, stop } = job();
  const waiting = whenWritten(() => Promise.reject(refused('EIO')), join(folder, 'gone', 'far', 'x'), reach);
  stop();
  await expect(waiting).rejects.toBeInstanceOf(StopAsked);
});

it('ends with any other error, and with the refusal where nothing can wait', async () => {
  const { reach } = job();
  await expect(whenWritten(() => Promise.reject(new Error('no')), 'x', reach)).rejects.toThrow('no');
  await expect(whenWritten(() => Promise.reject(refused('EIO')), 'x', undefined)).rejects.toThrow('EIO');
});
