/** Questions about how a folder is read, and their answers, as a person is asked. */
import type { ReadingChoice } from '../../trainer/protocol/dataset.ts';
import type { Language } from '../api/settings.ts';

type About = ReadingChoice['about'];
interface Question {
  readonly question: string;
  /** By the answer's value; `count` as written for a person. */
  readonly answers: Readonly<Record<string, (count: string) => string>>;
}

const en: Readonly<Record<About, Question>> = {
  classes: {
    question: 'Which folders are the classes?',
    answers: {
      'first-level': (count) => `those of the first level (classes: ${count})`,
      deepest: (count) => `the deepest (classes: ${count})`,
      'deepest-names': (count) => `the names of the deepest, wherever they lie (classes: ${count})`,
    },
  },
  order: {
    question: 'Class names are numbers. In which order are they counted?',
    answers: {
      numeric: () => 'as numbers: 2 before 10',
      text: () => 'as text, like torchvision: 10 before 2',
    },
  },
  leftovers: {
    question: 'What systems and tools left behind in the folders',
    answers: {
      'left-out': (count) => `leave out (files and folders: ${count})`,
      'taken-in': () => 'take in like any other file or folder',
    },
  },
  deepGrey: {
    question: 'Grey pictures of more than 8 bits',
    answers: {
      'cut-off': (count) => `make values over 255 white, like Pillow (pictures: ${count})`,
      'full-range': () => 'scale the whole range of their format to 8 bits',
      'own-range': () => 'scale from the darkest to the lightest value of each picture',
    },
  },
};

const zh: Readonly<Record<About, Question>> = {
  classes: {
    question: '以哪一级文件夹作为类别？',
    answers: {
      'first-level': (count) => `第一级文件夹（${count} 个类别）`,
      deepest: (count) => `最深一级文件夹（${count} 个类别）`,
      'deepest-names': (count) => `最深一级文件夹的名称，不论位于何处（${count} 个类别）`,
    },
  },
  order: {
    question: '类别名称是数字，按什么顺序编号？',
    answers: {
      numeric: () => '按数值：2 在 10 之前',
      text: () => '按文本，与 torchvision 相同：10 在 2 之前',
    },
  },
  leftovers: {
    question: '系统和工具遗留在文件夹中的内容',
    answers: {
      'left-out': (count) => `不使用（${count} 个文件和文件夹）`,
      'taken-in': () => '与其他文件和文件夹同样使用',
    },
  },
  deepGrey: {
    question: '超过 8 位的灰度图像',
    answers: {
      'cut-off': (count) => `大于 255 的值变为白色，与 Pillow 相同（${count} 张图像）`,
      'full-range': () => '将格式的整个取值范围缩放到 8 位',
      'own-range': () => '将每张图像自身的最暗值到最亮值缩放到 8 位',
    },
  },
};

const wordsOf: Readonly<Record<Language, Readonly<Record<About, Question>>>> = { en, zh };

export interface ReadingQuestion {
  readonly question: string;
  readonly answers: readonly { readonly value: string; readonly text: string; readonly isNow: boolean }[];
}

/** @param number writes a count in the person's language */
export function questionOf(
  language: Language,
  { about, now, answers }: ReadingChoice,
  number: (count: number) => string,
): ReadingQuestion {
  const words = wordsOf[language][about];
  return {
    question: words.question,
    answers: answers.map(({ value, count }) => ({
      value,
      text: words.answers[value]!(number(count)),
      isNow: value === now,
    })),
  };
}
