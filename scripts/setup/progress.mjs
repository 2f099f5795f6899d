/** What set-up shows while it works: one line a step, rewritten on a terminal, repeated now and then in a log. */

/**
 * @typedef {object} Progress
 * @property {number} done
 * @property {number} total
 * @property {'MB' | 'packages' | '%'} unit
 * @property {string} [doing] what is going on, when it is not the step's own download
 */

/** @param {number} seconds */
export function formatSeconds(seconds) {
  if (seconds < 10) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 60) return `${Math.round(seconds / 5) * 5} s`;
  return `${Math.round(seconds / 60)} min`;
}

/**
 * `unpacking, 120 of 274 MB, about 20 s`. The time left assumes the average speed so far.
 * @param {Progress} progress
 * @param {number} elapsedSeconds since this kind of work began
 */
export function formatProgress({ done, total, unit, doing }, elapsedSeconds) {
  const scale = unit === 'MB' ? 1e6 : 1;
  const fraction = total > 0 ? Math.min(1, done / total) : 0;
  const amount =
    unit === '%'
      ? `${Math.round(fraction * 100)} %`
      : `${Math.round(Math.min(done, total) / scale)} of ${Math.round(total / scale)} ${unit}`;
  const parts = doing === undefined ? [amount] : [doing, amount];
  // Before a twentieth is done, or in the first two seconds, the average says nothing.
  if (fraction >= 0.05 && fraction < 1 && elapsedSeconds >= 2) {
    parts.push(`about ${formatSeconds((elapsedSeconds * (1 - fraction)) / fraction)}`);
  }
  return parts.join(', ');
}

/**
 * @typedef {object} Report
 * @property {(progress: Progress) => void} progress
 * @property {(text: string) => void} doing something without a measure
 * @property {(sentence: string) => void} say a line that stays
 */

/**
 * @param {{ write(text: string): unknown, isTTY?: boolean | undefined, columns?: number | undefined }} stream
 * @param {() => number} now in milliseconds
 */
export function createReporter(stream, now = () => performance.now()) {
  const everyMs = stream.isTTY ? 200 : 15_000;
  let lineOpen = false;

  /** @param {string} text */
  function transient(text) {
    if (stream.isTTY) {
      stream.write(`\r\x1b[2K${text.slice(0, (stream.columns ?? 80) - 1)}`);
      lineOpen = true;
    } else {
      stream.write(`${text}\n`);
    }
  }

  /** @param {string} text */
  function line(text) {
    if (lineOpen) stream.write('\r\x1b[2K');
    lineOpen = false;
    stream.write(`${text}\n`);
  }

  return {
    line,
    /**
     * @param {number} index from 1
     * @param {number} count
     * @param {string} title
     * @returns {Report & { end(text: string): void }}
     */
    step(index, count, title) {
      const head = `[${index}/${count}] ${title}`;
      const began = now();
      let shownAt = -Infinity;
      let phase = '';
      let phaseBegan = began;
      /** @param {string} text @param {string} kind */
      const show = (text, kind) => {
        if (kind !== phase) {
          phase = kind;
          phaseBegan = now();
        } else if (now() - shownAt < everyMs) {
          return;
        }
        shownAt = now();
        transient(`${head}: ${text}`);
      };
      return {
        progress: (progress) => {
          const kind = progress.doing ?? progress.unit;
          const elapsed = kind === phase ? (now() - phaseBegan) / 1000 : 0;
          show(formatProgress(progress, elapsed), kind);
        },
        doing: (text) => show(text, text),
        say: (sentence) => line(`${head}: ${sentence}`),
        end: (text) => line(`${head}: ${text}, ${formatSeconds((now() - began) / 1000)}`),
      };
    },
  };
}
