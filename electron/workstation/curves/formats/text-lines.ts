/** Text of other programs' files, in the encodings that spreadsheets write, in pieces. */
import { TextDecoder } from 'node:util';
import { streamPlain } from '../../../../trainer/durable/plain-file.ts';

/** By its first bytes; UTF-8 without any. */
export function encodingOf(head: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  return head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : 'utf-8';
}

/** Pieces of the file's text, without a byte order mark. */
export async function* textOf(path: string): AsyncGenerator<string> {
  let decoder: TextDecoder | null = null;
  for await (const chunk of streamPlain(path) as AsyncIterable<Buffer>) {
    decoder ??= new TextDecoder(encodingOf(chunk));
    yield decoder.decode(chunk, { stream: true });
  }
  if (decoder !== null) yield decoder.decode();
}

/** A line with its number from 1; null: longer than `longest` characters. */
export interface TextLine {
  readonly number: number;
  readonly text: string | null;
}

export async function* linesOf(path: string, longest: number): AsyncGenerator<TextLine> {
  let number = 1;
  let held = '';
  let isLong = false;
  for await (const piece of textOf(path)) {
    const lines = piece.split('\n');
    for (const [at, part] of lines.entries()) {
      if (at > 0) {
        yield { number, text: isLong ? null : held.replace(/\r$/, '') };
        number += 1;
        held = '';
        isLong = false;
      }
      isLong ||= held.length + part.length > longest;
      held = isLong ? '' : held + part;
    }
  }
  if (held !== '' || isLong) yield { number, text: isLong ? null : held };
}
