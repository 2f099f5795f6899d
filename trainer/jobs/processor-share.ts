/** A gap this long between two clock readings is not caused by this program. */
const gapMilliseconds = 2;

/**
 * Keeps one core busy for the given time and returns the fraction of it received, 0 to 1. On a machine shared with
 * other programs or, under a hypervisor, with other machines, it is below 1; nothing else reveals the latter.
 */
export function measureProcessorShare(milliseconds: number): number {
  const began = performance.now();
  let [last, lost] = [began, 0];
  while (last - began < milliseconds) {
    const now = performance.now();
    if (now - last > gapMilliseconds) lost += now - last;
    last = now;
  }
  return 1 - lost / (last - began);
}
