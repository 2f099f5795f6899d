/** Replays events.ndjson into rows: streamed, in bounded memory, from the end of the last replay. */
import { createReadStream } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import * as v from 'valibot';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { openLine } from '../../../trainer/durable/sealed-line.ts';
import { TrainerEvent } from '../../../trainer/protocol/events.ts';
import type { Store } from '../store/store.ts';

export interface ReplayNote {
  /** Line of the file, from 1. */
  readonly line: number;
  readonly text: string;
}

export interface Replay {
  /** Lines that are not events of the run. */
  readonly notes: readonly ReplayNote[];
  /** The last line, if the trainer died while writing it: no damage, and left out. */
  readonly torn: ReplayNote | null;
  readonly events: number;
  /** Bytes of complete lines from the file's start. */
  readonly bytes: number;
}

/** The longest line the trainer writes is a result with its protocol: a few kilobytes. */
const longestLine = 4 << 20;
const batchSize = 1000;
/** Limits the notes for a file full of invalid lines. */
const mostNotes = 100;
const newline = 0x0a;

interface Line {
  /** Offset in the file. */
  readonly offset: number;
  /** Null if longer than any event. */
  readonly text: string | null;
}

/**
 * Applies every event of the file from byte `from` on. An incomplete last line is truncated: the trainer died while
 * writing it. A line that is not an event of this run is skipped and reported. Only for a run whose trainer is gone.
 */
export async function replayEvents(store: Store, run: string, path: string, from: number): Promise<Replay> {
  const found = await lstat(path).catch(() => null);
  if (found === null) return { notes: [], torn: null, events: 0, bytes: 0 };
  if (!found.isFile()) throw new FaultError('unreadable-file', `${path} is not an ordinary file.`, { path });
  // A file shorter than what was replayed has replaced the old one.
  const start = from <= found.size ? from : 0;
  const bad: { readonly offset: number; readonly text: string }[] = [];
  const note = (offset: number, text: string): void => {
    if (bad.length < mostNotes) bad.push({ offset, text });
  };
  let events = 0;
  let batch: { readonly line: Line; readonly event: TrainerEvent }[] = [];
  const apply = async (): Promise<void> => {
    const items = batch;
    batch = [];
    try {
      await store.apply(items.map((item) => item.event));
      events += items.length;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      for (const { line, event } of items) {
        try {
          await store.apply([event]);
          events += 1;
        } catch (reason) {
          if (!isRefusal(reason)) throw reason;
          note(line.offset, `cannot be stored: ${reason.message}`);
        }
      }
    }
  };

  let end = start;
  for await (const line of wholeLines(path, start, (offset) => (end = offset))) {
    const parsed = parseEvent(line.text, run);
    if (typeof parsed === 'string') note(line.offset, parsed);
    else batch.push({ line, event: parsed });
    if (batch.length >= batchSize) await apply();
  }
  if (batch.length > 0) await apply();
  let torn: ReplayNote | null = null;
  if (end < found.size) {
    await cut(path, end);
    const text = `was cut short by the trainer's death after ${found.size - end} bytes and is left out`;
    torn = { line: await lineAt(path, end), text };
  }
  await store.markReplayed(run, end);
  const notes: ReplayNote[] = [];
  for (const { offset, text } of bad.toSorted((left, right) => left.offset - right.offset))
    notes.push({ line: await lineAt(path, offset), text });
  return { notes, torn, events, bytes: end };
}

/** An event of the run, or the problem with the line. */
function parseEvent(text: string | null, run: string): TrainerEvent | string {
  const event = eventIn(text);
  if (typeof event === 'string' || event.run === run) return event;
  return `belongs to run "${event.run}"`;
}

/** The event of a line, of any run, or the problem with the line. */
export function eventIn(text: string | null): TrainerEvent | string {
  if (text === null) return `is longer than ${longestLine} bytes`;
  const json = openLine(text);
  if (json === null) return 'differs from its own checksum';
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return `is not JSON (${JSON.stringify(text.slice(0, 40))})`;
  }
  const parsed = v.safeParse(TrainerEvent, value);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    return `is not an event: ${v.getDotPath(issue) ?? 'the line'}: ${issue.message}`;
  }
  return parsed.output;
}

/** A row rejected by the database (a step of 1.5) is an error in the line; a dead database is not. */
function isRefusal(error: unknown): error is FaultError {
  return error instanceof FaultError && error.fault.code === 'internal';
}

/** Lines of events.ndjson. @param ended called with the offset after every complete line */
export async function* wholeLines(path: string, start: number, ended: (offset: number) => void): AsyncGenerator<Line> {
  let pieces: Buffer[] = [];
  let length = 0;
  let offset = start;
  for await (const chunk of createReadStream(path, { start }) as AsyncIterable<Buffer>) {
    let at = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, at)) {
      const piece = chunk.subarray(at, end);
      length += piece.length;
      if (length <= longestLine) pieces.push(piece);
      const text = length <= longestLine ? Buffer.concat(pieces).toString('utf8') : null;
      at = end + 1;
      ended(offset + length + 1);
      if (text === null || text.trim() !== '') yield { offset, text };
      offset += length + 1;
      [pieces, length] = [[], 0];
    }
    const rest = chunk.subarray(at);
    length += rest.length;
    // Only the length of an overlong line is kept.
    if (length <= longestLine) pieces.push(rest);
    else pieces = [];
  }
}

async function cut(path: string, length: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.truncate(length);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Counted only when a line must be reported. */
async function lineAt(path: string, offset: number): Promise<number> {
  if (offset === 0) return 1;
  let line = 1;
  for await (const chunk of createReadStream(path, { end: offset - 1 }) as AsyncIterable<Buffer>)
    for (const byte of chunk) if (byte === newline) line += 1;
  return line;
}
