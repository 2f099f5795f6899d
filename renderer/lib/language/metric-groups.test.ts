import { expect, test } from 'vitest';
import { groupsOf } from './metric-groups.ts';

test('a picture is in percent where all its figures are, whatever they are called', () => {
  const groups = groupsOf([
    { name: 'loss', unit: 'number' },
    { name: 'probe/top1', unit: 'share' },
    { name: 'probe/recall', unit: 'percent' },
    { name: 'accuracy', unit: 'number' },
  ]);
  expect(groups.map(({ names, percent }) => [names, percent])).toEqual([
    [['loss'], false],
    [['probe/top1', 'probe/recall'], true],
    [['accuracy'], false],
  ]);
});
