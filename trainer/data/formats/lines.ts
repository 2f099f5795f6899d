/** Reads text files of any size line by line: the lists of large data sets have millions of lines. */
import { closeSync, readSync } from 'node:fs';
import { openPlainSync } from '../../durable/plain-file.ts';
import { UnusableImage } from '../unusable-image.ts';
import { said } from '../../protocol/sentence.ts';

const pieceBytes = 1 << 16;

/** Lines without line endings, up to the last that is not empty. A line longer than a piece is rejected. */
export function* linesIn(path: string): Generator<string> {
  const { file } = openPlainSync(path);
  try {
    const piece = Buffer.alloc(pieceBytes);
    /** Bytes at the start of the piece that belong to an incomplete line. */
    let kept = 0;
    for (;;) {
      const filled = kept + readSync(file, piece, kept, pieceBytes - kept, null);
      const isLast = filled === kept;
      let start = 0;
      for (let end = piece.indexOf(10); end >= 0 && end < filled; end = piece.indexOf(10, start)) {
        yield piece.toString('utf8', start, end).replace(/\r$/, '');
        start = end + 1;
      }
      if (isLast) {
        if (start < filled) yield piece.toString('utf8', start, filled);
        return;
      }
      if (start === 0 && filled === pieceBytes)
        throw new UnusableImage(said`it has a line of more than ${pieceBytes} bytes: it is not a list`);
      piece.copyWithin(0, start, filled);
      kept = filled - start;
    }
  } finally {
    closeSync(file);
  }
}
