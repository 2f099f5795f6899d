import * as v from 'valibot';
import { expect, test } from 'vitest';
import { Reject, RejectKind } from '../protocol/dataset.ts';
import { quoted, said } from '../protocol/sentence.ts';
import { startRejects } from './rejects.ts';
import { spelledOut } from './testing/spelled-out.ts';

const kindsOf = (reasons: readonly Parameters<ReturnType<typeof startRejects>['add']>[1][]) => {
  const rejects = startRejects();
  for (const [at, reason] of reasons.entries()) rejects.add(`${at}.jpg`, reason);
  return spelledOut(rejects.kinds()).map(({ reason, count, examples }) => [count, reason, examples.length]);
};

test('reasons are of one kind if they differ in numbers and quotations alone; what they share is shown', () => {
  const unlike = (start: string) => said`a text file, not a picture: it begins with "${quoted(start)}"`;
  expect(
    kindsOf([
      ...[12, 700, 12, 9].map((at) => said`a JPEG file with a missing marker at byte ${at}`),
      ...['hello', 'good bye'].map(unlike),
      ...[1, 2].map((size) => said`its header states a size of ${size} x ${0} pixels`),
      said`its pair ${quoted('1.png')}: ${said`the file is empty (0 bytes)`}`,
      said`a damaged or truncated ${'JPEG'} file that cannot be decoded`,
      said`a damaged or truncated ${'PNG'} file that cannot be decoded`,
    ]),
  ).toEqual([
    [4, 'a JPEG file with a missing marker at byte …', 3],
    [2, 'a text file, not a picture: it begins with "…"', 2],
    [2, 'its header states a size of … x 0 pixels', 2],
    [1, 'its pair 1.png: the file is empty (0 bytes)', 1],
    [1, 'a damaged or truncated JPEG file that cannot be decoded', 1],
    [1, 'a damaged or truncated PNG file that cannot be decoded', 1],
  ]);
});

test('beyond ten kinds the rest is counted as one, and ever new reasons take no memory', () => {
  const several = Array.from({ length: 12 }, (_, at) => said`not listed in ${String(at)}`);
  expect(kindsOf([...several, ...several.slice(0, 4)]).at(-1)).toEqual([3, '3 other reasons', 3]);
  const many = Array.from({ length: 3000 }, (_, at) => said`not listed in ${String(at)}`);
  expect(kindsOf(many)[0]).toEqual([2000, 'other reasons', 3]);
});

test('a record holds sentences, and that of an older version texts', () => {
  const reason = said`its pair ${quoted('1.png')}: ${said`no column of images among ${['a', said`more`]}`}`;
  for (const each of [reason, 'a broken link'])
    expect(v.parse(Reject, JSON.parse(JSON.stringify({ file: '1.jpg', reason: each })))).toEqual({
      file: '1.jpg',
      reason: each,
    });
  for (const each of [{ say: 'a' }, { say: 'a', with: [null] }, { say: 'a', with: [{ say: 1, with: [] }] }, 3])
    expect(v.is(RejectKind, { reason: each, count: 1, examples: [] })).toBe(false);
});
