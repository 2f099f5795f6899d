/** Words of the terminal, in two languages, for what is waited for. */
import process from 'node:process';

/** How work goes on that waits, by itself and by hand. */
export const goesOn = {
  en: {
    data: 'Put it back or connect its disk. The run looks every few seconds and goes on by itself from where it is.',
    disk: 'The run looks every few seconds and goes on by itself from where it is, once the disk can be written.',
    records: 'The records are kept in memory and written by themselves, once the disk can be written.',
    again: 'The records are written again.',
    byHand: `Enter (or kill -CONT ${process.pid}) tries at once, Ctrl+C stops.`,
  },
  zh: {
    data: '请将数据放回原处，或重新连接所在磁盘。实验每隔几秒检查一次，数据恢复后自动从当前位置继续。',
    disk: '实验每隔几秒检查一次，磁盘可以写入后自动从当前位置继续。',
    records: '记录暂存于内存，磁盘可以写入后自动写入。',
    again: '记录已恢复写入。',
    byHand: `按 Enter（或执行 kill -CONT ${process.pid}）可立即重试，按 Ctrl+C 可停止。`,
  },
} as const;

/** A trainer that has outlived its session. */
export const trainerLeft = {
  en: {
    waiting: (pid: number) =>
      `the trainer of an earlier session (process ${pid}) is still there. It is waited for while it saves, and ended if it does nothing.`,
    ended: (pid: number) => `the trainer of an earlier session (process ${pid}) was hung and has been ended.`,
    foreign: (pid: number) =>
      `process ${pid} may be the trainer of an earlier session, which is not certain enough to end it. End it if it is (kill ${pid}); until then no run can start.`,
  },
  zh: {
    waiting: (pid: number) => `上次会话的训练进程（${pid}）仍在运行。将等待其保存；若无任何活动，则将其结束。`,
    ended: (pid: number) => `上次会话的训练进程（${pid}）已挂起，现已将其结束。`,
    foreign: (pid: number) =>
      `进程 ${pid} 可能是上次会话的训练进程，但无法确认，因此未将其结束。若确实如此，请将其结束（kill ${pid}）；在此之前无法开始任何实验。`,
  },
} as const;
