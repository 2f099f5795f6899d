/** Keeps the computer from sleeping while a run is training, if the settings ask for it. */
import type { PowerMonitor, PowerSaveBlocker } from 'electron';

/** `plugged-in`: not while it runs on its battery. */
export type AwakeWish = 'never' | 'plugged-in' | 'always';

/** @returns a function that takes the wish; repeated calls with the same one have no effect */
export function createWakefulness(
  blockers: Pick<PowerSaveBlocker, 'start' | 'stop'>,
  power: Pick<PowerMonitor, 'on' | 'isOnBatteryPower'>,
): (wish: AwakeWish) => void {
  let wish: AwakeWish = 'never';
  let blocker: number | null = null;

  function apply(): void {
    const wanted = wish === 'always' || (wish === 'plugged-in' && !power.isOnBatteryPower());
    if (wanted && blocker === null) blocker = blockers.start('prevent-app-suspension');
    else if (!wanted && blocker !== null) {
      blockers.stop(blocker);
      blocker = null;
    }
  }
  power.on('on-battery', apply);
  power.on('on-ac', apply);
  return (next) => {
    wish = next;
    apply();
  };
}
