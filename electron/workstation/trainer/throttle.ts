/** Passes on the newest value at most every `everyMs`; the last one is never lost. */
export interface Throttle<T> {
  (value: T): void;
  /** Sends the pending value now. */
  readonly flush: () => void;
}

export function throttle<T>(everyMs: number, send: (value: T) => void): Throttle<T> {
  let waiting: { readonly value: T } | null = null;
  let timer: NodeJS.Timeout | null = null;
  const fire = (): void => {
    timer = null;
    if (waiting === null) return;
    const { value } = waiting;
    waiting = null;
    timer = setTimeout(fire, everyMs);
    timer.unref();
    send(value);
  };
  const call = (value: T): void => {
    waiting = { value };
    if (timer === null) fire();
  };
  return Object.assign(call, {
    flush: () => {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      fire();
    },
  });
}
