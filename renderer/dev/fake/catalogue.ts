/** The recipes the made-up workstation offers. */
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { OptionDescription } from '../../../trainer/protocol/options.ts';

const option = (
  key: string,
  kind: OptionDescription['kind'],
  fallback: OptionDescription['default'],
  more: Partial<OptionDescription> = {},
): OptionDescription => ({ key, kind, default: fallback, comparable: false, ...more });
const positive = { minimum: 0 };

export const catalogue: Catalogue = {
  version: '0.1.0',
  methods: [
    {
      id: 'vicreg',
      title: 'VICReg',
      paper: 'vicreg',
      branches: 2,
      views: 2,
      mostViews: 2,
      labels: false,
      options: [
        option('invariance', 'number', 25, positive),
        option('variance', 'number', 25, positive),
        option('covariance', 'number', 1, positive),
        option('gamma', 'number', 1, positive),
        option('eps', 'number', 1e-4, positive),
        option('varianceSum', 'choice', 'official-code', { choices: ['official-code', 'paper-algorithm-1'] }),
        option('expander', 'numbers', [8192, 8192, 8192], { minimum: 1 }),
      ],
    },
    {
      id: 'supervised',
      title: 'Supervised',
      paper: null,
      branches: 1,
      views: 1,
      mostViews: 1,
      labels: true,
      options: [],
    },
  ],
  encoders: [
    {
      id: 'resnet-18',
      title: 'ResNet-18',
      options: [
        option('stem', 'choice', 'small', { choices: ['small', 'imagenet'] }),
        option('stemStride', 'integer', 1, { minimum: 1, maximum: 2 }),
        option('width', 'integer', 64, { minimum: 4, maximum: 512 }),
      ],
    },
    { id: 'resnet-50', title: 'ResNet-50', options: [] },
  ],
  optimizers: [
    {
      id: 'adamw',
      title: 'AdamW',
      options: [option('rate', 'number', 0.001, positive), option('weightDecay', 'number', 0.01, positive)],
    },
    {
      id: 'lars',
      title: 'LARS',
      options: [
        option('baseRate', 'number', 0.2, positive),
        option('momentum', 'number', 0.9, { minimum: 0, maximum: 1 }),
      ],
    },
  ],
  schedules: [
    {
      id: 'warmup-cosine',
      title: 'Warm-up and cosine',
      options: [
        option('warmupEpochs', 'number', 10, positive),
        option('finalFactor', 'number', 0.001, { minimum: 0, maximum: 1 }),
      ],
    },
  ],
  evaluators: [
    {
      id: 'linear',
      title: 'Linear evaluation',
      probe: false,
      states: {},
      metrics: [
        { name: 'top1', unit: 'share' },
        { name: 'top5', unit: 'share', secondary: true },
      ],
      margin: { points: 0.5 },
      options: [
        option('inputs', 'choice', 'features', { choices: ['images', 'features'], comparable: true }),
        option('epochs', 'number', 15, { comparable: true }),
        option('lr', 'number', 0.01),
      ],
    },
    {
      id: 'knn',
      title: 'k-NN',
      probe: true,
      states: {},
      metrics: [
        { name: 'top1', unit: 'share' },
        { name: 'top5', unit: 'share', secondary: true },
      ],
      margin: { points: 0.7 },
      options: [
        option('k', 'integer', 20, { minimum: 1, comparable: true }),
        option('temperature', 'number', 0.07, { comparable: true }),
      ],
    },
  ],
  datasets: [],
};
