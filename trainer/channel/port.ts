/**
 * The trainer's mouth and ears. Events go into `events.ndjson` of the run, which is the truth, and down the pipe to the
 * parent, which may be slow, asleep or gone: one message is in flight at a time, metric points gather meanwhile, and
 * only a beat may be dropped for a newer one. Commands come in whenever they come and are taken at step boundaries.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { sha256 } from '../durable/files.ts';
import { TrainerEvent } from '../protocol/events.ts';
import type { Fault } from '../protocol/fault.ts';
import { AskQueue, type Ask } from './ask-queue.ts';
import { openEvents, type EventFile } from './event-file.ts';
import { EventQueue, type Channel } from './event-queue.ts';

type Head = 'run' | 'attempt' | 'sequence' | 'at';
type Headless<T> = T extends unknown ? Omit<T, Head> : never;
/** An event without its head, which the port fills in. */
export type Message = Headless<v.InferInput<typeof TrainerEvent>>;
export type MessageOf<T extends Message['type']> = Extract<Message, { type: T }>;

type LogLevel = MessageOf<'log'>['level'];

export interface RunPlace {
  readonly run: string;
  readonly attempt: number;
  readonly folder: string;
}

export interface Port {
  /** There is no parent, and nobody to ask. */
  readonly alone: boolean;
  /** From here on events belong to this run and are kept in its folder. @throws FaultError the disk's fault; may be tried again */
  attach(place: RunPlace): void;
  send(message: Message): void;
  log(level: LogLevel, code: string, text: string, values?: Record<string, string | number>): void;
  /** The oldest command not yet taken. */
  take(): Ask | null;
  /** Resolves when there is something to take, or after the time. */
  wait(milliseconds: number): Promise<void>;
  hear(ask: Ask): void;
  /** The step last heard of and the newest safe one: what a failure can still say. */
  position(): { readonly step: number; readonly safeStep: number | null };
  /** The phase last announced that is no pause; null before the first. */
  phase(): MessageOf<'phase'> | null;
  /** Why events cannot be written at the moment; they are kept in memory meanwhile. */
  trouble(): Fault | null;
  /** Tries again to write what could not be written. */
  retry(): Fault | null;
  /** Resolves when the pipe has taken everything. */
  close(): Promise<void>;
}

export interface PortOptions {
  /** Absent where the trainer runs without a parent: then it acknowledges its own checkpoints. */
  readonly channel: Channel | null;
  readonly now: () => number;
}

type Position = ReturnType<Port['position']>;

/** What an event says of the position; null where it says nothing. */
function positionIn(event: TrainerEvent): Position | null {
  if (event.type === 'beat') return { step: event.step, safeStep: event.safeStep };
  if (event.type === 'checkpoint') return { step: event.step, safeStep: event.step };
  if (event.type === 'hello') return { step: event.fromStep, safeStep: event.fromStep > 0 ? event.fromStep : null };
  return null;
}

/** Opens the way to the parent; `attach` then binds it to a run's folder. */
export function openPort({ channel, now }: PortOptions): Port {
  const asks = new AskQueue();
  const queue = new EventQueue(channel);
  let place: RunPlace = { run: '', attempt: 0, folder: '' };
  let events: EventFile | null = null;
  let sequence = 0;
  let position: Position = { step: 0, safeStep: null };
  let phase: MessageOf<'phase'> | null = null;

  /** Reads the manifest back, as a parent would before it commits the row. */
  function acknowledge(event: Extract<TrainerEvent, { type: 'checkpoint' }>): void {
    const found = sha256(readFileSync(join(place.folder, event.folder, 'manifest.json')));
    if (found === event.manifestSha256) asks.add({ type: 'recorded', step: event.step });
    else log('error', 'corrupt-checkpoint', `The checkpoint of step ${event.step} does not read back as written.`);
  }

  function send(message: Message): void {
    const head = { run: place.run, attempt: place.attempt, sequence: ++sequence, at: now() };
    const event = v.parse(TrainerEvent, { ...head, ...message });
    position = positionIn(event) ?? position;
    if (message.type === 'phase' && message.phase !== 'paused') phase = message;
    if (event.type !== 'beat') events?.append(event);
    queue.add(event);
    if (channel === null && event.type === 'checkpoint') acknowledge(event);
  }

  function log(level: LogLevel, code: string, text: string, values: Record<string, string | number> = {}): void {
    const { step, ...others } = values;
    send({ type: 'log', level, code, text, values: others, ...(typeof step === 'number' ? { step } : {}) });
  }

  function attach(next: RunPlace): void {
    place = next;
    const opened = openEvents(join(next.folder, 'events.ndjson'), next.attempt);
    // What was sent while the file could not be opened has numbers of its own.
    sequence = Math.max(sequence, opened.sequence);
    events = opened.events;
    const { cut } = opened;
    if (cut === 0) return;
    const text = `The last line of events.ndjson was torn and has been cut (${cut} bytes).`;
    log('attention', 'torn-event', text, { bytes: cut });
  }

  return {
    alone: channel === null,
    attach,
    send,
    log,
    hear(ask) {
      if (ask.type === 'disconnect') queue.disconnect();
      asks.add(ask);
    },
    take: () => asks.take(),
    wait: (milliseconds) => asks.wait(milliseconds),
    position: () => position,
    phase: () => phase,
    trouble: () => events?.trouble ?? null,
    retry() {
      events?.flush(true);
      return events?.trouble ?? null;
    },
    async close() {
      await queue.drain();
      events?.close();
      events = null;
    },
  };
}
