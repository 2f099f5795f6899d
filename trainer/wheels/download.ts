/** Downloads that survive what networks do: they go on after an interruption, and take no more than is expected. */
import { open, rm } from 'node:fs/promises';
import type { ReadableStreamReadResult } from 'node:stream/web';
import { setTimeout as after } from 'node:timers/promises';
import { writeError } from '../durable/disk-fault.ts';
import { writeFully } from '../durable/files.ts';
import { sizeOf } from '../durable/wheel-folders.ts';
import { said } from '../protocol/sentence.ts';
import { brokenOff, DownloadFailed, refused } from './faults.ts';
import { fetchHttps } from './fetch-https.ts';

export interface Patience {
  /** Called several times a second; what it throws ends the download. @param bytes that have come since the last call */
  readonly tick: (bytes: number) => Promise<void>;
  /** Between tries that brought nothing; as many as there are. */
  readonly pausesMs: readonly number[];
  /** Longest time without a byte. */
  readonly silentMs: number;
}

const tickMs = 250;

/** Waits for something, and lets commands in meanwhile. @throws what `tick` throws, and 'download-failed' after the time */
async function awaited<T>(work: Promise<T>, host: string, { tick, silentMs }: Patience): Promise<T> {
  const silent = Symbol();
  for (let waitedMs = 0; waitedMs < silentMs; waitedMs += tickMs) {
    const first = await new Promise<T | typeof silent>((resolve, reject) => {
      const timer = setTimeout(() => resolve(silent), tickMs);
      void work.then(resolve, reject).finally(() => clearTimeout(timer));
    });
    if (first !== silent) return first;
    await tick(0);
  }
  throw brokenOff(said`nothing has come from ${host} for ${silentMs / 1000} s`);
}

/** Tries again while it is worth it. @param work tells whether it has brought anything, by `brought` */
async function tried<T>(patience: Patience, work: (brought: () => void) => Promise<T>): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await work(() => (failures = 0));
    } catch (error) {
      const pause = patience.pausesMs[failures];
      if (!(error instanceof DownloadFailed && error.isPassing) || pause === undefined) throw error;
      for (let waitedMs = 0; waitedMs < pause; waitedMs += tickMs) {
        await patience.tick(0);
        await after(Math.min(tickMs, pause - waitedMs));
      }
    }
  }
}

/** The bytes of a response, part by part. @throws 'download-failed' where they stop */
async function* partsOf(response: Response, host: string, patience: Patience): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await awaited<ReadableStreamReadResult<Uint8Array>>(
        reader.read().catch(() => {
          throw brokenOff(said`the connection to ${host} broke off`);
        }),
        host,
        patience,
      );
      if (done) return;
      yield value;
    }
  } finally {
    // A connection that does not answer does not answer this either.
    void reader.cancel().catch(() => undefined);
  }
}

/** Text of at most `most` bytes, with its type. */
export async function downloadText(
  address: URL,
  accept: string,
  most: number,
  patience: Patience,
): Promise<{ readonly text: string; readonly type: string; readonly address: URL }> {
  return tried(patience, async () => {
    const aborting = new AbortController();
    try {
      const response = await awaited(fetchHttps(address, { Accept: accept }, aborting.signal), address.host, patience);
      const parts: Uint8Array[] = [];
      let bytes = 0;
      for await (const part of partsOf(response, address.host, patience)) {
        bytes += part.length;
        if (bytes > most) throw refused(said`${address.host} answers with more than ${most} bytes`);
        parts.push(part);
      }
      const text = Buffer.concat(parts).toString('utf8');
      return { text, type: response.headers.get('content-type') ?? '', address: new URL(response.url) };
    } finally {
      aborting.abort();
    }
  });
}

/** Bytes of an earlier try; a file that is longer than it should be is removed. */
export async function partBytes(path: string, bytes: number): Promise<number> {
  const found = await sizeOf(path);
  if (found <= bytes) return found;
  await rm(path);
  return 0;
}

/** Downloads into a file, after what lies there already, until it has `bytes` bytes. Their contents are for the caller to check. */
export async function downloadFile(address: URL, path: string, bytes: number, patience: Patience): Promise<void> {
  await tried(patience, async (brought) => {
    const from = await sizeOf(path);
    if (from === bytes) return;
    const aborting = new AbortController();
    try {
      const range = from === 0 ? {} : { Range: `bytes=${from}-` };
      const response = await awaited(fetchHttps(address, range, aborting.signal), address.host, patience);
      await appendTo(path, response, { from, bytes, host: address.host, brought }, patience);
    } finally {
      aborting.abort();
    }
    if ((await sizeOf(path)) < bytes) throw brokenOff(said`the connection to ${address.host} broke off`);
  });
}

interface Expected {
  readonly from: number;
  readonly bytes: number;
  readonly host: string;
  readonly brought: () => void;
}

/** A server that knows no ranges sends all of it: then what lies there is written over. */
async function appendTo(
  path: string,
  response: Response,
  { from, bytes, host, brought }: Expected,
  patience: Patience,
): Promise<void> {
  const start = response.status === 206 ? from : 0;
  if (start > 0 && !response.headers.get('content-range')?.startsWith(`bytes ${start}-`))
    throw refused(said`${host} answers with another part than was asked for`);
  const length = Number(response.headers.get('content-length') ?? bytes - start);
  const other = (all: number) => refused(said`${host} sends ${all} bytes, where ${bytes} are expected`);
  if (length !== bytes - start) throw other(start + length);
  const file = await open(path, start === 0 ? 'w' : 'a');
  try {
    if (start < from) await patience.tick(start - from);
    let at = start;
    for await (const part of partsOf(response, host, patience)) {
      if (at + part.length > bytes) throw other(at + part.length);
      await writeFully(file, part).catch((error: unknown) => {
        throw writeError(error, path, bytes - at);
      });
      at += part.length;
      brought();
      await patience.tick(part.length);
    }
  } finally {
    await file.close();
  }
}
