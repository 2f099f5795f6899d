/** Where the terminal's texts go. A reader may go away at any time: that ends the texts, never the work. */
import type { Output } from './progress.ts';

export interface LastingOutput extends Output {
  /** Why texts were lost: a full disk, for example. Null also where the reader went away, as `head` does. */
  readonly lost: () => Error | null;
}

interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly write: (text: string) => unknown;
  readonly writableNeedDrain?: boolean;
  readonly on: (event: 'error', listener: (error: NodeJS.ErrnoException) => void) => unknown;
  readonly once?: (event: 'drain' | 'error' | 'close', listener: () => void) => unknown;
}

/** Of a terminal that does not tell its own. */
const usualColumns = 80;

export function lasting(stream: Stream): LastingOutput {
  let isClosed = false;
  let lost: Error | null = null;
  stream.on('error', (error) => {
    isClosed = true;
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') lost = error;
  });
  return {
    isTTY: stream.isTTY === true,
    get columns() {
      return stream.columns ?? usualColumns;
    },
    write: (text) => !isClosed && stream.write(text),
    lost: () => lost,
    isGone: () => isClosed,
    drained: async () => {
      // An error of the last write comes in a turn of its own.
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (isClosed || stream.writableNeedDrain !== true) return;
      await new Promise<void>((resolve) => {
        for (const event of ['drain', 'error', 'close'] as const) stream.once?.(event, resolve);
      });
    },
  };
}
