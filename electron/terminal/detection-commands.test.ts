/** Figures of anyone's detections as a table, in both languages; what is missing is said. */
import { expect, test } from 'vitest';
import type { DatasetRow } from '../api/datasets.ts';
import type { EvaluatedDetections } from '../../trainer/protocol/results.ts';
import { parseCommandLine } from './arguments.ts';
import { detections, evaluateDetections } from './detection-commands.ts';
import type { Session } from './session.ts';
import { wordsIn } from './words.ts';

const evaluated: EvaluatedDetections = {
  rules: 'voc-2007',
  images: 4952,
  imagesWithout: 7,
  detections: 81_234,
  masksLeftOut: 'rules',
  missing: ['cow'],
  classes: ['boat', 'cow'],
  figures: [
    {
      metric: 'ap50',
      value: 61.5,
      byClass: [61.5, null],
      spread: { resamples: 1000, bias: 0.1, bounds: [{ confidence: 0.95, low: 60.25, high: 63 }] },
    },
    { metric: 'ap', value: 30.5, byClass: [30.5, null], spread: null },
  ],
};
const dataset = { name: 'VOC', fingerprint: 'f', state: 'ready', inspection: { splits: [{ split: 'test' }] } };

async function printed(language: 'en' | 'zh', command: string): Promise<{ text: string; asked: unknown[] }> {
  let text = '';
  const asked: unknown[] = [];
  const session = {
    words: wordsIn(language),
    room: 100,
    line: { end: () => undefined },
    print: (line: string) => (text += `${line}\n`),
    handlers: {
      datasets: { answer: () => Promise.resolve([dataset as unknown as DatasetRow]) },
      runs: { answer: () => Promise.resolve([{ id: 'abcd-1' }]) },
    },
    evaluateDetections: (request: unknown) => {
      asked.push(request);
      return Promise.resolve(evaluated);
    },
    writeDetections: (run: string, target: string) => {
      asked.push([run, target]);
      return Promise.resolve({ format: 'coco', path: '/out/found.json' });
    },
  } as unknown as Session;
  const args = parseCommandLine(command.split(' '));
  await (args.command === 'detections' ? detections : evaluateDetections)(session, args);
  return { text, asked };
}

test('the figures are a table with the interval of the one that leads, each class on request', async () => {
  const command = 'evaluate-detections found.json --dataset VOC --rules voc-2007';
  const { text, asked } = await printed('en', command);
  expect(asked).toEqual([{ file: 'found.json', dataset, split: 'test', rules: 'voc-2007' }]);
  expect(text).toContain('81234 detections, 4952 images, counted by the rules: voc-2007');
  expect(text).toContain('counted as without detections: cow');
  expect(text).toContain('Images in which nothing was found: 7\nThe masks were not evaluated: PASCAL VOC');
  expect(text).toMatch(/AP50 +61\.50 % +60\.25 % … 63\.00 %/);
  expect(text).not.toContain('boat');
  const verbose = await printed('zh', `${command} --verbose`);
  expect(verbose.text).toMatch(/boat +61\.50 % +30\.50 %/);
  expect(verbose.text).toContain('没有结果文件的类别');
});

test('a result file of a run is written where it is asked for, and rules are those there are', async () => {
  const { text, asked } = await printed('en', 'detections abcd --out found.json');
  expect(asked).toEqual([['abcd-1', 'found.json']]);
  expect(text).toBe('Detections written: /out/found.json\n');
  await expect(printed('en', 'detections abcd')).rejects.toThrow('needs --out');
  expect(() => parseCommandLine(['evaluate-detections', 'x', '--rules', 'voc'])).toThrow(
    '--rules voc: expected one of',
  );
});
