/**
 * Decodes pictures in processes of their own: one that hangs is killed, one that crashes is replaced, and the picture is
 * at fault. A thread would not do: native code in it cannot be stopped, and takes the whole program with it when it crashes.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { FaultError } from '../../durable/fault-error.ts';
import { crashSignals } from '../../protocol/decoder-crash.ts';
import { said } from '../../protocol/sentence.ts';
import { UnusableImage } from '../unusable-image.ts';
import { usualBounds, type DecodingBounds } from './bounds.ts';
import type { ExaminePicture, PictureFacts } from './picture-facts.ts';
import type { ExaminingReply, ExaminingRequest } from './serve-examining.ts';

// Kept out of the `new URL` expression, which a bundler would treat as an asset.
const here = import.meta.url;
/** The process's bundle, built next to another one of the program. */
export const examinerBeside = (bundle: string | URL): URL => new URL('./examine-pictures.js', bundle);

export interface Examiner {
  readonly examine: ExaminePicture;
  close(): void;
}

export interface ExaminerOptions {
  /** Processes at most; each is started when it is first needed. */
  readonly processes: number;
  readonly bounds?: DecodingBounds | undefined;
  /** The process's program. */
  readonly file?: URL | undefined;
}

/** Processor time of a process in milliseconds; null where the system does not tell or the process has ended. */
function processorMs(pid: number): number | null {
  if (process.platform !== 'linux') return null;
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field, the program's name, is in brackets and may hold spaces. Times are in hundredths of a second.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return null;
    throw error;
  }
}

/** Kills a process that takes longer than the bounds. */
function watch(child: ChildProcess, { lookEveryMs, processorMs: most, longest }: DecodingBounds) {
  let looks = 0;
  let begun: number | null = null;
  let isOver = false;
  const timer = setInterval(() => {
    looks++;
    const spent = processorMs(child.pid!);
    begun ??= spent;
    isOver ||= looks > longest || (spent !== null && begun !== null && spent - begun > most);
    if (isOver) child.kill('SIGKILL');
  }, lookEveryMs);
  return {
    end: () => clearInterval(timer),
    isOver: () => isOver,
    seconds: () => Math.round((looks * lookEveryMs) / 1000),
  };
}

interface Exit {
  readonly kind: 'exit';
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A place for a process, which takes one picture at a time. */
class Seat {
  readonly #file: URL;
  readonly #bounds: DecodingBounds;
  #child: ChildProcess | null = null;
  #hear: (heard: ExaminingReply | Exit) => void = () => undefined;

  constructor(file: URL, bounds: DecodingBounds) {
    this.#file = file;
    this.#bounds = bounds;
  }

  /** What is heard next of the process. */
  #heard(): Promise<ExaminingReply | Exit> {
    return new Promise((resolve) => (this.#hear = resolve));
  }

  /** A process that is ready. */
  async #started(): Promise<ChildProcess> {
    if (this.#child) return this.#child;
    const first = this.#heard();
    const child = fork(fileURLToPath(this.#file), [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child = child;
    const ended = (code: number | null, signal: NodeJS.Signals | null) => {
      if (this.#child === child) this.#child = null;
      this.#hear({ kind: 'exit', code, signal });
    };
    child.on('message', (reply: ExaminingReply) => this.#hear(reply));
    child.on('exit', ended);
    child.on('error', () => ended(null, null));
    if ((await first).kind !== 'ready')
      throw new FaultError('internal', 'The process that decodes pictures did not start.');
    return child;
  }

  async examine(request: ExaminingRequest): Promise<PictureFacts> {
    const child = await this.#started();
    const heard = this.#heard();
    const watched = watch(child, this.#bounds);
    // A process that has ended cannot be sent anything: its exit says why.
    child.send(request, () => undefined);
    const reply = await heard.finally(() => watched.end());
    switch (reply.kind) {
      case 'facts':
        return reply.facts;
      case 'unusable':
        throw new UnusableImage(reply.reason);
      case 'exit':
        throw faultOfExit(reply, watched.isOver() ? watched.seconds() : null);
      default:
        throw new FaultError(
          'internal',
          `A picture could not be examined: ${reply.kind === 'failed' ? reply.message : ''}`,
        );
    }
  }

  close(): void {
    this.#child?.kill('SIGKILL');
    this.#child = null;
  }
}

/** @param seconds after which the process was killed; null if it was not */
function faultOfExit({ code, signal }: Exit, seconds: number | null): Error {
  if (seconds !== null) return new UnusableImage(said`decoding it does not end: it was stopped after ${seconds} s`);
  if (code !== null) return new UnusableImage(said`the decoder crashes on it (exit code ${code})`);
  if (crashSignals.has(signal)) return new UnusableImage(said`the decoder crashes on it (${signal ?? ''})`);
  return new FaultError('internal', `The process that decodes pictures was ended from outside (${signal}).`);
}

export function openExaminer({
  processes,
  bounds = usualBounds,
  file = examinerBeside(here),
}: ExaminerOptions): Examiner {
  if (!existsSync(file)) {
    throw new FaultError('internal', `The program that decodes pictures is missing: ${fileURLToPath(file)}. Build it.`);
  }
  const seats = Array.from({ length: processes }, () => new Seat(file, bounds));
  const free = [...seats];
  const waiting: ((seat: Seat) => void)[] = [];
  return {
    async examine(bytes, deepGrey) {
      const seat = free.pop() ?? (await new Promise<Seat>((resolve) => waiting.push(resolve)));
      try {
        return await seat.examine({ bytes, deepGrey });
      } finally {
        const next = waiting.shift();
        if (next) next(seat);
        else free.push(seat);
      }
    },
    close() {
      for (const seat of seats) seat.close();
    },
  };
}
