/** Files and lines that carry their own checksum: no changed bit and no cut is read as something else than was written. */
import { expect, test } from 'vitest';
import { openSealed, sealedJson } from './sealed-json.ts';
import { openLine, sealedLine } from './sealed-line.ts';

const value = { version: 1, title: 'Größe 图', share: 1e-7, list: [1, 2.5, null], inner: { sha256: 'x', crc: 'y' } };

/** What a reader with a strict schema gets: the value, or null. */
function read(open: () => unknown): unknown {
  try {
    return open();
  } catch {
    return null;
  }
}

/** Calls with every text in which one bit differs, and with every beginning of it. */
function* damaged(whole: Buffer): Generator<Buffer> {
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const flipped = Buffer.from(whole);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    yield flipped;
  }
  for (let length = 0; length < whole.length; length++) yield whole.subarray(0, length);
}

test('a sealed file is read as written, an unsealed one as what it is', () => {
  const text = sealedJson(value);
  expect(openSealed(Buffer.from(text))).toEqual({ value, isSealed: true });
  expect(JSON.parse(text)).toMatchObject(value);
  expect(openSealed(Buffer.from(JSON.stringify(value)))).toEqual({ value, isSealed: false });
});

test('a sealed file with a bit flipped or its end cut off is never read as sealed', () => {
  for (const bytes of damaged(Buffer.from(sealedJson(value)))) {
    const found = read(() => openSealed(bytes)) as ReturnType<typeof openSealed> | null;
    // A flip in the name of the checksum leaves a field that no schema knows.
    if (found !== null) expect(found).toMatchObject({ isSealed: false, value: { version: 1 } });
    if (found !== null) expect(Object.keys(found.value as object)).not.toEqual(Object.keys(value));
  }
});

test('a sealed line with a bit flipped or its end cut off never has the same fields', () => {
  expect(JSON.parse(openLine(sealedLine(value))!)).toEqual(value);
  expect(openLine(JSON.stringify(value))).toBe(JSON.stringify(value));
  for (const bytes of damaged(Buffer.from(sealedLine(value)))) {
    const found = read(() => JSON.parse(openLine(bytes.toString('utf8')) ?? 'null')) as object | null;
    if (found !== null) expect(Object.keys(found)).not.toEqual(Object.keys(value));
  }
});
