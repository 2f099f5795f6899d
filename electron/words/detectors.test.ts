/** What is told of imported detectors, in both languages. */
import { expect, test } from 'vitest';
import { Convention, ConventionFrom, type DetectorInFile } from '../../trainer/protocol/weights.ts';
import { detectorFacts, detectorUse, otherConvention } from './detectors.ts';
import { chosenEncoderInWords, encoderInWords } from './encoders.ts';

const detector: DetectorInFile = {
  evaluator: 'detection-fpn',
  prefix: 'model.',
  classes: 80,
  options: { pyramidNorm: true, norm: 'batch', channels: 256, boxWidth: 1024 },
  tensors: 50,
};

test('a detector is told with its kind, its classes, its norms and what was moved', () => {
  const [fact] = detectorFacts('en', { detector, noDetector: null });
  expect(fact).toMatchObject({ name: 'Detector' });
  expect(fact!.text).toContain(
    'Mask R-CNN FPN, 80 classes, batch norm in the pyramid, trained batch norm in the encoder; 50 tensors below “model.”',
  );
  const refused = { say: '{1} of the detector is not in the file', with: ['roi_heads.box_head.fc2.bias'] };
  expect(detectorFacts('zh', { detector: null, noDetector: refused })[0]!.text).toBe(
    '文件中没有检测器的 roi_heads.box_head.fc2.bias',
  );
  expect(detectorFacts('en', { detector: null, noDetector: null })).toEqual([]);
});

test('how pictures are seen is told with how it is known, and the other way is offered', () => {
  for (const language of ['en', 'zh'] as const) {
    const all = Convention.options.flatMap((is) => ConventionFrom.options.map((from) => ({ is, from })));
    const told = all.map((convention) => detectorFacts(language, { detector: null, noDetector: null, convention }));
    expect(new Set(told.map(([fact]) => fact!.text)).size).toBe(all.length);
    expect(new Set(Convention.options.map((is) => otherConvention(language, is))).size).toBe(2);
  }
});

test('classes are named in the order of the data, or their counts differ', () => {
  const names = Array.from({ length: 80 }, (_, at) => `c${at}`);
  expect(detectorUse('en', detector, names)).toContain('in the order of the data’s ids: c0, c1, c2,');
  expect(detectorUse('en', detector, ['cat'])).toContain('finds 80 classes, and this data has 1');
  expect(detectorUse('zh', detector, ['cat'])).toContain('有 80 个类别，而该数据有 1 个');
});

test('Caffe’s network is called by its depth', () => {
  const chosen = { id: 'resnet-caffe2', options: { layers: '50', width: 64 } };
  expect(chosenEncoderInWords('en', chosen)).toBe('ResNet-50, stride in the first 1 × 1');
  expect(encoderInWords('zh', 'resnet-caffe2 layers 101, width 32')).toBe(
    'ResNet-101，宽度 32，步幅在第一个 1 × 1 卷积',
  );
});
