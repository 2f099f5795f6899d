/** Options that only work with another: asked by forms, and once more when a run is created. */
import type { OptionDescription, Options } from '../../trainer/protocol/options.ts';

/** What an option needs of another and does not have; null where nothing is amiss. */
export function unmetNeed(
  { key, default: usual, needs }: Pick<OptionDescription, 'key' | 'default' | 'needs'>,
  options: Options,
): NonNullable<OptionDescription['needs']> | null {
  if (needs === undefined || options[key] === usual || options[needs.option] === needs.is) return null;
  return needs;
}
