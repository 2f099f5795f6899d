/** The trainer's work on a disk by a process of its own, killed by the system at each of its calls. */
import { join } from 'node:path';
import { testAtEachSystemCall } from './durable/testing/scene-tests.ts';
import { trainerScenes } from './testing/disk-scenes.ts';

const program = join(import.meta.dirname, 'testing', 'disk-scenes.ts');
testAtEachSystemCall(trainerScenes.map((scene) => ({ scene, program })));
