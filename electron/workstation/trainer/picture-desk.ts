/**
 * The process that shows the pictures of a data set: it keeps the listing, so that a page of a million images is an
 * answer of milliseconds. One at a time, for the data set asked about last; it ends when it has had no question for a while.
 */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { PictureAnswer, PictureQuestion } from '../../../trainer/protocol/browse.ts';
import type { Job } from '../../../trainer/protocol/commands.ts';
import type { TrainerEvent } from '../../../trainer/protocol/events.ts';
import type { Fault } from '../../../trainer/protocol/fault.ts';
import type { Push } from '../request-types.ts';
import { exitFault } from './trainer-exit.ts';
import { launchTrainer, type TrainerProcess, type TrainerProgram } from './trainer-process.ts';

export type BrowseJob = Extract<Job, { kind: 'browse' }>;
type AnswerOf<K extends PictureAnswer['kind']> = Extract<PictureAnswer, { kind: K }>;

export interface PictureDesk {
  readonly ask: <K extends PictureQuestion['kind']>(
    job: BrowseJob,
    question: Extract<PictureQuestion, { kind: K }>,
  ) => Promise<AnswerOf<K>>;
  /** Ends the process; whoever waits gets 'cancelled'. The next question starts another. */
  readonly cancel: () => void;
  readonly close: () => Promise<void>;
}

interface Waiting {
  readonly resolve: (answer: PictureAnswer) => void;
  readonly reject: (error: FaultError) => void;
}

const idleMs = 120_000;
const errorOf = ({ code, message, values, retry }: Fault): FaultError =>
  new FaultError(code, message, values, { retry });

/** One process and its questions. */
class Desk {
  readonly key: string;
  readonly ended: Promise<void>;
  isOver = false;
  readonly #waiting = new Map<number, Waiting>();
  readonly #report: (isBusy: boolean) => void;
  #fault: Fault | null = null;
  #nextId = 1;
  #trainer: TrainerProcess | null = null;
  readonly #started: Promise<TrainerProcess>;
  #idle: NodeJS.Timeout | null = null;

  constructor(program: TrainerProgram, folder: string, job: BrowseJob, report: (isBusy: boolean) => void) {
    this.key = JSON.stringify(job);
    this.#report = report;
    this.#started = launchTrainer(
      program,
      folder,
      (event) => this.#hear(event),
      (reason) => this.end({ code: 'protocol-mismatch', message: `Not an event: ${reason}.`, values: { reason } }),
    );
    this.ended = this.#live(job);
  }

  ask(question: PictureQuestion): Promise<PictureAnswer> {
    if (this.#idle !== null) clearTimeout(this.#idle);
    const id = this.#nextId++;
    const answer = new Promise<PictureAnswer>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    if (this.#waiting.size === 1) this.#report(true);
    void this.#started.then(
      (trainer) => trainer.send({ type: 'browse', id, question }),
      // Whoever waits is told when the start has failed.
      () => undefined,
    );
    return answer;
  }

  /** It changes nothing on disk, so it need not be asked. */
  end(fault: Fault): void {
    this.isOver = true;
    this.#fault ??= fault;
    this.#trainer?.kill();
  }

  async #live(job: BrowseJob): Promise<void> {
    try {
      const trainer = await this.#started;
      this.#trainer = trainer;
      if (this.isOver) trainer.kill();
      else trainer.send({ type: 'start', job });
      const exit = await trainer.exited;
      this.#refuse(errorOf(this.#fault ?? exitFault(exit) ?? cancelled));
    } catch (error) {
      this.#refuse(error instanceof FaultError ? error : new FaultError('internal', String(error)));
    }
  }

  #hear(event: TrainerEvent): void {
    if (event.type === 'stopped') this.#fault ??= event.fault ?? null;
    if (event.type !== 'result' || event.outcome.kind !== 'browsed') return;
    const { id, answer } = event.outcome;
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (answer.kind === 'fault') waiting?.reject(errorOf(answer.fault));
    else waiting?.resolve(answer);
    if (this.#waiting.size > 0) return;
    this.#report(false);
    this.#idle = setTimeout(() => this.end(cancelled), idleMs).unref();
  }

  #refuse(error: FaultError): void {
    this.isOver = true;
    if (this.#idle !== null) clearTimeout(this.#idle);
    if (this.#waiting.size > 0) this.#report(false);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

const cancelled: Fault = { code: 'cancelled', message: 'The pictures are no longer shown.', values: {} };

export function createPictureDesk(program: TrainerProgram, folder: string, push: Push): PictureDesk {
  let desk: Desk | null = null;
  const report = (isBusy: boolean): void =>
    push('job', { kind: 'browse', phase: 'scanning', fraction: null, secondsLeft: null, ended: !isBusy });

  function deskOf(job: BrowseJob): Desk {
    if (desk !== null && !desk.isOver && desk.key === JSON.stringify(job)) return desk;
    desk?.end(cancelled);
    return (desk = new Desk(program, folder, job, report));
  }
  return {
    ask: async <K extends PictureQuestion['kind']>(job: BrowseJob, question: Extract<PictureQuestion, { kind: K }>) => {
      const answer = await deskOf(job).ask(question);
      if (answer.kind === question.kind) return answer as AnswerOf<K>;
      throw new FaultError('internal', `A question for "${question.kind}" was answered by "${answer.kind}".`);
    },
    cancel: () => desk?.end(cancelled),
    close: async () => {
      desk?.end(cancelled);
      await desk?.ended;
    },
  };
}
