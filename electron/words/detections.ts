/** Why masks in a file of detections were not evaluated, for the window and the terminal. */
import type { EvaluatedDetections } from '../../trainer/protocol/results.ts';
import type { Language } from '../api/settings.ts';

type Why = NonNullable<EvaluatedDetections['masksLeftOut']>;

const sentences: Readonly<Record<Language, Readonly<Record<Why, string>>>> = {
  en: {
    rules: 'The masks were not evaluated: PASCAL VOC’s rules measure boxes.',
    annotations: 'The masks were not evaluated: some annotated objects have none.',
    detections: 'The masks were not evaluated: some detections have none.',
  },
  zh: {
    rules: '未评估掩码：PASCAL VOC 的规则只评估边界框。',
    annotations: '未评估掩码：部分已标注目标没有掩码。',
    detections: '未评估掩码：部分检测结果没有掩码。',
  },
};

export const masksLeftOutInWords = (language: Language, why: Why): string => sentences[language][why];
