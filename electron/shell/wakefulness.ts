/** Keeps the computer from sleeping while a run is training, where the settings ask for it. */
import { powerSaveBlocker } from 'electron';

/** @returns a function that takes or gives up the block; calling it twice with the same value changes nothing */
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
