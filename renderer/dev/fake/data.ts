/** Made-up data sets and weights. */
import type { DatasetRow } from '../../../electron/api/datasets.ts';
import type { CopiedPicture } from '../../../trainer/protocol/copies.ts';
import type { Inspection } from '../../../trainer/protocol/dataset.ts';
import type { ImportedWeights } from '../../../trainer/protocol/weights.ts';
import { drawnPicture, pictureAnswers, streetClasses } from './pictures.ts';
import { type FakeAnswers, type FakeWorld, minutes } from './world.ts';

const copied = (split: string, file: string, index: number): CopiedPicture => ({
  split,
  index,
  file: `${file} image ${index}`,
  class: 'Coat',
  width: 28,
  height: 28,
});

export const inspection: Inspection = {
  version: 1,
  dataset: 'idx',
  title: 'Fashion-MNIST',
  path: '/data/fashion-mnist',
  contents: 'checked',
  fingerprint: 'a9c1e0d47bb2f3e8',
  expected: [],
  found: [],
  splits: [
    { split: 'train', images: 60_000, perClass: Array.from({ length: 10 }, () => 6000) },
    { split: 'test', images: 10_000, perClass: Array.from({ length: 10 }, () => 1000) },
  ],
  classes: ['T-shirt/top', 'Trouser', 'Pullover', 'Dress', 'Coat', 'Sandal', 'Shirt', 'Sneaker', 'Bag', 'Ankle boot'],
  channels: 1,
  smallest: [28, 28],
  largest: [28, 28],
  bytes: 30_900_000,
  rejects: [],
  rejectCount: 0,
  rejectKinds: [],
  choices: [],
  unused: [],
  warnings: [],
  leaks: [['train/1284', 'test/77']],
  leakCount: 12,
  duplicateCount: 43,
  nearDuplicates: {
    count: 34,
    leaked: 26,
    plain: 1,
    pairs: [[], ['mirrored' as const]].map((changes, at) => ({
      picture: copied('test', 't10k-images-idx3-ubyte', 77 + at),
      copyOf: copied('train', 'train-images-idx3-ubyte', 1284 + at),
      exact: false,
      changes,
      likeness: 0.9987 - at / 100,
    })),
  },
  licence: 'MIT',
  source: 'github.com/zalandoresearch/fashion-mnist',
  splitRule: null,
  seconds: 2.4,
};
export const wrongFolder: Inspection = {
  ...inspection,
  dataset: null,
  title: '',
  path: '/home/me/Documents',
  splits: [],
  classes: [],
  expected: [
    'a folder for each split, in it a folder for each class: train/cat/1.jpg, val/cat/2.jpg',
    'a folder for each class: cat/1.jpg, dog/2.jpg; a tenth becomes val',
    'train-images-idx3-ubyte and train-labels-idx1-ubyte, and the same for t10k (or test)',
  ].map((say) => ({ say, with: [] })),
  found: [
    {
      say: '{1}, {2}: {3}',
      with: [{ say: '{1} folders', with: [2] }, { say: '{1} files', with: [14] }, ['letters/', 'taxes/', 'paper.pdf']],
    },
  ],
};
/** Pictures with annotated objects. */
export const streets: Inspection = {
  ...inspection,
  dataset: 'coco',
  title: 'COCO',
  path: '/data/streets',
  channels: 3,
  leaks: [],
  leakCount: 0,
  duplicateCount: 0,
  nearDuplicates: { count: 0, leaked: 0, plain: 0, pairs: [] },
  severalClasses: true,
  classes: streetClasses,
  splits: [
    {
      split: 'train',
      images: 1200,
      perClass: [800, 640, 90],
      objects: {
        perClass: [2310, 1204, 96],
        imagesPerClass: [800, 640, 90],
        crowds: 14,
        difficult: 0,
        masks: 3598,
        imagesWithout: 171,
        most: 93,
        problems: [
          { kind: 'no-area', count: 3, examples: ['train/12.png', 'train/40.png'] },
          { kind: 'unknown-image', count: 1, examples: ['9031'] },
        ],
      },
    },
    {
      split: 'val',
      images: 300,
      perClass: [190, 150, 0],
      objects: {
        perClass: [560, 301, 0],
        imagesPerClass: [190, 150, 0],
        crowds: 2,
        difficult: 5,
        masks: 861,
        imagesWithout: 0,
        most: 41,
        problems: [{ kind: 'no-area', count: 1, examples: ['val/3.png'] }],
      },
    },
  ],
};
const weights: readonly ImportedWeights[] = [
  {
    version: 1,
    id: '00c0ffee00c0ffee',
    name: 'resnet50',
    file: 'resnet50.pth',
    format: 'pth',
    bytes: 94_356_000,
    prefix: 'module.backbone.',
    layout: 'torchvision',
    network: 'module.backbone',
    networks: [{ name: 'module.backbone', tensors: 265, why: 'only' }],
    why: 'only',
    path: '/home/me/resnet50.pth',
    norms: { images: 16, scaling: 'imagenet', distance: 0.12, layer: 'layer3.1.bn1', first: null, verdict: 'fits' },
    passedOver: [],
    warnings: [],
    detector: null,
    noDetector: null,
    channels: 3,
    tensors: 265,
    sameAs: [],
    importedAt: minutes(30),
    encoder: { id: 'resnet-50', options: { stem: 'imagenet', width: 64 } },
    unmatched: ['module.projector.0.weight', 'module.projector.0.bias', 'epoch'],
    origin: { method: 'vicreg', pretrainedOn: 'imagenet', epochs: 1000, batch: 2048 },
  },
  {
    version: 1,
    id: 'de7ec70200c0ffee',
    name: 'mask_rcnn_R_50_FPN_3x',
    file: 'model_final_f10217.pkl',
    format: 'pth',
    bytes: 177_841_981,
    prefix: 'model.backbone.bottom_up.',
    layout: 'detectron2',
    network: 'model.backbone.bottom_up',
    networks: [{ name: 'model.backbone.bottom_up', tensors: 265, why: 'only' }],
    why: 'only',
    path: '/home/me/model_final_f10217.pkl',
    norms: null,
    passedOver: [],
    warnings: [],
    convention: { is: 'caffe2', from: 'norms' },
    detector: {
      evaluator: 'detection-fpn',
      prefix: 'model.',
      classes: 3,
      options: { norm: 'frozen', channels: 256, boxWidth: 1024, pyramidNorm: false },
      tensors: 42,
    },
    noDetector: null,
    channels: 3,
    tensors: 265,
    sameAs: [],
    importedAt: minutes(20),
    encoder: { id: 'resnet-caffe2', options: { layers: '50', width: 64 } },
    unmatched: [],
    origin: { method: null, pretrainedOn: null, epochs: null, batch: null },
  },
];
const datasets: readonly DatasetRow[] = [
  {
    fingerprint: 'fashion',
    name: 'Fashion-MNIST',
    path: '/data/fashion-mnist',
    inspection,
    inspectedAt: minutes(240),
    state: 'ready',
    builtIn: true,
    excluded: 0,
    evaluators: ['linear', 'knn'],
  },
  {
    fingerprint: 'tools',
    name: 'Workshop tools',
    path: '/home/me/tools',
    inspectedAt: minutes(2000),
    state: 'changed',
    builtIn: false,
    excluded: 0,
    evaluators: ['linear', 'knn'],
    inspection: {
      ...inspection,
      dataset: 'image-folder',
      title: 'Image folder',
      path: '/home/me/tools',
      channels: 3,
      smallest: [320, 240],
      largest: [4032, 3024],
      bytes: 2_840_000_000,
      leakCount: 0,
      leaks: [],
      duplicateCount: 0,
      nearDuplicates: { count: 0, leaked: 0, plain: 0, pairs: [] },
      licence: null,
      source: null,
      splitRule: 'hash',
      splits: [
        { split: 'train', images: 1810, perClass: [702, 655, 453] },
        { split: 'val', images: 201, perClass: [78, 73, 50] },
      ],
      classes: ['hammer', 'plane', 'saw'],
      rejects: [
        { file: 'saw/IMG_2044.jpg', reason: 'truncated' },
        { file: 'plane/notes.txt', reason: 'not-an-image' },
      ],
      rejectCount: 2,
    },
  },
  {
    fingerprint: 'street',
    name: 'Streets',
    path: '/data/streets',
    inspectedAt: minutes(90),
    state: 'ready',
    builtIn: false,
    excluded: 0,
    evaluators: ['detection-c4'],
    inspection: streets,
  },
];

