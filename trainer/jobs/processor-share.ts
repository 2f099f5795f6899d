/** A gap this long between two looks at the clock is not the program's own doing. */
const gapMilliseconds = 2;

/**
 * Keeps one core busy for so long and says how much of it was given, 0 to 1. On a machine that is shared, with other
 * programs or, under a hypervisor, with other machines, that is less than all of it; nothing else shows the latter.
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
