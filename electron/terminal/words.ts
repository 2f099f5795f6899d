/**
 * Texts of the terminal in two languages. Verdicts, states, figures and most columns are worded by the report; the sentence of a
 * fault is the window's. The messages of faults and of the doctor come from where they arise, in English.
 */
import { checkpointNotices } from '../words/checkpoint-notices.ts';
import { faultInWords, filled, unreachableSentences } from '../words/faults.ts';
import { toldFault } from '../words/told-fault.ts';
import type { ClaimVerdict, Verdict } from '../api/comparison.ts';
import type { Upgrade } from '../api/settings.ts';
import { bytes } from './table.ts';
import type { PlanRow } from '../api/plans.ts';
import type { Pushes } from '../api/pushes.ts';
import type { LogLine } from '../api/runs.ts';
import { wordsOf } from '../workstation/report/naming.ts';
import { oneLine } from './printable.ts';
import { goesOn, trainerLeft } from './waiting-words.ts';
import { checks, dataStates, jobs, phases, planStates } from './state-words.ts';
import type { DoctorCheck } from '../../trainer/protocol/hardware.ts';
import type { Fault } from '../../trainer/protocol/fault.ts';
import type { RunStatus } from '../../trainer/protocol/run.ts';

const en = {
  left: 'left',
  giveOrTake: ', give or take ',
  step: 'step',
  pace: 'images/s',
  silent: 'no sign of life for',
  stopping: 'Stopping once a checkpoint is saved. Press Ctrl-C again to stop immediately.',
  stoppingNow: 'Stopping immediately. Work since the last checkpoint is lost.',
  stopped: 'Stopped. Run the same command again to continue.',
  workspace: 'workspace',
  plan: 'Plan',
  report: 'Report',
  notWritten: 'not written',
  measured: 'Figure',
  listComma: ', ',
  notInPaper: 'not in the paper',
  noNumber: 'one side has no number',
  differences: 'Differences from the paper',
  claims: 'Claims, judged by rules stored before the runs',
  scaledWithBatch: 'Scaled with the batch (as many images, rate in proportion)',
  pairs: 'Differences on the same images',
  points: 'Points',
  interval: 'Interval',
  minus: 'minus',
  nothing: 'Nothing to show.',
  id: 'Run',
  title: 'Title',
  state: 'State',
  steps: 'Step',
  headline: 'Figure',
  seed: 'Seed',
  disk: 'Disk',
  name: 'Name',
  kind: 'Kind',
  imageCount: 'Images',
  onImages: 'images',
  runs: 'Runs done',
  preset: 'Preset',
  summary: 'Summary',
  setting: 'Setting',
  encoder: 'Encoder',
  tensorCount: 'Tensors',
  needs: 'Missing',
  decision: 'waits for your decision',
  decisions: 'Waits for your decision',
  recognised: 'Recognised',
  notRecognised: 'Not recognised',
  expected: 'Expected one of',
  found: 'Found',
  fingerprint: 'Fingerprint',
  split: 'Split',
  perClass: 'per class',
  classes: 'classes',
  channels: 'channels',
  size: 'size',
  rejects: 'unreadable files',
  unused: 'Not used',
  warnings: 'Warnings',
  leaks: 'images in more than one split',
  duplicates: 'duplicates within a split',
  near: 'pairs of near duplicates',
  nearLeaked: 'evaluation images with a near duplicate in a training split',
  mirrored: 'mirrored',
  resized: 'resized',
  resaved: 'saved again',
  listed:
    'only names and sizes were checked; use --contents to find damaged files, duplicates and leaks, or leave that to the first run, which checks them beside it',
  licence: 'Licence',
  source: 'Source',
  unknown: 'unknown',
  changed: 'Changed since the run was created',
  features: 'Features',
  exported: 'Encoder written',
  detectionsWritten: 'Detections written',
  detectionCount: 'detections',
  rules: 'counted by the rules',
  missingClasses: 'Classes without a result file, counted as without detections',
  imagesWithoutDetections: 'Images in which nothing was found',
  value: 'Value',
  interval95: '95 % interval over images',
  class: 'Class',
  tensors: 'tensors',
  unmatched: 'tensors not used',
  sameEncoder: 'the same encoder as in',
  passedOver: 'passed over',
  network: 'network',
  networks: 'others in the file',
  imported: 'Imported as run',
  importedWeights: 'Imported weights',
  waits: 'waiting for',
  planPaused: 'plan paused',
  deviceMeasured: 'the device is being measured',
  waiting: 'waiting for it',
  place: 'place',
  waitsFor: 'waits for',
  doneIn: 'done in',
  then: 'In the bundle',
  now: 'Here',
  agreement: 'Agreement',
  sameBits: 'identical',
  otherBits: 'differs',
  lastEpoch: 'last epoch',
  bestEpoch: 'best epoch, chosen on the test set',
  curveWritten: 'Curves written',
  pointCount: 'points',
  pointsKept: 'Points',
  importedCurves: 'Imported curves for comparison',
  curveThere: 'In the file',
  curveHere: 'Drawn with',
  curvesHint:
    'They are drawn under the curves of your runs and counted by no comparison. --set THEIRS=OURS: draw a curve with another metric.',
  gpuBuild: 'TensorFlow for NVIDIA GPUs',
  gpuBuildNone:
    'There is nothing to install: TensorFlow for NVIDIA GPUs is inside the program, or there is no GPU on Linux (x64) that nvidia-smi lists.',
  'gpuBuild.absent': 'not installed; the processor computes',
  'gpuBuild.installing': 'being installed',
  'gpuBuild.untried': 'installed; tried before the next run starts',
  'gpuBuild.trying': 'being tried',
  'gpuBuild.used': 'in use',
  'gpuBuild.failed': 'does not work here; the processor computes',
  gpus: 'GPU',
  download: 'Download',
  onDisk: 'On disk',
  free: 'free',
  folder: 'Folder',
  licences: 'Licences',
  why: 'Why',
  installHint: 'Install it with: reprise gpu-build --install',
  tryHint: 'Try it again with: reprise gpu-build --install',
  viewsDocumented: 'docs/records.md says what each column holds, and in which unit.',
} as const;
type Key = keyof typeof en;

