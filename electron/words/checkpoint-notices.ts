/** What a run says of checkpoints that it did not find as they were saved: in its log, and in the terminal as it happens. */
export const checkpointNotices = {
  en: {
    'log.corrupt-checkpoint': 'The checkpoint at step {step} is damaged; an earlier one is used.',
    'log.checkpoint-gone': 'The checkpoint of step {last} is gone; resumed from step {step}.',
    'log.started-over': 'Started over at step 0: no checkpoint could be read; the last one was of step {last}.',
  },
  zh: {
    'log.corrupt-checkpoint': '第 {step} 步的检查点已损坏，改用更早的检查点。',
    'log.checkpoint-gone': '第 {last} 步的检查点已丢失，从第 {step} 步继续。',
    'log.started-over': '没有可读取的检查点（最后一个为第 {last} 步），已从第 0 步重新开始。',
  },
} as const;
