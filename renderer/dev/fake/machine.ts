import type { Licence } from '../../../electron/api/licences.ts';
import type { Version } from '../../../electron/api/updates.ts';
/** The made-up machine, and the program on it. */
import type { DoctorReport } from '../../../trainer/protocol/hardware.ts';
import type { GpuBuild } from '../../../electron/api/gpu-build.ts';
import { type FakeAnswers, type FakeWorld, pause } from './world.ts';

const checks: DoctorReport['checks'] = [
  {
    id: 'runtime',
    state: 'ok',
    text: 'node 22.23.3, electron 33.2.1 on linux x64.',
    values: { node: '22.23.3', electron: '33.2.1' },
  },
  {
    id: 'tensorflow',
    state: 'ok',
    text: 'TensorFlow 2.21.0 loads.',
    values: { version: '2.21.0', threads: 2, instructionSet: 'AVX2 FMA' },
  },
  {
    id: 'device',
    state: 'ok',
    text: 'A 1024 × 1024 matrix product ran on CPU:0 in 31.4 ms.',
    values: { executedOn: 'CPU:0', milliseconds: 31.4, gigaflops: 68, size: 1024 },
  },
  {
    id: 'processor',
    state: 'attention',
    text: 'A busy thread gets only 62 % of a core.',
    values: { percent: 62 },
  },
  {
    id: 'gpu',
    state: 'attention',
    text: 'NVIDIA GeForce RTX 3060 is there, but TensorFlow cannot compute on it.',
    values: { count: 1, names: 'NVIDIA GeForce RTX 3060', why: 'TensorFlow sees no GPU 0.' },
  },
  {
    id: 'disk',
    state: 'ok',
    text: '197 GiB free; 64 MiB written and synced at 402 MiB/s (fsync 12 ms).',
    values: { freeBytes: 212e9, bytesPerSecond: 421_000_000, fsyncMilliseconds: 12 },
  },
  {
    id: 'display',
    state: 'attention',
    text: 'No display: the app cannot open a window here; everything works in the terminal.',
    values: { display: '' },
  },
  {
    id: 'sandbox',
    state: 'attention',
    text: 'The window runs without Chromium’s sandbox (--no-sandbox), because the program runs as root.',
    values: { user: 'root' },
  },
  {
    id: 'database',
    state: 'ok',
    text: 'The run database opens and holds 7 runs (412 KiB).',
    values: { runs: 7, bytes: 421_888 },
  },
];

const gpuBuild: GpuBuild = {
  version: '2.21.0',
  cards: ['NVIDIA GeForce RTX 3060'],
  concern: null,
  state: 'absent',
  fault: null,
  host: 'pypi.org',
  folder: '/home/me/.local/share/reprise-tensorflow/gpu-2.21.0-178be432',
  downloadBytes: 2.5e9,
  wholeDownloadBytes: 2.5e9,
  installedBytes: 4.1e9,
  neededBytes: 4.7e9,
  freeBytes: 212e9,
  usedBytes: 0,
  licences: [
    { name: 'Apache License 2.0', link: 'https://github.com/', packages: ['tensorflow 2.21.0'] },
    {
      name: 'NVIDIA CUDA Toolkit EULA',
      link: 'https://docs.nvidia.com/',
      packages: ['nvidia-cublas-cu12 12.5.3.2', 'nvidia-cuda-runtime-cu12 12.5.82', 'nvidia-cufft-cu12 11.2.3.61'],
    },
    {
      name: 'NVIDIA cuDNN Software License Agreement',
      link: 'https://docs.nvidia.com/',
      packages: ['nvidia-cudnn-cu12 9.3.0.75'],
    },
  ],
};

const aboutProgram = (world: FakeWorld) => ({
  version: '0.1.0',
  edition: '-dev',
  home: '/home/me/Reprise',
  platform: 'linux x64',
  versions: { electron: '33.2.1', node: '22.23.3', tensorflow: '2.21.0' },
  systemLanguage: world.language,
  settings: world.settings,
  damage: [],
  upgrade: null,
});

const parts: readonly Licence[] = [
  {
    name: '@img/sharp-libvips-linux-x64',
    version: '1.3.4',
    licence: 'LGPL-3.0-or-later',
    from: 'https://sharp.pixelplumbing.com',
    contains: [
      { name: 'aom', version: '3.15.1', licence: 'BSD-2-Clause' },
      { name: 'vips', version: '8.18.7', licence: 'LGPL-3.0-or-later' },
    ],
    isPage: false,
  },
  {
    name: 'Chromium',
    version: 'of Electron 33.2.1',
    licence: 'BSD-3-Clause',
    from: 'https://www.chromium.org',
    contains: [],
    isPage: true,
  },
  {
    name: 'TensorFlow',
    version: '2.21.0',
    licence: 'Apache-2.0',
    from: 'https://www.tensorflow.org',
    contains: [],
    isPage: false,
  },
];

