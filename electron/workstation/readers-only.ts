/** What a workspace that is open for reading answers. */
import { FaultError } from '../../trainer/durable/fault-error.ts';
import type { Requests } from '../api/requests.ts';
import type { Handlers } from './requests.ts';

/** Requests that do not change the workspace and so need no lock. A report is a separate folder. */
const readers = new Set<keyof Requests>([
  ...([
    'about',
    'chooseHome',
    'logFailure',
    'catalogue',
    'presets',
    'draftRun',
    'comparePresets',
    'fastestExecution',
    'precisions',
    'estimate',
    'draftEvaluation',
  ] as const),
  ...([
    'runs',
    'runColumns',
    'run',
    'queue',
    'metric',
    'log',
    'detections',
    'detectionErrors',
    'predictedClasses',
    'predictedImages',
    'testedPictures',
    'testedPicture',
    'mapMoments',
    'recordsHeld',
    'interrupted',
    'progress',
    'plans',
    'datasets',
    'knownData',
    'chooseFolder',
    'chooseFile',
    'chooseFiles',
    'weights',
    'referenceCurves',
    'referenceSeries',
  ] as const),
  ...([
    'inspect',
    'thumbnails',
    'pictures',
    'picture',
    'augmentedViews',
    'showPicture',
    'evaluateDetections',
    'cancelJob',
    'cancelContentsCheck',
    'compare',
    'runPalette',
    'exportReport',
    'reports',
    'checkReport',
    'openReport',
    'showInFolder',
  ] as const),
  ...([
    'hardware',
    'doctor',
    'openLink',
    'updates',
    'checkForUpdates',
    'licences',
    'licenceText',
    'openLicence',
  ] as const),
  // A build of TensorFlow is no part of a workspace.
  ...(['gpuBuild', 'installGpuBuild', 'tryGpuBuild', 'removeGpuBuild'] as const),
]);

/** The same handlers for a read-only workspace; other requests are rejected with the reason. */
export function readersOnly(handlers: Handlers, home: string): Handlers {
  const refuse = (name: string) => (): never => {
    throw new FaultError('locked', `"${name}" changes the workspace ${home}, which is open for reading only.`, {
      home,
    });
  };
  return Object.fromEntries(
    Object.entries(handlers).map(([name, handler]) =>
      readers.has(name as keyof Requests) ? [name, handler] : [name, { ...handler, answer: refuse(name) }],
    ),
  ) as unknown as Handlers;
}
