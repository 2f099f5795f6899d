/** Names of programs and libraries whose versions a record holds. */
import type { Language } from '../api/settings.ts';

const names: Readonly<Record<string, string>> = {
  tensorflow: 'TensorFlow',
  tfjs: 'TensorFlow.js',
  node: 'Node.js',
  electron: 'Electron',
  chrome: 'Chromium',
  reprise: 'Reprise',
  cuda: 'CUDA',
  cudnn: 'cuDNN',
  gpu: 'GPU',
};

const worded: Readonly<Record<string, Readonly<Record<Language, string>>>> = {
  /** The program counts the changes of its own that change last bits. */
  arithmetic: { en: 'Version of the arithmetic', zh: '运算方式的版本' },
  driver: { en: 'NVIDIA driver', zh: 'NVIDIA 驱动' },
};

/** `tfjs` → "TensorFlow.js"; one that nobody has worded keeps its name. */
export const programInWords = (language: Language, name: string): string =>
  worded[name]?.[language] ?? names[name] ?? name;
