/** Texts of the report. `zh.ts` has the same keys; its type says so. */
import type { Clock } from '../format.ts';

type Values = Readonly<Record<string, string>>;
type Counts = Readonly<Record<string, number>>;

const runs = (count: number): string => `${count} ${count === 1 ? 'run' : 'runs'}`;

/** `2 hold, 1 does not hold`: what there is none of is left out. */
const counted = (parts: readonly (readonly [number, string])[]): string =>
  parts
    .filter(([count]) => count > 0)
    .map(([count, text]) => `${count} ${text}`)
    .join(', ');

export const en = {
  language: 'en' as const,
  title: (title: string) => `Reproduction report: ${title}`,
  subtitle: (date: string, version: string) => `Latest record: ${date} · Reprise ${version}`,
  contents: 'Contents',
  appendix: 'Appendix',
  pictures: 'The figures are in the HTML and PDF versions of this report.',
  footer:
    'Generated from the records of the runs alone; the same records always give the same report. What is shortened here is complete in the JSON export of this report.',
  colon: ': ',
  ownYardstick: 'A criterion of this project, not taken from the paper',
  comma: ', ',
  listComma: ', ',
  semicolon: '; ',
  andMore: (values: Values) => `${values['names']} and ${values['count']} more`,
  duration: ({ hours, minutes, seconds }: Clock) =>
    hours > 0 ? `${hours} h ${minutes} min` : minutes > 0 ? `${minutes} min ${seconds} s` : `${seconds} s`,
  yes: 'yes',
  no: 'no',

  sections: {
    summary: 'Summary',
    curves: 'Figures',
    results: 'Results',
    claims: 'Claims',
    deviations: 'Differences from the paper',
    earlier: 'The earlier reproduction',
    method: 'Parameters',
    data: 'Data',
    compute: 'Compute',
    history: 'Run history',
    environment: 'Environment',
    artifacts: 'Commands and files',
    cards: 'Model cards',
    checklist: 'Checklist',
  },
  summary: {
    tried: 'What was tried',
    outcome: 'What came out',
    means: 'What it means',
    facts: {
      papers: 'Paper',
      data: 'Data',
      methods: 'Methods',
      controls: 'Controls',
      imported: 'Imported weights',
      evaluation: 'Evaluation',
      budget: 'Budget',
      kind: 'Type of study',
    },
    dataOf: (values: Values) => `${values['name']} (${values['splits']})`,
    splitOf: (values: Values) => `${values['images']} ${values['split']} images`,
    methodOf: (values: Values) => `${values['method']} with ${values['encoder']} (${values['runs']})`,
    runs,
    evaluationOf: (values: Values) => `${values['evaluator']}: ${values['metrics']} (${values['split']})`,
    trainingOf: (values: Values) =>
      `pretraining for ${values['epochs']} epochs, batch size ${values['batch']}, seed ${values['seeds']}`,
    computingOf: (values: Values) => `${values['runs']}, ${values['time']} of computing on ${values['devices']}`,
    more: (values: Values) => `${values['count']} more figures in section “Results”.`,
    kind: {
      replicated:
        'Independent implementation without the authors’ code or weights, a replication in the terminology of ACM’s badges.',
      withWeights: (values: Values) =>
        `Independent implementation that also evaluates weights trained by others (${values['names']}). In the terminology of ACM’s badges those figures are a reproduction, all others a replication.`,
    },
    claims: ({ all = 0, holds = 0, fails = 0, open = 0 }: Counts) =>
      `${all} ${all === 1 ? 'claim was' : 'claims were'} tested: ${counted([
        [holds, holds === 1 ? 'holds' : 'hold'],
        [fails, fails === 1 ? 'does not hold' : 'do not hold'],
        [open, open === 1 ? 'is undecided' : 'are undecided'],
      ])}.`,
    verdicts: ({
      all = 0,
      reproduced = 0,
      withDeviations = 0,
      notReproduced = 0,
      inconclusive = 0,
      notComparable = 0,
      pending = 0,
    }: Counts) =>
      all === 0
        ? 'No figure was compared with a paper.'
        : `${all} ${all === 1 ? 'figure was' : 'figures were'} set beside the paper: ${counted([
            [reproduced, 'reproduced'],
            [withDeviations, 'reproduced with deviations'],
            [notReproduced, 'not reproduced'],
            [inconclusive, 'inconclusive'],
            [notComparable, 'not comparable'],
            [pending, 'pending'],
          ])}.`,
    pairs: (values: Values) =>
      `${values['figure']}: ${values['better']} is ${values['difference']} points above ${values['worse']} (95 % interval ${values['interval']}, on the same ${values['images']} images).`,
  },
  columns: {
    experiment: 'Experiment',
    figure: 'Metric',
    figures: 'Figures',
    paper: 'Paper',
    earlier: 'Earlier',
    ours: 'Ours',
    difference: 'Difference',
    verdict: 'Verdict',
    interval: '95 % interval',
    images: 'Images',
    seed: 'Seed / evaluation seed',
    last: 'Last epoch',
    best: 'Best epoch †',
    run: 'Run',
    claim: 'Claim',
    where: 'In the paper',
    rule: 'Rule, stored before the runs',
    evidence: 'Evidence',
    better: 'Higher',
    worse: 'Lower',
    overSeeds: '95 % over seeds',
    overImages: '95 % over images',
    test: 'p',
    adjusted: 'Holm-adjusted p',
    field: 'Setting',
    theirs: 'Paper',
    effect: 'Consequence',
    remark: 'Remark',
    split: 'Split',
    classes: 'Classes',
    perClass: 'Images per class',
    attempt: 'Attempt',
    time: 'Duration',
    steps: 'Steps',
    status: 'Status',
    device: 'Device',
    threads: 'Threads',
    event: 'Event',
    at: 'Time',
    step: 'Step',
    file: 'File',
    size: 'Size',
    question: 'Question',
    answer: 'Answer',
  },
  verdicts: {
    reproduced: 'reproduced',
    'not-reproduced': 'not reproduced',
    inconclusive: 'inconclusive',
    'not-comparable': 'not comparable',
    pending: 'pending',
    holds: 'holds',
    'does-not-hold': 'does not hold',
  },
  subjects: { random: 'Random encoder', pixels: 'Raw pixels' } as Values,
  metrics: {
    top1: 'top-1',
    top5: 'top-5',
    meanPerClass: 'mean per class',
    map: 'mAP',
    rankme: 'effective rank (RankMe)',
    alignment: 'alignment',
    uniformity: 'uniformity',
    ap50: 'AP50',
    ap: 'AP',
    ap75: 'AP75',
    'box-ap': 'box AP',
    'box-ap50': 'box AP50',
    'box-ap75': 'box AP75',
    'box-ap-small': 'box AP, small objects',
    'box-ap-medium': 'box AP, medium objects',
    'box-ap-large': 'box AP, large objects',
    'mask-ap': 'mask AP',
    'mask-ap50': 'mask AP50',
    'mask-ap75': 'mask AP75',
    'mask-ap-small': 'mask AP, small objects',
    'mask-ap-medium': 'mask AP, medium objects',
    'mask-ap-large': 'mask AP, large objects',
  } as Values,
  evaluators: {
    linear: 'linear',
    knn: 'k-NN',
    'semi-supervised': 'semi-supervised',
    'voc-svm': 'linear SVM',
    'label-free': 'label-free',
    'detection-c4': 'Faster R-CNN C4',
    'detection-fpn': 'Mask R-CNN FPN',
  } as Values,
  /** `linear top-1`. */
  measure: (evaluator: string, metric: string) => `${evaluator} ${metric}`,
  withNeighbours: (values: Values) => `${values['name']} (k = ${values['k']})`,
  notes: {
    'single-pretraining':
      'Where a figure comes from a single pretraining, the variation between seeds is unknown, however often it was evaluated, and the interval covers the choice of test images only.',
    'single-initialization':
      'Where a random encoder has a single set of weights, the variation between such sets is unknown and the interval covers the choice of test images only.',
    'single-weights':
      'Imported weights are one pretraining of their authors: its seed spread is unknown, and the interval covers the choice of test images only.',
    'single-head':
      'Where a head was trained once on raw pixels, the variation between trainings is unknown and the interval covers the choice of test images only.',
    'no-seed': 'Raw pixels without a trained head depend on no seed; the interval covers the choice of test images.',
    'seeds-agree':
      'Where all seeds gave the same figure, their spread cannot be told and the interval covers the choice of test images only.',
    'repetitions-differ':
      'Fault: runs that repeat each other in everything, the program and the machine included, gave different figures. There is no mean and no verdict; run them again and report it.',
    'paper-uncertainty-unknown':
      'Where the paper states no uncertainty, our interval is compared with its figure as a fixed number.',
    'paper-single-run': 'Some figures of the paper are single runs.',
    'best-epoch-on-test':
      'Figures of ours marked † are of the best epoch of the head, which was chosen on the test set: they are too high.',
    'paper-best-epoch':
      'Figures of the paper marked † are of the best epoch on the images they were measured on; its code (evaluate.py) reports that.',
    'best-by-leading':
      'The paper’s code takes the best epoch of each metric by itself; ours is the epoch with the best first metric.',
    'went-back':
      'Some trainings went back to a checkpoint because losses or gradients were not finite, and went on past the batches in between; the history says when and with which changes.',
  },
  remarks: {
    'fewer-epochs': 'fewer pretraining epochs than the paper (about three days of training)',
    'not-done': 'not run: the data set was unavailable for maintenance',
    'above-paper': 'above the paper with a weaker encoder: check split, labels and head before relying on it',
    'multi-label-top1': 'VOC07 is multi-label: top-1 is not mAP',
    'broken-run': 'faulty run (labels, box format or schedule), not a valid result',
    diverged: 'the loss became NaN in the first epoch',
    collapse: 'collapse',
    'not-applicable': 'n.a.',
    'original-setup': 'original setup of the method',
    'printed-16834': 'printed as 16834',
    'last-epoch': 'last',
    'best-epoch': 'best on the evaluated images',
    'run-by-vicreg-authors': 'run by the authors of VICReg',
  } as Values,
  effects: {
    breaks: 'rules out a comparison',
    deviation: 'deviation',
    unstated: 'not stated by the paper',
    irrelevant: 'changes no figure',
  },
  /** `reproduced, with 2 deviations`. */
  withDeviations: (verdict: string, count: number) =>
    count === 0 ? verdict : `${verdict}, with ${count} ${count === 1 ? 'deviation' : 'deviations'}`,
  effect: (values: Values) =>
    `in the paper, changing only this gave ${values['from']} → ${values['to']} at ${values['at']} (${values['where']})`,
  unknown: 'not stated',
  claims: {
    collapse: (values: Values) =>
      `Mean standard deviation of the embedding over the last tenth of the steps below ${values['std']}, and linear accuracy at most ${values['points']} points above a random encoder: 90 % interval below it; does not hold if the 95 % interval lies above.`,
    'paired-better': (values: Values) =>
      `Difference above 0 at ${values['confidence']}: by paired bootstrap over images, and with two seeds or more a side also over seeds.`,
    'seeds-better': (values: Values) =>
      `Difference above 0 at ${values['confidence']} over seeds, two or more a side, and by paired bootstrap over images where they were recorded.`,
    'paired-same': (values: Values) =>
      `90 % interval within ±${values['points']} points of 0, by paired bootstrap over images, and with two seeds or more a side also over seeds; does not hold if the 95 % interval lies entirely outside.`,
    'drops-less': (values: Values) =>
      `Greater drop less smaller drop, in points, above ${values['points']} at ${values['confidence']}; a drop is the figure before the change less that after it. By paired bootstrap over images, and with two seeds or more for each of the four figures also over seeds; does not hold if it is below at that confidence.`,
  },
  claimsNote:
    'Over seeds: paired t where all figures of a difference have the same seeds, else Welch; beside a difference of two figures stands the sign test. Every test must agree, so the largest p-value counts. Holm’s correction is over all claims of the plan, and verdicts go by the adjusted p. Claims are judged by the last epoch of a head.',
  evidence: {
    embeddingStd: 'std of the embedding',
    linear: 'linear',
    random: 'random encoder',
    better: 'expected higher',
    worse: 'expected lower',
    difference: 'difference',
    overSeeds: 'difference over seeds',
    overImages: 'difference over images',
    one: 'first',
    other: 'second',
    smallerDrop: 'drop, expected smaller',
    greaterDrop: 'drop, expected greater',
  } as Values,
  pOf: (p: string) => `p ${p}`,
  limitOf: (limit: string) => ` (threshold ${limit})`,
  results: {
    seeds: 'Individual runs',
    pairs: 'Differences on the same images',
    onImages: (values: Values) => `${values['figure']} · ${values['images']} images`,
    unitsOf: (one: number, other: number) => `n = ${one}, ${other}`,
    /** `resamples`: samples that were drawn; empty where no interval is from a bootstrap. */
    pairsNote: (resamples: string) =>
      `${resamples === '' ? '' : `Over images: bootstrap (${resamples} samples, fixed seed). `}Over seeds: paired t where both sides have the same seeds, else Welch. The p-value is the larger of the two; over images alone, between single runs, that of the exact McNemar test. The adjusted p-values correct for all tests in this table (Holm).`,
    withoutCopies: (values: Values) =>
      values['images'] === '1'
        ? `${values['value']} without the test image that has a copy, exact or near, in ${values['splits']}`
        : `${values['value']} without the ${values['images']} test images that have a copy, exact or near, in ${values['splits']}`,
    epoch: {
      last: 'The best epoch is selected on the test set and listed for reference only: it enters no mean and no verdict. All means use the last epoch.',
      best: 'All means, verdicts and differences use the best epoch of a head. It is selected on the test set, which makes the figures too high. Claims are judged by the last epoch.',
      mixed:
        'Figures marked † use the best epoch of a head, selected on the test set, because the figure of the paper beside them does; so do their verdicts. All other means, verdicts, claims and differences use the last epoch.',
    },
  },
  deviations: {
    none: 'Nothing that was compared differs from the paper.',
    intro:
      'Every setting of a run is compared with the recipe behind the paper’s figure. One that rules out a comparison makes the verdict “not comparable”; deviations are counted beside the verdict.',
    common: 'All figures compared with the paper',
    unstated: 'Not stated by the paper',
    irrelevant: 'Different, and of no effect on a figure',
    figuresOf: (values: Values) => `${values['subject']}: ${values['figures']}`,
    at: (values: Values) => `${values['figure']}: ${values['effect']}`,
  },
  earlier: (title: string, verdict: string | null) =>
    `${title}: each experiment beside the figure of the paper. Its records are not available, so there are no intervals, and no verdict of reproduction is given.${verdict === null ? '' : ` Verdict on every row: ${verdict}.`}`,
  data: {
    version: 'Fingerprint (SHA-256)',
    contents: 'Fingerprint of the contents',
    licence: 'Licence',
    source: 'Source',
    rejects: 'Unreadable files',
    leaks: 'Images in more than one split',
    duplicates: 'Duplicate images within a split',
    near: 'Near duplicates (perceptual hash)',
    nearCount: ({ count, leaked }: { count: number; leaked: number }) =>
      `${count} ${count === 1 ? 'pair' : 'pairs'}; ${leaked} evaluation ${leaked === 1 ? 'image' : 'images'} with one in a training split`,
    notLookedFor: 'not checked: the contents were not inspected',
    splitRule: 'How it was split',
    size: 'Size',
    channels: 'Channels',
    unknown: 'unknown',
    rejectTitle: 'Unreadable files',
    leftOutTitle: 'Images left out by a run',
    leftOut: ({ run, images, reason }: { run: string; images: number; reason: string }) =>
      `${run}: ${images} ${images === 1 ? 'image' : 'images'}, ${reason}`,
    leakTitle: 'Images in more than one split',
    more: (count: string) => `and ${count} more, listed in the JSON export of this report`,
  },
  method: {
    all: 'Every parameter of every run, including defaults. A value is listed once, under the source cited by the preset and under all runs that share it; values per run are in the JSON export of this report.',
    source: (source: string) => `Source: ${source}`,
    noSource: 'No source: chosen for these runs, or a default of the program',
    imported: 'imported weights',
    scopes: {
      all: (count: number) => `All ${runs(count)}`,
      pretrain: (count: number) => `Pretraining (${runs(count)})`,
      evaluate: (count: number) => `Evaluation (${runs(count)})`,
      trained: (count: number) => `Evaluation of trained encoders (${runs(count)})`,
      named: ({ name = '' }: Values, count: number) => `${name} (${runs(count)})`,
      evaluationsOf: ({ name = '' }: Values, count: number) => `Evaluation of ${name} (${runs(count)})`,
    },
  },
  curves: {
    title: 'Training curves',
    plot: 'Our figures with 95 % intervals (dots), the paper (diamonds) and the earlier reproduction (squares). Hollow marks are not comparable with ours.',
    metrics: {
      loss: 'Loss',
      invariance: 'Invariance term',
      variance: 'Variance term',
      covariance: 'Covariance term',
      redundancy: 'Redundancy term',
      positiveSimilarity: 'Similarity of the two views',
      teacherDistance: 'Distance from the teacher',
      codeSpread: 'Fraction of prototypes in a code',
      clustersInUse: 'Clusters used in a batch',
      bagEntropy: 'Entropy of a bag of words',
      meanBagEntropy: 'Entropy of the mean bag of words',
      embeddingStd: 'Embedding std',
      embeddingStdMin: 'Smallest std of any dimension',
      offDiagonalCovariance: 'Off-diagonal covariance',
      effectiveRank: 'Effective rank',
      featureCovariance: 'Covariance of the representation over its variance',
      accuracy: 'Training accuracy',
      lr: 'Learning rate',
    } as Values,
    note: 'Lines are means over buckets of steps, bands the range within a bucket. Steps that a later attempt repeated are shown once.',
    step: 'step',
  },
  compute: {
    total: (values: Values) =>
      `Total ${values['total']}, of which ${values['lost']} in runs that failed, were stopped or were interrupted.`,
    energy: 'Energy use was not measured.',
    pace: 'Images/s',
  },
  cards: {
    model: 'Model',
    trained: 'Trained on',
    trainedOn: (values: Values) =>
      `${values['data']}, ${values['split']} split, ${values['labels']}; licence of the data: ${values['licence']}`,
    withLabels: 'with labels',
    withoutLabels: 'without labels',
    course: 'Training',
    courseOf: (values: Values) =>
      `${values['epochs']} epochs, batch size ${values['batch']}, seed ${values['seed']}, ${values['precision']}`,
    figures: 'Figures',
    figuresOf: (values: Values) => `${values['figures']} (${values['data']})`,
    weights: 'Weights',
    noWeights: 'not kept',
    use: 'These encoders are for comparing methods of representation learning. The fairness, safety and robustness of their features were not examined; they are not meant for decisions about people.',
  },
  states: {
    draft: 'draft',
    queued: 'queued',
    running: 'running',
    paused: 'paused',
    interrupted: 'interrupted',
    stopped: 'stopped',
    failed: 'failed',
    done: 'done',
  } as Values,
  history: {
    none: 'No interruptions, no resumes, no warnings.',
    asked: 'stopped on request',
    failed: 'failed',
    lost: 'process ended unexpectedly',
    done: 'done',
    open: 'note',
    resumed: (values: Values) =>
      values['lost'] === '0' ? 'resumed, nothing lost' : `resumed, ${values['lost']} steps repeated`,
  },
  environment: {
    program: 'Program',
    platform: 'Operating system',
    device: 'Training device',
    threads: 'Threads',
    instructionSet: 'Instruction set',
    precision: 'Precision',
    versions: 'Versions',
    determinism: 'Repeatability',
    deterministic:
      'TF_DETERMINISTIC_OPS=1; on a CPU, repeating a run with the same number of threads and the same instruction set gives bit-identical results',
    onGpu: 'On a GPU cuDNN chooses among algorithms by timing them: repeating a run gives other last bits',
  },
  artifacts: {
    command: 'Command to repeat the study',
    files: 'File hashes',
    filesNote:
      'Paths are relative to the folder of the run. The manifest of a checkpoint lists the SHA-256 of every tensor.',
  },
  limits: {
    'single-seed':
      'Figures from a single pretraining do not show how results vary with initialisation and data order; their intervals cover the choice of test images only.',
    'not-comparable':
      'Figures that differ from the paper in data, encoder or training budget describe the method in this setting only; they neither confirm nor refute the figures of the paper.',
    'one-dataset': 'All figures come from one data set and say nothing about others.',
    'test-set-seen':
      'The best epoch of a head is selected on the test set, as in the official code. It is listed, but enters no mean and no verdict.',
    'chosen-in-part':
      'Figures marked † and the verdicts on them use the best epoch of a head, selected on the test set, as the paper’s do. They are higher than with an epoch fixed in advance; all others use the last epoch.',
    'chosen-on-test-set':
      'Means and verdicts use the best epoch of a head, which is selected on the test set, as in the official code. They are higher than with an epoch fixed in advance.',
    pending: 'Some runs have not finished; their rows are pending.',
    'paper-single-witness':
      'The figures of the paper were read from a text conversion and checked against other sources where there were any.',
    'no-energy': 'Energy use was not measured.',
  },
  checklist: {
    intro:
      'Answered from the records, not by hand (after the NeurIPS paper checklist and the ML Code Completeness checklist).',
    answers: { yes: 'yes', no: 'no', 'not-applicable': 'n.a.' },
    items: {
      claims: 'Were claims stated to be tested?',
      'rules-before': 'Was the rule for each claim stored before its runs?',
      results: 'Is there a figure for every evaluation?',
      'error-bars': 'Does every figure have an interval?',
      seeds: 'Are the main figures from at least three seeds?',
      hyperparameters: 'Does every recorded configuration name all options, including defaults?',
      'data-identity': 'Is the data identified by a hash of its contents?',
      'data-licence': 'Is the licence of the data known?',
      leaks: 'Are the splits free of shared images?',
      compute: 'Is the hardware of every run recorded?',
      checkpoints: 'Are the weights available, with hashes?',
      energy: 'Was energy use measured?',
    },
  },
};

/** The same texts in another language. */
export type Words = Omit<typeof en, 'language'> & { readonly language: 'en' | 'zh' };