const zh: Readonly<Record<Key, string>> = {
  left: '剩余',
  giveOrTake: '，上下 ',
  step: '步',
  pace: '张/秒',
  silent: '无响应已',
  stopping: '保存检查点后停止。再按一次 Ctrl-C 立即停止。',
  stoppingNow: '立即停止。上一个检查点之后的进度会丢失。',
  stopped: '已停止。再次运行同一命令即可继续。',
  workspace: '工作区',
  plan: '计划',
  report: '报告',
  notWritten: '未生成',
  measured: '指标',
  listComma: '、',
  notInPaper: '论文中没有',
  noNumber: '有一方没有数值',
  differences: '与论文的差异',
  claims: '论断（按运行前存下的规则判定）',
  scaledWithBatch: '已随批量大小调整（所见图像数不变，学习率成比例）',
  pairs: '在相同图像上的差值',
  points: '百分点',
  interval: '区间',
  minus: '减',
  nothing: '没有内容。',
  id: '实验编号',
  title: '名称',
  state: '状态',
  steps: '步数',
  headline: '指标',
  seed: '种子',
  disk: '磁盘占用',
  name: '名称',
  kind: '类型',
  imageCount: '图像数',
  onImages: '张图像',
  runs: '已完成实验',
  preset: '预设',
  summary: '说明',
  setting: '设置',
  encoder: '编码器',
  tensorCount: '张量数',
  needs: '缺少',
  decision: '等待您决定如何继续',
  decisions: '等待决定',
  recognised: '识别为',
  notRecognised: '无法识别',
  expected: '可识别的布局',
  found: '实际内容',
  fingerprint: '指纹',
  split: '划分',
  perClass: '每类',
  classes: '个类别',
  channels: '个通道',
  size: '尺寸',
  rejects: '个无法读取的文件',
  unused: '未使用的内容',
  warnings: '警告',
  leaks: '张图像出现在多个划分中',
  duplicates: '张图像在同一划分内重复',
  near: '对近似重复的图像',
  nearLeaked: '张评估图像在训练划分中有近似副本',
  mirrored: '镜像',
  resized: '缩放',
  resaved: '重新保存',
  listed: '仅检查了文件名与大小；加 --contents 可查找损坏、重复与泄漏；否则首次实验会在运行的同时检查',
  licence: '许可',
  source: '来源',
  unknown: '未知',
  changed: '实验创建之后有变化',
  features: '特征',
  detectionsWritten: '检测结果已写入',
  detectionCount: '个检测框',
  rules: '评估规则',
  missingClasses: '没有结果文件的类别（按没有检测框计）',
  imagesWithoutDetections: '没有任何检测框的图像',
  value: '数值',
  interval95: '95 % 区间（图像自助法）',
  class: '类别',
  exported: '编码器已写入',
  tensors: '个张量',
  unmatched: '个张量未使用',
  sameEncoder: '与以下文件中的编码器相同',
  passedOver: '已略过',
  network: '网络',
  networks: '文件中的其他网络',
  imported: '已导入为实验',
  importedWeights: '已导入权重',
  waits: '等待',
  planPaused: '计划已暂停',
  deviceMeasured: '计算设备正在实测',
  waiting: '等待该实验的还有',
  place: '次序',
  waitsFor: '等待',
  doneIn: '预计多久后完成',
  then: '结果包中',
  now: '本机',
  agreement: '是否一致',
  sameBits: '完全相同',
  otherBits: '不同',
  lastEpoch: '末轮',
  bestEpoch: '最佳轮（按测试集选取）',
  curveWritten: '曲线已写入',
  pointCount: '个点',
  pointsKept: '点数',
  importedCurves: '已导入对照曲线',
  curveThere: '文件中的名称',
  curveHere: '对应的指标',
  curvesHint: '它们绘制在您自己的曲线之下，不计入任何比较。--set 原名=指标：改用其他指标。',
  gpuBuild: 'NVIDIA GPU 版 TensorFlow',
  gpuBuildNone:
    '无需安装：程序已自带 NVIDIA GPU 版 TensorFlow，或者本机不是装有 GPU（nvidia-smi 可列出）的 Linux（x64）。',
  'gpuBuild.absent': '未安装，由处理器计算',
  'gpuBuild.installing': '正在安装',
  'gpuBuild.untried': '已安装，将在下一项实验开始前试用',
  'gpuBuild.trying': '正在试用',
  'gpuBuild.used': '使用中',
  'gpuBuild.failed': '在本机无法使用，由处理器计算',
  gpus: 'GPU',
  download: '下载',
  onDisk: '占用磁盘',
  free: '剩余',
  folder: '文件夹',
  licences: '许可',
  why: '原因',
  installHint: '安装：reprise gpu-build --install',
  tryHint: '再次试用：reprise gpu-build --install',
  viewsDocumented: '各列的含义与单位见 docs/records.md。',
};

