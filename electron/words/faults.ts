/** What happened, in a sentence for each code of a fault: in the window, and before the English message in a Chinese terminal. */
import type { Fault, FaultCode } from '../../trainer/protocol/fault.ts';

type Sentences = Readonly<Record<`fault.${FaultCode}`, string>>;

const en = {
  'fault.bad-argument': 'The request is not valid.',
  'fault.unknown-id': 'The requested item does not exist.',
  'fault.not-found': 'A file or folder was not found.',
  'fault.busy': 'It is in use by another task.',
  'fault.locked': 'Another program is using this workspace.',
  'fault.newer-version': 'This was created by a newer version of the program.',
  'fault.disk-full': 'The disk is full.',
  'fault.read-failed': 'A file could not be read.',
  'fault.write-failed': 'A file could not be written.',
  'fault.wrong-folder': 'This folder is not what was expected.',
  'fault.not-a-folder': '“{file}” is a file, and no part of a data set that is recognised.',
  'fault.not-weights': '“{file}” is a file, but not one of weights.',
  'fault.empty-dataset': 'The data set contains no images.',
  'fault.no-test-split': 'The data set has no test images separate from its training images.',
  'fault.unreadable-file': 'This file cannot be read.',
  'fault.damaged-files': 'Files of this workspace are damaged.',
  'fault.weights-unlike': 'The weights do not fit the statistics stored with them.',
  'fault.weights-no-better': 'Features of these weights are no better than random ones.',
  'fault.damaged-image': 'An image is damaged.',
  'fault.too-many-damaged': 'More images are damaged than are left out without asking.',
  'fault.dataset-changed': 'The data has changed.',
  'fault.data-unreachable': 'The data cannot be reached: {path}.',
  'fault.more-prototypes-than-images': '{prototypes} prototypes for {images} images: most of them stay unused.',
  'fault.images-alike': '{copies} of {images} images are copies of another one: training will collapse.',
  'fault.corrupt-checkpoint': 'A checkpoint is damaged.',
  'fault.checkpoints-lost': 'The run had a checkpoint of step {step}, and none of its checkpoints can be read.',
  'fault.other-arithmetic': 'This machine uses a different {what} from the run.',
  'fault.no-checkpoint': 'There is no checkpoint to start from.',
  'fault.config-mismatch': 'The configuration does not match.',
  'fault.diverged': 'The training diverged: the loss or its gradient is no longer finite.',
  'fault.collapsed': 'The embedding collapsed: all images have nearly the same embedding.',
  'fault.out-of-memory': 'Out of memory.',
  'fault.device-unavailable': 'The device cannot be used.',
  'fault.old-driver': '{name} has driver {driver}; this build of TensorFlow needs at least {least} for it.',
  'fault.unmeasured-gpu':
    '{name} (compute capability {capability}) is newer than this build of TensorFlow. Such GPUs are unmeasured, and errors with them have been reported.',
  'fault.library-missing': 'A library is missing or incompatible.',
  'fault.trainer-died': 'The trainer exited unexpectedly.',
  'fault.trainer-silent': 'The trainer is not responding.',
  'fault.protocol-mismatch': 'The trainer and the program have different versions.',
  'fault.store-died': 'The run database exited unexpectedly.',
  'fault.corrupt-database': 'The run database is damaged.',
  'fault.subject-missing': 'The encoder to evaluate does not exist.',
  'fault.download-failed': 'The download failed. What has been downloaded is kept.',
  'fault.wrong-wheel': 'Nothing was installed: a file is not the expected one.',
  'fault.cancelled': 'Cancelled.',
  'fault.not-available': 'This is not available here.',
  'fault.update-failed': 'The check for updates failed.',
  'fault.internal': 'Internal error.',
} as const satisfies Sentences;