const newer: Version = {
  version: '0.2.0',
  date: '2026-06-01',
  notes: {
    en: 'Plans of several papers.\nReports show each figure’s interval.',
    zh: '支持多篇论文的计划。\n报告给出每个数值的区间。',
  },
  page: 'https://reprise.example/0.2.0',
  files: [{ address: 'https://reprise.example/reprise-0.2.0.deb', sha256: '3f0c9a51'.repeat(8), bytes: 451_200_000 }],
};

/** Downloads nothing, and works. */
function gpuBuildAnswers(
  world: FakeWorld,
): FakeAnswers<'gpuBuild' | 'installGpuBuild' | 'tryGpuBuild' | 'removeGpuBuild'> {
  let build = gpuBuild;
  const change = (changed: Partial<GpuBuild>): GpuBuild => {
    build = { ...build, ...changed };
    world.push('gpuBuildChanged', null);
    return build;
  };
  return {
    gpuBuild: () => build,
    installGpuBuild: async () => {
      change({ state: 'installing' });
      await world.sideJob('installBuild', 'downloading');
      return change({ state: 'used', usedBytes: build.installedBytes, downloadBytes: 0 });
    },
    tryGpuBuild: () => change({ state: 'used', fault: null }),
    removeGpuBuild: () => change(gpuBuild),
  };
}

export function machineAnswers(
  world: FakeWorld,
): FakeAnswers<
  | 'about'
  | 'changeSettings'
  | 'chooseHome'
  | 'chooseFiles'
  | 'logFailure'
  | 'showInFolder'
  | 'hardware'
  | 'doctor'
  | 'gpuBuild'
  | 'installGpuBuild'
  | 'tryGpuBuild'
  | 'removeGpuBuild'
  | 'openLink'
  | 'updates'
  | 'checkForUpdates'
  | 'licences'
  | 'licenceText'
  | 'openLicence'
> {
  return {
    about: () => aboutProgram(world),
    changeSettings: (next) => (world.settings = next),
    chooseHome: () => null,
    logFailure: () => undefined,
    showInFolder: () => undefined,
    hardware: () => ({
      at: Date.now(),
      devices: [
        {
          id: 'cpu',
          name: 'AMD EPYC 7R13 (2)',
          kind: 'cpu',
          usePercent: { value: 88 + 8 * Math.sin(Date.now() / 4000), source: '/proc/stat' },
          memoryUsedBytes: { value: 4.2e9 + 2e8 * Math.sin(Date.now() / 9000), source: '/proc/meminfo' },
          memoryTotalBytes: { value: 24.9e9, source: '/proc/meminfo' },
          temperatureCelsius: { value: null, source: 'not readable' },
          powerWatts: { value: null, source: 'not readable' },
        },
        {
          id: 'gpu:0',
          name: 'NVIDIA GeForce RTX 3060',
          kind: 'gpu',
          usePercent: { value: 0, source: 'nvidia-smi' },
          memoryUsedBytes: { value: 4e8, source: 'nvidia-smi' },
          memoryTotalBytes: { value: 12.9e9, source: 'nvidia-smi' },
          temperatureCelsius: { value: 38, source: 'nvidia-smi' },
          powerWatts: { value: 14, source: 'nvidia-smi' },
        },
      ],
      diskFreeBytes: { value: 212e9, source: 'statfs' },
      diskTotalBytes: { value: 512e9, source: 'statfs' },
      trainerMemoryBytes: { value: 912e6, source: 'trainer' },
    }),
    doctor: async () => {
      await pause(300);
      return { at: Date.now(), checks };
    },
    ...gpuBuildAnswers(world),
    chooseFiles: () => ['/home/me/Downloads/tensorflow-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl'],
    openLink: () => undefined,
    licences: () => parts,
    licenceText: () => 'Apache License\nVersion 2.0, January 2004\n'.repeat(40),
    openLicence: () => undefined,
    updates: () => ({ host: 'reprise.example', checkedAt: null, newer: null }),
    checkForUpdates: () => ({ host: 'reprise.example', checkedAt: Date.now(), newer }),
  };
}
