/**
 * The trainer's mouth and ears. Events go into `events.ndjson` of the run, which is the truth, and down the pipe to the
 * parent, which may be slow, asleep or gone: one message is in flight at a time, metric points gather meanwhile, and
 * only a beat may be dropped for a newer one. Commands come in whenever they come and are taken at step boundaries.
 */
import { closeSync, fsyncSync, fstatSync, ftruncateSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { diskFault } from '../durable/fault-of.ts';
import type { Command } from '../protocol/commands.ts';
import { TrainerEvent } from '../protocol/events.ts';
import type { Fault } from '../protocol/fault.ts';
import { sha256 } from '../durable/files.ts';

type Head = 'run' | 'attempt' | 'sequence' | 'at';
type Headless<T> = T extends unknown ? Omit<T, Head> : never;
/** An event without its head, which the port fills in. */
export type Message = Headless<v.InferInput<typeof TrainerEvent>>;
export type MessageOf<T extends Message['type']> = Extract<Message, { type: T }>;

/** What the parent asks, or the news that there is no parent any more. */
export type Ask = Command | { readonly type: 'disconnect' };

/** The way to the parent. `done` is called once the pipe has taken the message. */
export interface Channel {
  send(event: TrainerEvent, done: (error: Error | null) => void): void;
}

export interface RunPlace {
  readonly run: string;
  readonly attempt: number;
  readonly folder: string;
}

export interface Port {
  /** There is no parent, and nobody to ask. */
  readonly alone: boolean;
  /** From here on events belong to this run and are kept in its folder. */
  attach(place: RunPlace): void;
  send(message: Message): void;
  log(
    level: 'info' | 'attention' | 'error',
    code: string,
    text: string,
    values?: Record<string, string | number>,
  ): void;
  /** The oldest command not yet taken. */
  take(): Ask | null;
  /** Resolves when there is something to take, or after the time. */
  wait(milliseconds: number): Promise<void>;
  hear(ask: Ask): void;
  /** The step last heard of and the newest safe one: what a failure can still say. */
  position(): { readonly step: number; readonly safeStep: number | null };
  /** Why events cannot be written at the moment; they are kept in memory meanwhile. */
  trouble(): Fault | null;
  /** Tries again to write what could not be written. */
  retry(): Fault | null;
  /** Resolves when the pipe has taken everything. */
  close(): Promise<void>;
}

/** Events after which a power cut must not lose what was said. */
const durable: ReadonlySet<TrainerEvent['type']> = new Set(['hello', 'checkpoint', 'result', 'stopped']);

const tailBytes = 256 * 1024;

/** Opens the file for appending, cuts a torn last line, and finds the last sequence this attempt has used. */
function openEvents(path: string, attempt: number): { file: number; size: number; sequence: number; cut: number } {
  const file = openSync(path, 'a+');
  const size = fstatSync(file).size;
  const tail = Buffer.alloc(Math.min(size, tailBytes));
  readSync(file, tail, 0, tail.length, size - tail.length);
  const kept = size - tail.length + tail.lastIndexOf(0x0a) + 1;
  if (kept < size) ftruncateSync(file, kept);
  let sequence = 0;
  for (const line of tail.toString('utf8').split('\n')) {
    const parsed = parseHead(line);
    if (parsed?.attempt === attempt) sequence = Math.max(sequence, parsed.sequence);
  }
  return { file, size: kept, sequence, cut: size - kept };
}

const EventHead = v.object({ attempt: v.number(), sequence: v.number() });
/** Null for the first line of the tail, which may be half of one. */
function parseHead(line: string): v.InferOutput<typeof EventHead> | null {
  if (!line.endsWith('}')) return null;
  try {
    return v.parse(EventHead, JSON.parse(line));
  } catch {
    return null;
  }
}

class EventFile {
  readonly #path: string;
  readonly #file: number;
  #size: number;
  readonly #backlog: Buffer[] = [];
  trouble: Fault | null = null;

  constructor(path: string, file: number, size: number) {
    this.#path = path;
    this.#file = file;
    this.#size = size;
  }

  append(event: TrainerEvent): void {
    this.#backlog.push(Buffer.from(`${JSON.stringify(event)}\n`));
    this.flush(durable.has(event.type));
  }

  /** One write an event. What a full disk took of a line is cut again before the next try. */
  flush(sync: boolean): void {
    try {
      for (let line = this.#backlog[0]; line; line = this.#backlog[0]) {
        if (this.trouble) ftruncateSync(this.#file, this.#size);
        for (let at = 0; at < line.length;) at += writeSync(this.#file, line, at);
        this.#size += line.length;
        this.trouble = null;
        this.#backlog.shift();
      }
      if (sync) fsyncSync(this.#file);
      this.trouble = null;
    } catch (error) {
      this.trouble = diskFault(error, this.#path);
      if (this.trouble === null) throw error;
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}

export interface PortOptions {
  /** Absent where the trainer runs without a parent: then it acknowledges its own checkpoints. */
  readonly channel: Channel | null;
  readonly now: () => number;
}

export function openPort({ channel, now }: PortOptions): Port {
  const asks: Ask[] = [];
  const queue: TrainerEvent[] = [];
  const wakers = new Set<() => void>();
  let place: RunPlace = { run: '', attempt: 0, folder: '' };
  let events: EventFile | null = null;
  let sequence = 0;
  let inFlight = false;
  let gone = channel === null;
  let drained: (() => void) | null = null;
  let position: { readonly step: number; readonly safeStep: number | null } = { step: 0, safeStep: null };

  function wake(): void {
    for (const waker of [...wakers]) waker();
  }

  function hear(ask: Ask): void {
    if (ask.type === 'disconnect') {
      gone = true;
      queue.length = 0;
      drained?.();
    }
    asks.push(ask);
    wake();
  }

  function pump(): void {
    if (gone) {
      queue.length = 0;
      drained?.();
      return;
    }
    if (inFlight) return;
    const next = queue.shift();
    if (!next) {
      drained?.();
      return;
    }
    inFlight = true;
    channel?.send(next, (error) => {
      inFlight = false;
      // The parent is gone: 'disconnect' follows and saves; the file has every event.
      if (error) gone = true;
      pump();
    });
  }

  function enqueue(event: TrainerEvent): void {
    const last = queue.at(-1);
    if (event.type === 'metrics' && last?.type === 'metrics') {
      queue[queue.length - 1] = { ...event, points: [...last.points, ...event.points] };
    } else {
      if (event.type === 'beat') {
        const older = queue.findIndex((queued) => queued.type === 'beat');
        if (older !== -1) queue.splice(older, 1);
      }
      queue.push(event);
    }
    pump();
  }

  /** Reads the manifest back, as a parent would before it commits the row. */
  function acknowledge(event: Extract<TrainerEvent, { type: 'checkpoint' }>): void {
    const found = sha256(readFileSync(join(place.folder, event.folder, 'manifest.json')));
    if (found === event.manifestSha256) asks.push({ type: 'recorded', step: event.step });
    else log('error', 'corrupt-checkpoint', `The checkpoint of step ${event.step} does not read back as written.`);
  }

  function send(message: Message): void {
    const head = { run: place.run, attempt: place.attempt, sequence: ++sequence, at: now() };
    const event = v.parse(TrainerEvent, { ...head, ...message });
    if (event.type === 'beat') position = { step: event.step, safeStep: event.safeStep };
    if (event.type === 'checkpoint') position = { step: event.step, safeStep: event.step };
    if (event.type === 'hello')
      position = { step: event.fromStep, safeStep: event.fromStep > 0 ? event.fromStep : null };
    if (event.type !== 'beat') events?.append(event);
    enqueue(event);
    if (channel === null && event.type === 'checkpoint') acknowledge(event);
  }

  function log(
    level: 'info' | 'attention' | 'error',
    code: string,
    text: string,
    values: Record<string, string | number> = {},
  ): void {
    const { step, ...others } = values;
    send({ type: 'log', level, code, text, values: others, ...(typeof step === 'number' ? { step } : {}) });
  }

  return {
    alone: channel === null,
    attach(next) {
      place = next;
      const opened = openEvents(join(next.folder, 'events.ndjson'), next.attempt);
      sequence = opened.sequence;
      events = new EventFile(join(next.folder, 'events.ndjson'), opened.file, opened.size);
      if (opened.cut > 0) {
        log(
          'attention',
          'torn-event',
          `The last line of events.ndjson was torn and has been cut (${opened.cut} bytes).`,
          {
            bytes: opened.cut,
          },
        );
      }
    },
    send,
    log,
    hear,
    take: () => asks.shift() ?? null,
    async wait(milliseconds) {
      if (asks.length > 0) return;
      await new Promise<void>((resolve) => {
        const finish = (): void => {
          clearTimeout(timer);
          wakers.delete(finish);
          resolve();
        };
        const timer = setTimeout(finish, milliseconds);
        wakers.add(finish);
      });
    },
    position: () => position,
    trouble: () => events?.trouble ?? null,
    retry() {
      events?.flush(true);
      return events?.trouble ?? null;
    },
    async close() {
      if (!gone && (inFlight || queue.length > 0)) {
        await new Promise<void>((resolve) => {
          drained = resolve;
        });
      }
      events?.close();
      events = null;
    },
  };
}