const zh = {
  'fault.bad-argument': '请求无效。',
  'fault.unknown-id': '请求的对象不存在。',
  'fault.not-found': '未找到某个文件或文件夹。',
  'fault.busy': '正被其他任务占用。',
  'fault.locked': '该工作区正被另一个程序使用。',
  'fault.newer-version': '这是由更新版本的程序创建的。',
  'fault.disk-full': '磁盘已满。',
  'fault.read-failed': '某个文件无法读取。',
  'fault.write-failed': '某个文件无法写入。',
  'fault.wrong-folder': '该文件夹与预期不符。',
  'fault.not-a-folder': '“{file}”是一个文件，且不属于任何可识别的数据集。',
  'fault.not-weights': '“{file}”是一个文件，但不是权重文件。',
  'fault.empty-dataset': '数据集中没有图像。',
  'fault.no-test-split': '数据集中没有独立于训练图像的测试图像。',
  'fault.unreadable-file': '该文件无法读取。',
  'fault.damaged-files': '此工作区中有文件已损坏。',
  'fault.weights-unlike': '权重与其自带的统计量不符。',
  'fault.weights-no-better': '这些权重的特征并不优于随机权重。',
  'fault.damaged-image': '某张图像已损坏。',
  'fault.too-many-damaged': '损坏的图像数量超过了可自动排除的上限。',
  'fault.dataset-changed': '数据已改动。',
  'fault.data-unreachable': '无法访问数据：{path}。',
  'fault.more-prototypes-than-images': '原型数量（{prototypes}）多于图像数量（{images}），大部分原型不会用到。',
  'fault.images-alike': '{images} 张图像中有 {copies} 张与其他图像相同，训练将会崩溃。',
  'fault.corrupt-checkpoint': '某个检查点已损坏。',
  'fault.checkpoints-lost': '该实验曾有第 {step} 步的检查点，但现在没有一个检查点可以读取。',
  'fault.other-arithmetic': '本机所用的 {what} 与该实验不同。',
  'fault.no-checkpoint': '没有可用的检查点。',
  'fault.config-mismatch': '配置不匹配。',
  'fault.diverged': '训练发散：损失或梯度不再是有限值。',
  'fault.collapsed': '嵌入崩溃：所有图像的嵌入几乎相同。',
  'fault.out-of-memory': '内存不足。',
  'fault.device-unavailable': '该设备无法使用。',
  'fault.old-driver': '{name} 的驱动版本为 {driver}，此版 TensorFlow 对该 GPU 至少需要 {least}。',
  'fault.unmeasured-gpu':
    '{name}（计算能力 {capability}）比此版 TensorFlow 更新。这类 GPU 尚未实测，且已有出错的报告。',
  'fault.library-missing': '缺少某个库，或版本不兼容。',
  'fault.trainer-died': '训练程序意外退出。',
  'fault.trainer-silent': '训练程序没有响应。',
  'fault.protocol-mismatch': '训练程序与主程序版本不一致。',
  'fault.store-died': '实验数据库意外退出。',
  'fault.corrupt-database': '实验数据库已损坏。',
  'fault.subject-missing': '要评估的编码器不存在。',
  'fault.download-failed': '下载失败。已下载的部分已保留。',
  'fault.wrong-wheel': '未安装：有文件与预期不符。',
  'fault.cancelled': '已取消。',
  'fault.not-available': '此处不可用。',
  'fault.update-failed': '检查更新失败。',
  'fault.internal': '内部错误。',
} as const satisfies Sentences;

export const faultSentences = { en, zh } as const;

/** How a process ended, where more is known than that it did. */
export const exitSentences = {
  en: {
    'exit.killed': 'The trainer was killed ({signal}).',
    'exit.code': 'The trainer exited unexpectedly (exit code {code}).',
  },
  zh: {
    'exit.killed': '训练程序被强制结束（{signal}）。',
    'exit.code': '训练程序意外退出（退出码 {code}）。',
  },
} as const;

/** The signal or the exit code by which a trainer ended; null where neither is known. */
export function exitOf({
  code,
  values,
}: Pick<Fault, 'code' | 'values'>): { readonly signal: string } | { readonly code: string } | null {
  const how = code === 'trainer-died' ? String(values['how'] ?? '') : '';
  const [, exit] = /^exit code (\d+)$/.exec(how) ?? [];
  if (exit !== undefined) return { code: exit };
  return /^SIG[A-Z0-9]+$/.test(how) ? { signal: how } : null;
}

/** A sentence with the values of a fault in its places. */
export function filled(sentence: string, values: Fault['values']): string {
  return sentence.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? '–'));
}

export function faultInWords(language: 'en' | 'zh', { code, values }: Pick<Fault, 'code' | 'values'>): string {
  const exit = exitOf({ code, values });
  if (exit !== null) return filled(exitSentences[language]['signal' in exit ? 'exit.killed' : 'exit.code'], exit);
  return filled(faultSentences[language][`fault.${code}`], values);
}

/** Why data cannot be reached: by `why` of the fault. */
export const unreachableSentences = {
  en: {
    'unreachable.gone': 'It was removed or renamed, or its disk is not mounted.',
    'unreachable.permission': 'There is no permission to read it.',
    'unreachable.network': 'The network folder is not connected.',
    'unreachable.disk': 'The disk reports an error.',
    'unreachable.silent': 'Nothing has answered for two minutes.',
  },
  zh: {
    'unreachable.gone': '文件已被删除或重命名，或者所在磁盘没有挂载。',
    'unreachable.permission': '没有读取权限。',
    'unreachable.network': '网络文件夹没有连接。',
    'unreachable.disk': '磁盘报告错误。',
    'unreachable.silent': '已有两分钟没有响应。',
  },
} as const;
