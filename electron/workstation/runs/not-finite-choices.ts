/** What the user chose each time a run had paused because going back did not help: a file of its folder, for it is part of what the run is. */
import { join } from 'node:path';
import * as v from 'valibot';
import { readJson, writeJson } from '../../../trainer/durable/files.ts';
import {
  NotFiniteChoices,
  notFiniteChoicesFile,
  whenNotFiniteOf,
  type WhenNotFinite,
} from '../../../trainer/protocol/when-not-finite.ts';
import type { StoredRun } from '../store/store.ts';

const limit = 1 << 20;

/** Oldest first; empty where the run never asked. */
export async function readChoices(folder: string): Promise<NotFiniteChoices> {
  const found = await readJson(join(folder, notFiniteChoicesFile), limit);
  return found === null ? [] : v.parse(NotFiniteChoices, found);
}

/** What counts in the next attempt: what was chosen last, or what its configuration says. */
export async function newestChoice({ folder, config }: Pick<StoredRun, 'folder' | 'config'>): Promise<WhenNotFinite> {
  return (await readChoices(folder)).at(-1) ?? whenNotFiniteOf(config);
}

export async function addChoice(folder: string, chosen: WhenNotFinite): Promise<void> {
  await writeJson(join(folder, notFiniteChoicesFile), [...(await readChoices(folder)), chosen]);
}
