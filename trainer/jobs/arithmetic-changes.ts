/** What makes a resumed run's last bits differ from those of an uninterrupted one. */
import { FaultError } from '../durable/fault-error.ts';
import { arithmeticOf, type Arithmetic, type EngineFacts } from '../engine/binding/engine-facts.ts';
import type { Manifest } from '../protocol/checkpoint.ts';

export type Notice = readonly [code: string, text: string, values: Record<string, string | number>];

/**
 * If the machine now uses other instructions, another GPU, other versions of the libraries or different sums, the bits differ
 * from here on: the resumed run is no longer identical to an uninterrupted one, so the user must accept it.
 *
 * @returns a notice for each difference that was accepted @throws a fault that asks, for the first that was not
 */
export function arithmeticChanges(
  manifest: Pick<Manifest, 'step' | keyof Arithmetic>,
  facts: EngineFacts,
  isAccepted: boolean,
): readonly Notice[] {
  const notices: Notice[] = [];
  const now = arithmeticOf(facts);
  for (const [what, value] of Object.entries(now) as [keyof Arithmetic, string][]) {
    const { [what]: before = 'unknown' } = manifest;
    if (before === value) continue;
    const values = { what, before, now: value };
    if (!isAccepted) {
      throw new FaultError(
        'other-arithmetic',
        `The checkpoint of step ${manifest.step} was made with ${what} ${before}, this machine has ${value}: from ` +
          'there on the last bits would differ. Resume once more to go on all the same; the run will say so.',
        values,
        { retry: 'resume' },
      );
    }
    const text = `Resumed with ${what} ${value}; until step ${manifest.step} it was ${before}. The last bits may differ.`;
    notices.push(['other-arithmetic', text, values]);
  }
  return notices;
}
