/** Keeps the computer from sleeping while a run is training, if the settings ask for it. */
import { powerSaveBlocker } from 'electron';

/** @returns a function that acquires or releases the block; repeated calls with the same value have no effect */
export function createWakefulness(): (wanted: boolean) => void {
  let blocker: number | null = null;
  return (wanted) => {
    if (wanted && blocker === null) blocker = powerSaveBlocker.start('prevent-app-suspension');
    else if (!wanted && blocker !== null) {
      powerSaveBlocker.stop(blocker);
      blocker = null;
    }
  };
}
