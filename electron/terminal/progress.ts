/** How far the work is: one line that is rewritten in a terminal, and now and then a line where output goes to a file. */
import type { Progress, Pushes } from '../api.ts';
import { duration, widthOf } from './table.ts';
import type { Words } from './words.ts';

export interface ProgressLine {
  /** A sentence that stays; the moving line is drawn below it again. */
  readonly say: (text: string) => void;
  readonly progress: (progress: Progress, title: string) => void;
  readonly job: (job: Parameters<Pushes['job']>[0]) => void;
  readonly end: () => void;
}

export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly write: (text: string) => unknown;
}

/** Without a terminal: a line when the phase changes, and one at least this far apart. */
const sparseMs = 30_000;

export function createProgressLine(output: Output, words: Words, now: () => number): ProgressLine {
  const moving = output.isTTY === true;
  let shown = '';
  let lastLine = -Infinity;
  let lastPhase = '';

  function draw(text: string): void {
    const room = (output.columns ?? 80) - 1;
    let line = text;
    while (widthOf(line) > room) line = line.slice(0, -1);
    output.write(`\r\u001b[2K${line}`);
    shown = line;
  }
  function erase(): void {
    if (moving && shown !== '') output.write('\r\u001b[2K');
  }

  function tell(text: string, phase: string): void {
    if (moving) {
      draw(text);
      return;
    }
    if (phase === lastPhase && now() - lastLine < sparseMs) return;
    lastLine = now();
    lastPhase = phase;
    output.write(`${text}\n`);
  }

  return {
    say: (text) => {
      erase();
      output.write(`${text}\n`);
      if (moving && shown !== '') draw(shown);
    },
    progress: (progress, title) => {
      const { phase, step, steps, samplesPerSecond, secondsLeft, secondsLeftSpread, safeStep } = progress;
      // Before its first word there is nothing to tell but its name.
      if (phase === null) return;
      const share = progress.fraction ?? (steps > 0 ? step / steps : null);
      const parts = [
        title,
        words.phase(phase),
        share === null ? '' : `${String(Math.floor(share * 100)).padStart(3)} %`,
        steps > 0 ? `${words.say('step')} ${step}/${steps}` : '',
        samplesPerSecond === null ? '' : `${Math.round(samplesPerSecond)} ${words.say('images')}`,
        secondsLeft === null ? '' : leftText(secondsLeft, secondsLeftSpread, words),
        safeStep === null ? '' : `${words.say('safe')} ${safeStep}`,
        progress.liveness === 'alive' ? '' : `(${duration(progress.silentMs / 1000)} …)`,
      ];
      tell(parts.filter((part) => part !== '').join('  '), `${progress.run} ${phase}`);
    },
    job: ({ kind, phase, fraction, secondsLeft, ended }) => {
      if (ended) {
        erase();
        shown = '';
        return;
      }
      const parts = [
        kind,
        words.phase(phase),
        fraction === null ? '' : `${Math.floor(fraction * 100)} %`,
        secondsLeft === null ? '' : leftText(secondsLeft, null, words),
      ];
      tell(parts.filter((part) => part !== '').join('  '), `${kind} ${phase}`);
    },
    end: () => {
      erase();
      shown = '';
    },
  };
}

export function leftText(seconds: number, spread: number | null, words: Words): string {
  const about = spread === null || spread < 1 ? '' : ` ± ${duration(spread)}`;
  return words.language === 'zh'
    ? `${words.say('left')} ${duration(seconds)}${about}`
    : `${duration(seconds)}${about} ${words.say('left')}`;
}
