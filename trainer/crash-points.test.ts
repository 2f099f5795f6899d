/** Every call by which the trainer changes a disk, and everything that can go wrong at it. */
import { testAtEachCall } from './durable/testing/scene-tests.ts';
import { trainerScenes } from './testing/disk-scenes.ts';

testAtEachCall(trainerScenes);
