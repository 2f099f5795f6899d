/** Progress of the work: one line rewritten in place in a terminal, a line now and then where output goes to a file. */
import type { Pushes } from '../api/pushes.ts';
import type { Progress } from '../api/runs.ts';
import { oneLine, printable } from './printable.ts';
import { bytes, duration } from './table.ts';
import { clip, widthOf } from './text-width.ts';
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
  /** Whether whoever read it went away. */
  readonly isGone?: () => boolean;
  /** Resolves once what was written has been taken, or never will be. */
  readonly drained?: () => Promise<void>;
}

/** Where a line is too long its title is shortened, and the last of its figures are left out. */
interface Line {
  readonly title: string;
  /** The most important first. */
  readonly figures: readonly string[];
}

const eraseLine = '\r\u001b[2K';
const eraseRest = '\u001b[K';
const between = '  ';
/** Places a title keeps before figures are left out for it. */
const leastTitle = 20;

export function createProgressLine(output: Output, words: Words, now: () => number): ProgressLine {
  const carrier = output.isTTY === true ? movingLine(output) : sparseLines(output, now);
  /** A check of contents beside a run, told in the line of the run. */
  let beside = '';
  return {
    say: carrier.say,
    progress: (progress, title) => {
      // Before its first word there is nothing to tell but its name.
      if (progress.phase === null) return;
      const figures = [...runFigures(progress, words), beside];
      carrier.tell({ title: oneLine(title), figures }, { work: progress.run, phase: progress.phase });
    },
    job: ({ kind, phase, fraction, secondsLeft, bytesPerSecond, ended }) => {
      if (kind === 'check') {
        beside = ended ? '' : joined([words.job(kind), shareText(fraction).trim()]);
        return;
      }
      if (ended) {
        carrier.end(kind);
        return;
      }
      const parts = [
        phase === 'loading' ? '' : words.phase(phase),
        shareText(fraction),
        bytesPerSecond === undefined ? '' : `${bytes(bytesPerSecond)}/s`,
        secondsLeft === null ? '' : leftText(secondsLeft, null, words),
      ];
      carrier.tell({ title: words.job(kind), figures: parts }, { work: kind, phase: '' });
    },
    end: () => carrier.end(null),
  };
}

interface Carrier {
  readonly say: (text: string) => void;
  readonly tell: (line: Line, stage: { readonly work: string; readonly phase: string }) => void;
  /** @param work what has ended; null: all of it */
  readonly end: (work: string | null) => void;
}

/** One line, written over in place: nothing is erased before its text is there, so that it does not flicker. */
function movingLine(output: Output): Carrier {
  let shown: Line | null = null;
  let drawn = '';
  const draw = (line: Line): void => {
    const text = fitted(line, (output.columns ?? 80) - 1);
    shown = line;
    if (text === drawn) return;
    drawn = text;
    output.write(`\r${text}${eraseRest}`);
  };
  return {
    say: (text) => {
      output.write(`${shown === null ? '' : eraseLine}${printable(text)}\n`);
      drawn = '';
      if (shown !== null) draw(shown);
    },
    tell: draw,
    end: () => {
      if (shown !== null) output.write(eraseLine);
      shown = null;
      drawn = '';
    },
  };
}

const firstPauseMs = 30_000;
/** Watchers of unattended jobs end what has been silent for ten minutes. */
const longestPauseMs = 300_000;

/** A line when some work enters a phase for the first time, then after ever longer pauses. */
function sparseLines(output: Output, now: () => number): Carrier {
  const told = new Set<string>();
  let current = '';
  let lastAt = -Infinity;
  let pauseMs = firstPauseMs;
  return {
    say: (text) => void output.write(`${printable(text)}\n`),
    tell: ({ title, figures }, { work, phase }) => {
      const isOther = work !== current;
      if (isOther) pauseMs = firstPauseMs;
      const isNew = !told.has(`${work} ${phase}`);
      if (!isNew && now() - lastAt < pauseMs) return;
      if (!isNew) pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      told.add(`${work} ${phase}`);
      current = work;
      lastAt = now();
      output.write(`${joined([title, ...figures])}\n`);
    },
    end: (work) => {
      if (work !== null) told.delete(`${work} `);
    },
  };
}

function fitted({ title, figures }: Line, room: number): string {
  const titleRoom = Math.min(leastTitle, widthOf(title));
  const spaceBeside = (kept: readonly string[]): number => room - widthOf(joined(kept)) - between.length;
  let kept = figures.filter((figure) => figure !== '');
  while (kept.length > 0 && spaceBeside(kept) < titleRoom) kept = kept.slice(0, -1);
  return kept.length === 0 ? clip(title, room) : joined([clip(title, spaceBeside(kept)), ...kept]);
}

function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(between);
}

function runFigures(progress: Progress, words: Words): readonly string[] {
  const { phase, step, steps, samplesPerSecond, secondsLeft, secondsLeftSpread, safeStep } = progress;
  const share = progress.fraction ?? (steps === null ? null : step / steps);
  return [
    phase === null ? '' : words.phase(phase),
    progress.liveness === 'alive' ? '' : `${words.say('silent')} ${duration(progress.silentMs / 1000)}`,
    shareText(share),
    steps !== null ? `${words.say('step')} ${step}/${steps}` : '',
    samplesPerSecond === null ? '' : `${Math.round(samplesPerSecond)} ${words.say('pace')}`,
    secondsLeft === null ? '' : leftText(secondsLeft, secondsLeftSpread, words),
    safeStep === null ? '' : words.safeAt(safeStep),
  ];
}

function shareText(share: number | null): string {
  return share === null ? '' : `${String(Math.floor(share * 100)).padStart(3)} %`;
}

export function leftText(seconds: number, spread: number | null, words: Words): string {
  const about = spread === null || spread < 1 ? '' : `${words.say('giveOrTake')}${duration(spread)}`;
  const left = [words.say('left'), duration(seconds)];
  return `${(words.language === 'zh' ? left : left.reverse()).join(' ')}${about}`;
}
