/** The workstation's work on a disk, SQLite's included, by a process of its own, killed by the system at each of its calls. */
import { join } from 'node:path';
import { testAtEachSystemCall } from '../../trainer/durable/testing/scene-tests.ts';
import { storeScenes } from './store/testing/store-scenes.ts';
import { workspaceScenes } from './testing/disk-scenes.ts';

const storeProgram = join(import.meta.dirname, 'store', 'testing', 'store-scenes.ts');
const workspaceProgram = join(import.meta.dirname, 'testing', 'disk-scenes.ts');

testAtEachSystemCall([
  ...storeScenes.map((scene) => ({ scene, program: storeProgram })),
  ...workspaceScenes.map((scene) => ({ scene, program: workspaceProgram })),
]);
