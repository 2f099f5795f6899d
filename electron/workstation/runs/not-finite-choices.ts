/** What the user chose each time a run had paused because going back did not help: a file of its folder, for it is part of what the run is. */
import { join } from 'node:path';
import * as v from 'valibot';
import { readSealedAs, writeSealedJson } from '../../../trainer/durable/sealed-json.ts';
import {
  NotFiniteChoices,
  notFiniteChoicesFile,
  whenNotFiniteOf,
  type WhenNotFinite,
} from '../../../trainer/protocol/when-not-finite.ts';
import type { StoredRun } from '../store/store.ts';

const limit = 1 << 20;

/** Older versions wrote the list alone. */
const Stored = v.union([v.strictObject({ choices: NotFiniteChoices }), NotFiniteChoices]);

/** Oldest first; empty where the run never asked. */
export async function readChoices(folder: string): Promise<NotFiniteChoices> {
  const found = await readSealedAs(join(folder, notFiniteChoicesFile), limit, Stored);
  if (found === null) return [];
  return 'choices' in found ? found.choices : found;
}

/** What counts in the next attempt: what was chosen last, or what its configuration says. */
export async function newestChoice({ folder, config }: Pick<StoredRun, 'folder' | 'config'>): Promise<WhenNotFinite> {
  return (await readChoices(folder)).at(-1) ?? whenNotFiniteOf(config);
}

export async function addChoice(folder: string, chosen: WhenNotFinite): Promise<void> {
  await writeSealedJson(join(folder, notFiniteChoicesFile), { choices: [...(await readChoices(folder)), chosen] });
}
