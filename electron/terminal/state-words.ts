/** Words of the terminal, in two languages, for what is one of a few: phases, side jobs, states, checks of the doctor. */
import type { DatasetRow } from '../api/datasets.ts';
import type { PlanRow } from '../api/plans.ts';
import type { Job } from '../../trainer/protocol/commands.ts';
import type { DoctorCheck } from '../../trainer/protocol/hardware.ts';
import type { Phase } from '../../trainer/protocol/events.ts';

export const phases = {
  en: {
    loading: 'loading',
    preparing: 'preparing',
    training: 'training',
    'between-epochs': 'clustering',
    probing: 'checking features with k-NN',
    extracting: 'extracting features',
    evaluating: 'evaluating',
    saving: 'saving',
    paused: 'paused',
    stopping: 'stopping',
    scanning: 'reading files',
    calibrating: 'timing training steps',
    principal: 'finding principal components',
    neighbours: 'finding neighbours',
    layout: 'laying out the map',
    downloading: 'downloading',
    unpacking: 'unpacking',
    checking: 'verifying',
    reading: 'reading the records',
    writing: 'writing the files',
  },
  zh: {
    loading: '加载',
    preparing: '准备',
    training: '训练',
    'between-epochs': '聚类',
    probing: '用 k-NN 检查特征',
    extracting: '提取特征',
    evaluating: '评估',
    saving: '保存',
    paused: '已暂停',
    stopping: '正在停止',
    scanning: '读取文件',
    calibrating: '实测训练步耗时',
    principal: '计算主成分',
    neighbours: '查找近邻',
    layout: '计算布局',
    downloading: '下载',
    unpacking: '解压',
    checking: '校验',
    reading: '读取记录',
    writing: '写入文件',
  },
} as const satisfies Record<string, Record<Phase | 'reading' | 'writing', string>>;

/** Work beside the runs. */
export const jobs = {
  en: {
    browse: 'Reading the images',
    inspect: 'Reading the data set',
    check: 'Checking the contents of the data set',
    probe: 'Checking the device',
    precisions: 'Choosing the precision',
    calibrate: 'Estimating the time',
    evaluateDetections: 'Evaluating detections',
    vocDetections: 'Writing detections',
    features: 'Extracting features',
    map: 'Making a map',
    layout: 'Laying out a map',
    export: 'Exporting the encoder',
    importWeights: 'Importing weights',
    thumbnails: 'Making thumbnails',
    installBuild: 'Installing TensorFlow for NVIDIA GPUs',
    sample: 'Creating the sample data set',
    report: 'Writing the report',
  },
  zh: {
    browse: '读取图像',
    inspect: '读取数据集',
    check: '检查数据集的内容',
    probe: '检测计算设备',
    precisions: '选择数值精度',
    calibrate: '估计所需时间',
    evaluateDetections: '评估检测结果',
    vocDetections: '写出检测结果',
    features: '提取特征',
    map: '生成分布图',
    layout: '计算分布图的布局',
    export: '导出编码器',
    importWeights: '导入权重',
    thumbnails: '生成缩略图',
    installBuild: '安装 NVIDIA GPU 版 TensorFlow',
    sample: '生成示例数据集',
    report: '生成报告',
  },
} as const satisfies Record<string, Record<Exclude<Job['kind'], 'train'> | 'report' | 'check', string>>;

export const dataStates = {
  en: { ready: 'ready', missing: 'not found', changed: 'changed' },
  zh: { ready: '就绪', missing: '未找到', changed: '有变化' },
} as const satisfies Record<string, Record<DatasetRow['state'], string>>;

export const planStates = {
  en: {
    ready: 'ready',
    running: 'running',
    paused: 'paused',
    done: 'done',
    blocked: 'data missing',
    waiting: 'waits for a decision',
  },
  zh: {
    ready: '就绪',
    running: '进行中',
    paused: '已暂停',
    done: '已完成',
    blocked: '缺少数据',
    waiting: '等待决定',
  },
} as const satisfies Record<string, Record<PlanRow['state'], string>>;

export const checks = {
  en: {
    runtime: 'Program',
    tensorflow: 'TensorFlow',
    device: 'Device',
    processor: 'Processor',
    gpu: 'GPU',
    driver: 'GPU driver',
    disk: 'Disk',
    memory: 'Memory',
    display: 'Display',
    sandbox: 'Sandbox',
    database: 'Database',
    data: 'Data',
  },
  zh: {
    runtime: '程序',
    tensorflow: 'TensorFlow',
    device: '计算设备',
    processor: '处理器',
    gpu: 'GPU',
    driver: 'GPU 驱动',
    disk: '磁盘',
    memory: '内存',
    display: '显示器',
    sandbox: '沙箱',
    database: '数据库',
    data: '数据',
  },
} as const satisfies Record<string, Record<DoctorCheck['id'], string>>;
