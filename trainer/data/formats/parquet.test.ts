/** The reader of Parquet beside hyparquet, an independent one that trusts its files, on whatever Apache's writer made. */
import { readFileSync } from 'node:fs';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import { expect, test } from 'vitest';
import { ParquetBytes } from './parquet-bytes.ts';
import { unpacked, valueIn } from './parquet-pages.ts';
import { imageColumnOf, openParquet } from './parquet.ts';

const compressors = {
  GZIP: (bytes: Uint8Array) => gunzipSync(bytes),
  BROTLI: (bytes: Uint8Array) => brotliDecompressSync(bytes),
  ZSTD: (bytes: Uint8Array) => zstdDecompressSync(bytes),
};

interface Row {
  readonly label: number | bigint | null;
  readonly image?: { readonly bytes: Uint8Array; readonly path: string };
  readonly jpg?: Uint8Array | null;
}

test.each(['bare', 'snappy', 'dictionary', 'fallen-back', 'zstd', 'gzip', 'brotli', 'deltas'])(
  'every value of %s is that of another reader',
  async (name) => {
    const path = new URL(`../golden/${name}.parquet`, import.meta.url).pathname;
    const bytes = Uint8Array.from(readFileSync(path));
    const rows = (await parquetReadObjects({ file: bytes.buffer, utf8: false, compressors })) as unknown as Row[];
    const [file, stored] = [openParquet(path), new ParquetBytes(path)];
    const column = imageColumnOf(file.leaves)!;
    expect(file.values('label')).toEqual(rows.map(({ label }) => (label === null ? null : Number(label))));
    if (file.leaves.has('image.path')) expect(file.values('image.path')).toEqual(rows.map(({ image }) => image!.path));
    const pictures = [...file.places(column)].map(({ offset, pageBytes, row }) => {
      const page = unpacked(stored.read(offset, pageBytes), file.leaves.get(column)!);
      return page.placeOf(row) < 0 ? null : Buffer.from(valueIn(page, row)).toString('hex');
    });
    const expected = rows.map(({ image, jpg }) => image?.bytes ?? jpg ?? null);
    expect(pictures).toEqual(expected.map((picture) => picture && Buffer.from(picture).toString('hex')));
    file.close();
    stored.close();
  },
);
