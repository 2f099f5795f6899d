/** The events of a run in `events.ndjson`, a line each: the truth about the run. */
import { closeSync, fsyncSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { diskFault, writeError } from '../durable/disk-fault.ts';
import { syncFolderNow } from '../durable/files.ts';
import { sealedLine } from '../durable/sealed-line.ts';
import type { TrainerEvent } from '../protocol/events.ts';
import type { Fault } from '../protocol/fault.ts';

/** Events after which a power cut must not lose what was said. */
const durable: ReadonlySet<TrainerEvent['type']> = new Set(['hello', 'checkpoint', 'result', 'stopped']);

const tailBytes = 256 * 1024;

/** Events already in the file when it is opened. */
export interface OpenedEvents {
  readonly events: EventFile;
  /** The last sequence this attempt has used; 0 where it is new. */
  readonly sequence: number;
  /** Bytes of a torn last line that were cut. */
  readonly cut: number;
}

/**
 * Opens the file for appending, cuts a torn last line, and finds the last sequence this attempt has used.
 *
 * @throws FaultError the disk's fault where it refuses
 */
export function openEvents(path: string, attempt: number): OpenedEvents {
  let file: number | null = null;
  try {
    file = openSync(path, 'a+');
    // A new file: without its name a power cut would take the events that were flushed, too.
    if (fstatSync(file).size === 0) syncFolderNow(dirname(path));
    return readTail(path, file, attempt);
  } catch (error) {
    if (file !== null) closeSync(file);
    throw writeError(error, path);
  }
}

function readTail(path: string, file: number, attempt: number): OpenedEvents {
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
  return { events: new EventFile(path, file, kept), sequence, cut: size - kept };
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

/** The file that events are appended to; what a full disk refuses is kept in memory until it has room. */
export class EventFile {
  readonly #path: string;
  readonly #file: number;
  #size: number;
  readonly #backlog: Buffer[] = [];
  /** Why the backlog cannot be written at the moment. */
  trouble: Fault | null = null;

  constructor(path: string, file: number, size: number) {
    this.#path = path;
    this.#file = file;
    this.#size = size;
  }

  append(event: TrainerEvent): void {
    this.#backlog.push(Buffer.from(`${sealedLine(event)}\n`));
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