export function weightsAnswers(
  world: FakeWorld,
): FakeAnswers<'weights' | 'importWeights' | 'describeWeights' | 'removeWeights' | 'chooseFile'> {
  return {
    weights: () => (world.empty ? [] : weights),
    importWeights: async () => {
      await world.sideJob('importWeights', 'scanning');
      return weights[0]!;
    },
    describeWeights: (_id, name, origin) => ({ ...weights[0]!, name, origin }),
    removeWeights: () => undefined,
    chooseFile: (kind) => (kind === 'detections' ? '/home/me/found.json' : '/home/me/resnet50.pth'),
  };
}

export function datasetAnswers(
  world: FakeWorld,
): FakeAnswers<
  | 'datasets'
  | 'knownData'
  | 'chooseFolder'
  | 'inspect'
  | 'addDataset'
  | 'removeDataset'
  | 'thumbnails'
  | 'pictures'
  | 'picture'
  | 'augmentedViews'
  | 'showPicture'
  | 'excludePicture'
  | 'writeSampleSet'
  | 'cancelJob'
  | 'cancelContentsCheck'
> {
  return {
    datasets: () => (world.empty ? [] : datasets),
    knownData: () => [
      { name: 'fashion-mnist', dataset: 'idx', path: '/data/fashion-mnist', missing: null },
      {
        name: 'sample',
        dataset: 'image-folder',
        path: null,
        missing: 'The built-in sample set has not been written yet.',
      },
    ],
    chooseFolder: () => '/home/me/Documents',
    inspect: async (path) => {
      await world.sideJob('inspect', 'scanning');
      return path.includes('fashion') ? inspection : wrongFolder;
    },
    addDataset: () => datasets[0]!,
    removeDataset: () => undefined,
    thumbnails: (_fingerprint, _split, which) =>
      (typeof which === 'number' ? [...Array(which).keys()] : which).map((index) => ({
        index,
        label: inspection.classes[index % 10] ?? '',
        ...drawnPicture(index),
      })),
    ...pictureAnswers(),
    writeSampleSet: async () => {
      await world.sideJob('sample', 'scanning');
      return inspection;
    },
    cancelJob: () => undefined,
    cancelContentsCheck: () => undefined,
  };
}