export type TerminalLanguage = 'en' | 'zh';
type Named = Readonly<Record<string, string>>;

export interface Words {
  readonly language: TerminalLanguage;
  readonly say: (key: Key) => string;
  /** The report's words in the same language. */
  readonly report: (typeof wordsOf)['en'];
  readonly verdict: (verdict: Verdict) => string;
  readonly claim: (verdict: ClaimVerdict['verdict']) => string;
  readonly status: (status: RunStatus) => string;
  /** A side job's phase may be no phase of training; then its own name is shown. */
  readonly phase: (phase: string) => string;
  readonly job: (kind: string) => string;
  readonly data: (state: string) => string;
  readonly planState: (state: PlanRow['state']) => string;
  readonly check: (id: DoctorCheck['id']) => string;
  /** The event; the message, with the values, is in English. */
  readonly fault: (fault: Fault) => string;
  /** Why a run is paused that nobody paused, and what to do. */
  readonly pausedBy: (fault: Fault) => string;
  /** What was kept of a workspace that was of an older version. */
  readonly upgraded: (upgrade: Upgrade) => string;
  readonly trainerLeft: (left: Parameters<Pushes['trainerLeft']>[0]) => string;
  /** Records cannot be written for now; null: they are written again. */
  readonly recordsHeld: (fault: Fault | null) => string;
  /** What a run says of its checkpoints; null of anything else. */
  readonly checkpointNotice: (line: LogLine) => string | null;
  /** What a check of contents beside a run found. */
  readonly contentsChecked: (found: Parameters<Pushes['contentsChecked']>[0]) => string;
  /** `top-1`, `loss`: the figure that represents a run in a list. */
  readonly metric: (metric: string) => string;
  readonly runsLeft: (count: number) => string;
  /** Of a query. */
  readonly rows: (count: number) => string;
  /** Of the program. */
  readonly isNewest: (version: string) => string;
  readonly isNewer: (version: string, date: string) => string;
  /** The step of the newest checkpoint. */
  readonly safeAt: (step: number) => string;
  /** Names, and how many there are besides. */
  readonly andMore: (names: string, more: number) => string;
}

