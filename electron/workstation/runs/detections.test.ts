/** What a run kept of its detections is read back, page by page, and a file that was changed by hand is named. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { detectionFiles, type ErrorKind, type KeptError } from '../../../trainer/protocol/detections.ts';
import type { Store } from '../store/store.ts';
import { createDetectionReading, type DetectionReading } from './detections.ts';

let folder = '';
let reading: DetectionReading;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'detections-'));
  mkdirSync(join(folder, 'results'));
  reading = createDetectionReading({ run: () => Promise.resolve({ folder }) } as unknown as Store);
});
afterEach(() => rmSync(folder, { recursive: true }));

const error = (kind: ErrorKind, label: number, score: number): KeptError => ({
  kind,
  file: `${score}.jpg`,
  width: 9,
  height: 9,
  detection: kind === 'missed' ? null : { class: label, score, box: [1, 2, 3, 4] },
  object: kind === 'background' ? null : { class: label, box: [1, 2, 4, 5] },
  overlap: 0.25,
});
const write = (file: string, text: string): void => writeFileSync(join(folder, file), text);

test('a run without them has no classes and no errors', async () => {
  expect(await reading.summary('one')).toBeNull();
  expect(await reading.errors('one', { kind: 'missed', class: null }, 0, 5)).toEqual({ total: 0, errors: [] });
});

test('errors come by kind and class, from a place on, and anew once the file is another', async () => {
  const errors = [
    error('background', 0, 0.9),
    error('background', 1, 0.8),
    error('missed', 1, 0),
    error('background', 1, 0.7),
  ];
  write(detectionFiles.errors, errors.map((one) => `${JSON.stringify(one)}\n`).join(''));
  const ofKind = (kind: ErrorKind, label: number | null, from = 0, count = 9) =>
    reading.errors('one', { kind, class: label }, from, count);
  expect(await ofKind('background', null, 1, 1)).toEqual({ total: 3, errors: [errors[1]] });
  expect(await ofKind('background', 1)).toEqual({ total: 2, errors: [errors[1], errors[3]] });
  expect(await ofKind('missed', 1)).toEqual({ total: 1, errors: [errors[2]] });
  write(detectionFiles.errors, `${JSON.stringify(errors[0])}\n`);
  expect((await ofKind('background', null)).total).toBe(1);
});

test('a file that is not theirs is named', async () => {
  write(detectionFiles.errors, 'no JSON\n');
  await expect(reading.errors('one', { kind: 'class', class: null }, 0, 1)).rejects.toThrow(
    'errors.ndjson cannot be read',
  );
  write(detectionFiles.summary, '{"images":"many"}');
  await expect(reading.summary('one')).rejects.toThrow('detections-summary.json cannot be read');
});
