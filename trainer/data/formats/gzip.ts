/** Reads gzip files from front to end, in bounded memory. */
import { createGunzip } from 'node:zlib';
import { streamPlain } from '../../durable/plain-file.ts';
import { UnusableImage } from '../unusable-image.ts';
import { said, type Sentence } from '../../protocol/sentence.ts';

function gzipReason(error: Error): Sentence | null {
  if (error.message === 'unexpected end of file') return said`the gzip file is truncated`;
  if (error.message === 'incorrect data check') return said`the gzip checksum does not match: the file is damaged`;
  if (error.message === 'incorrect header check') return said`not a gzip file, although its name ends in .gz`;
  return 'code' in error && String(error.code).startsWith('Z_') ? said`damaged gzip data (${error.message})` : null;
}

/**
 * Uncompressed contents in pieces of at most a few hundred kilobytes.
 * @param read called with the compressed bytes read so far
 */
export async function* gunzipped(
  path: string,
  read: (bytes: number) => void = () => undefined,
): AsyncGenerator<Buffer> {
  const file = streamPlain(path);
  const gunzip = createGunzip({ chunkSize: 1 << 18 });
  file.on('error', (error) => gunzip.destroy(error));
  file.pipe(gunzip);
  try {
    for await (const piece of gunzip as AsyncIterable<Buffer>) {
      read(file.bytesRead);
      yield piece;
    }
  } catch (error) {
    const reason = error instanceof Error ? gzipReason(error) : null;
    throw reason === null ? error : new UnusableImage(reason);
  } finally {
    file.destroy();
    gunzip.destroy();
  }
}
