/** Every call by which the workstation changes a workspace, and everything that can go wrong at it. */
import { testAtEachCall } from '../../trainer/durable/testing/scene-tests.ts';
import { workspaceScenes } from './testing/disk-scenes.ts';

testAtEachCall(workspaceScenes);
