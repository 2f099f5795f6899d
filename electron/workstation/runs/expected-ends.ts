/** When queued runs are expected to be done: the queue played through, by estimates. Pure. */

export interface WaitingRun {
  readonly id: string;
  /** Null: not known. */
  readonly seconds: number | null;
  /** Run that has to be done first; null: none, or it is done. */
  readonly after: string | null;
  /** Passed over until somebody decides otherwise. */
  readonly isHeldBack: boolean;
}

export interface DeviceUse {
  /** Run that is trained; null: none. */
  readonly run: string | null;
  /** When the device is expected to be free, in milliseconds since 1970; null: not known. */
  readonly freeAt: number | null;
}

/**
 * Expected ends in milliseconds since 1970, by run; null where it is not known. As the queue does it, the first run in order
 * that can start is the next, so one that waits for another is passed over until that is done.
 */
export function expectedEnds(queue: readonly WaitingRun[], device: DeviceUse): ReadonlyMap<string, number | null> {
  const ends = new Map<string, number | null>(queue.map(({ id }) => [id, null]));
  const done = new Set(device.run === null ? [] : [device.run]);
  const open = queue.filter(({ isHeldBack }) => !isHeldBack);
  let time = device.freeAt;
  while (open.length > 0) {
    const next = open.findIndex(({ after }) => after === null || done.has(after));
    // The rest waits for what nothing in the queue brings about.
    if (next < 0) break;
    const [{ id, seconds }] = open.splice(next, 1) as [WaitingRun];
    time = time === null || seconds === null ? null : time + seconds * 1000;
    ends.set(id, time);
    done.add(id);
  }
  return ends;
}
