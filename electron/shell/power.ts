/** Sleep and shutdown of the machine: the run that trains is saved before, and goes on after. */
import type { PowerMonitor } from 'electron';
import type { Workstation } from '../workstation/workstation.ts';

/** @param endSession saves, records and exits; a shutdown is delayed for as long as the system allows */
export function followPower(
  power: Pick<PowerMonitor, 'on'>,
  { sleep, wake }: Pick<Workstation, 'sleep' | 'wake'>,
  endSession: () => void,
): void {
  power.on('suspend', sleep);
  power.on('resume', wake);
  const onShutdown = (event: { readonly preventDefault: () => void }): void => {
    event.preventDefault();
    endSession();
  };
  // Its listener gets an event, which Electron's types leave out.
  power.on('shutdown', onShutdown as () => void);
}