const sentencesTogether = (language: TerminalLanguage, ...sentences: readonly string[]): string =>
  sentences.join(language === 'zh' ? '' : ' ');

function unreachableText(language: TerminalLanguage, fault: Fault): string {
  const why: Named = unreachableSentences[language];
  const { data, byHand } = goesOn[language];
  return sentencesTogether(
    language,
    faultInWords(language, fault),
    why[`unreachable.${fault.values['why']}`] ?? '',
    data,
    byHand,
  );
}

export function wordsIn(language: TerminalLanguage): Words {
  const table: Readonly<Record<Key, string>> = language === 'zh' ? zh : en;
  const report = wordsOf[language];
  const fault: Words['fault'] = (told) => toldFault(language, told);
  return {
    language,
    say: (key) => table[key],
    report,
    verdict: (verdict) => report.verdicts[verdict],
    claim: (verdict) => report.verdicts[verdict],
    status: (status) => report.states[status] ?? status,
    phase: (phase) => (phases[language] as Named)[phase] ?? phase,
    job: (kind) => (jobs[language] as Named)[kind] ?? kind,
    data: (state) => (dataStates[language] as Named)[state] ?? state,
    planState: (state) => planStates[language][state],
    check: (id) => checks[language][id],
    fault,
    checkpointNotice: ({ code, values }) => {
      const sentence = (checkpointNotices[language] as Named)[`log.${code}`];
      return sentence === undefined ? null : filled(sentence, values);
    },
    pausedBy: (reason) =>
      reason.code === 'data-unreachable'
        ? unreachableText(language, reason)
        : sentencesTogether(language, fault(reason), goesOn[language].disk, goesOn[language].byHand),
    upgraded: ({ backup, bytes: size }) =>
      language === 'zh'
        ? `工作区来自较早的版本，已更新。更新前的数据库（${bytes(size)}）保存在 ${backup}；要退回较早的版本，请用它替换 reprise.db。`
        : `The workspace was of an older version and has been brought up to date. Its database as it was (${bytes(size)}) is kept in ${backup}; to go back to the older version, put it in the place of reprise.db.`,
    trainerLeft: ({ title, pid, state }) => `${oneLine(title)}${report.colon}${trainerLeft[language][state](pid)}`,
    recordsHeld: (reason) => {
      const { records, again, byHand } = goesOn[language];
      return reason === null ? again : sentencesTogether(language, fault(reason), records, byHand);
    },
    contentsChecked: ({ name, damaged, leaks, duplicates }) =>
      language === 'zh'
        ? `${name} 的内容检查完毕：${damaged} 个损坏文件，${duplicates} 张重复图像，${leaks} 张图像同时出现在多个划分中`
        : `Contents of ${name} checked: ${damaged} damaged files, ${duplicates} duplicates, ${leaks} images in more than one split`,
    metric: (metric) => report.metrics[metric] ?? report.curves.metrics[metric]?.toLowerCase() ?? metric,
    runsLeft: (count) =>
      language === 'zh' ? `${count} 项实验未完成` : `${count} ${count === 1 ? 'run' : 'runs'} left`,
    rows: (count) => (language === 'zh' ? `共 ${count} 行` : `${count} ${count === 1 ? 'row' : 'rows'}`),
    isNewest: (version) =>
      language === 'zh' ? `当前版本 ${version} 已是最新。` : `This is the newest version, ${version}.`,
    isNewer: (version, date) =>
      language === 'zh'
        ? `新版本 ${version}（${date}），请自行下载安装：`
        : `There is a newer version, ${version} of ${date}. Install it by hand:`,
    safeAt: (step) => (language === 'zh' ? `检查点：第 ${step} 步` : `checkpoint at step ${step}`),
    andMore: (names, more) => (language === 'zh' ? `${names}和另外 ${more} 项` : `${names} and ${more} more`),
  };
}
