/** What the terminal says, in two languages. Sentences of faults and of the doctor come from where they arise, in English. */
import type { ClaimVerdict, Verdict } from '../api.ts';
import type { RunStatus } from '../../trainer/protocol/run.ts';
import type { Phase } from '../../trainer/protocol/events.ts';

const en = {
  left: 'left',
  step: 'step',
  images: 'images/s',
  stopping: 'Stopping safely: a checkpoint is saved first. Ctrl-C again stops now.',
  stoppingNow: 'Stopping now: work since the last checkpoint is lost.',
  stopped: 'Stopped. The same command goes on from here.',
  workspace: 'Workspace',
  plan: 'Plan',
  runsLeft: 'runs left',
  safe: 'safe at step',
  report: 'Report',
  notWritten: 'not written',
  subject: 'What was measured',
  figure: 'Figure',
  paper: 'Paper',
  earlier: 'Earlier',
  ours: 'Ours',
  interval: 'Interval',
  difference: 'Difference',
  verdict: 'Verdict',
  because: 'because of',
  claims: 'Claims, with rules fixed before the run',
  pairs: 'On the same images',
  above: 'minus',
  nothing: 'nothing to show',
  id: 'Run',
  title: 'Title',
  state: 'State',
  steps: 'Step',
  headline: 'Figure',
  seed: 'Seed',
  disk: 'Disk',
  recognised: 'Recognised',
  notRecognised: 'Not recognised',
  expected: 'Expected',
  found: 'Found',
  fingerprint: 'Fingerprint',
  split: 'Split',
  classes: 'classes',
  channels: 'channels',
  size: 'size',
  rejects: 'unreadable files',
  leaks: 'pictures in more than one split',
  duplicates: 'duplicates within a split',
  listed: 'names and sizes only; --contents looks for damage, duplicates and leaks',
  licence: 'Licence',
  source: 'Source',
  unknown: 'unknown',
  changed: 'Changed since the run was made',
  features: 'Features',
  exported: 'Encoder written',
  tensors: 'tensors',
  imported: 'Imported as run',
  importedWeights: 'Imported weights',
  device: 'Device',
  holds: 'holds',
  'does-not-hold': 'does not hold',
  waits: 'waits for',
} as const;
type Key = keyof typeof en;

const zh: Readonly<Record<Key, string>> = {
  left: '剩余',
  step: '步',
  images: '张/秒',
  stopping: '正在安全停止：先保存检查点。再按一次 Ctrl-C 立即停止。',
  stoppingNow: '立即停止：上一个检查点之后的工作会丢失。',
  stopped: '已停止。再次运行同一命令即可继续。',
  workspace: '工作区',
  plan: '计划',
  runsLeft: '个运行未完成',
  safe: '已安全保存至第',
  report: '报告',
  notWritten: '未生成',
  subject: '测量对象',
  figure: '指标',
  paper: '论文',
  earlier: '先前复现',
  ours: '本次',
  interval: '区间',
  difference: '差值',
  verdict: '结论',
  because: '原因',
  claims: '论断（规则在运行前确定）',
  pairs: '在相同图像上',
  above: '减去',
  nothing: '没有内容',
  id: '运行',
  title: '名称',
  state: '状态',
  steps: '步数',
  headline: '指标',
  seed: '种子',
  disk: '磁盘',
  recognised: '识别为',
  notRecognised: '无法识别',
  expected: '期望',
  found: '实际',
  fingerprint: '指纹',
  split: '划分',
  classes: '个类别',
  channels: '个通道',
  size: '尺寸',
  rejects: '个无法读取的文件',
  leaks: '张图像出现在多个划分中',
  duplicates: '张图像在同一划分内重复',
  listed: '仅核对了文件名与大小；加 --contents 可查找损坏、重复与泄漏',
  licence: '许可',
  source: '来源',
  unknown: '未知',
  changed: '运行创建之后有变化',
  features: '特征',
  exported: '编码器已写入',
  tensors: '个张量',
  imported: '已导入为运行',
  importedWeights: '已导入权重',
  device: '设备',
  holds: '成立',
  'does-not-hold': '不成立',
  waits: '等待',
};

const verdicts = {
  en: {
    reproduced: 'reproduced',
    'not-reproduced': 'not reproduced',
    inconclusive: 'inconclusive',
    'not-comparable': 'not comparable',
    pending: 'pending',
  },
  zh: {
    reproduced: '已复现',
    'not-reproduced': '未复现',
    inconclusive: '无法判定',
    'not-comparable': '不可比较',
    pending: '待完成',
  },
} as const satisfies Record<string, Record<Verdict, string>>;

const statuses = {
  en: {
    draft: 'draft',
    queued: 'queued',
    running: 'running',
    paused: 'paused',
    interrupted: 'interrupted',
    stopped: 'stopped',
    failed: 'failed',
    done: 'done',
  },
  zh: {
    draft: '草稿',
    queued: '排队中',
    running: '运行中',
    paused: '已暂停',
    interrupted: '已中断',
    stopped: '已停止',
    failed: '失败',
    done: '完成',
  },
} as const satisfies Record<string, Record<RunStatus, string>>;

const phases = {
  en: {
    loading: 'loading',
    preparing: 'preparing',
    training: 'training',
    probing: 'probing',
    extracting: 'extracting features',
    evaluating: 'evaluating',
    saving: 'saving',
    paused: 'paused',
    stopping: 'stopping',
    scanning: 'scanning',
    calibrating: 'timing real steps',
  },
  zh: {
    loading: '加载',
    preparing: '准备',
    training: '训练',
    probing: '探测评估',
    extracting: '提取特征',
    evaluating: '评估',
    saving: '保存',
    paused: '已暂停',
    stopping: '正在停止',
    scanning: '扫描',
    calibrating: '实测步时',
  },
} as const satisfies Record<string, Record<Phase, string>>;

export type TerminalLanguage = 'en' | 'zh';
export interface Words {
  readonly language: TerminalLanguage;
  readonly say: (key: Key) => string;
  readonly verdict: (verdict: Verdict) => string;
  readonly claim: (verdict: ClaimVerdict['verdict']) => string;
  readonly status: (status: RunStatus) => string;
  /** A side job's phase may be no phase of training; then its own name is shown. */
  readonly phase: (phase: string) => string;
}

export function wordsIn(language: TerminalLanguage): Words {
  const table: Readonly<Record<Key, string>> = language === 'zh' ? zh : en;
  return {
    language,
    say: (key) => table[key],
    verdict: (verdict) => verdicts[language][verdict],
    claim: (verdict) =>
      verdict === 'inconclusive' || verdict === 'pending' ? verdicts[language][verdict] : table[verdict],
    status: (status) => statuses[language][status],
    phase: (phase) => (phases[language] as Readonly<Record<string, string>>)[phase] ?? phase,
  };
}
