/** The user's settings: one small file in the workspace. */
import { join } from 'node:path';
import * as v from 'valibot';
import { readJson } from '../../../trainer/durable/files.ts';
import { readSealedJson, writeSealedJson } from '../../../trainer/durable/sealed-json.ts';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import type { Settings } from '../../api/settings.ts';

export const SettingsSchema = v.strictObject({
  language: v.picklist(['system', 'en', 'zh']),
  theme: v.picklist(['system', 'light', 'dark']),
  resumeAutomatically: v.boolean(),
  keepAwake: v.boolean(),
  awakeOnBattery: v.boolean(),
  notify: v.boolean(),
  checkForUpdates: v.boolean(),
  threads: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(256))),
});

const initial: Settings = {
  language: 'system',
  theme: 'system',
  resumeAutomatically: false,
  keepAwake: true,
  awakeOnBattery: true,
  notify: true,
  checkForUpdates: false,
  threads: null,
};

const limit = 1 << 20;
const fileIn = (home: string): string => join(home, 'settings.json');

export interface ReadSettings {
  readonly settings: Settings;
  /** What could not be used of the file. */
  readonly notes: readonly string[];
}

/** Reads the settings one by one: what is damaged or of another version must not keep the workspace closed. */
export async function readSettings(home: string): Promise<ReadSettings> {
  const path = fileIn(home);
  const notes: string[] = [];
  const stored = await readFields(path, notes).catch((error: unknown) => {
    const why = faultOf(error).message.replace(/[^.]$/, '$&.');
    notes.push(`${why} The usual settings are used.`);
    return null;
  });
  if (stored === null) return { settings: initial, notes };
  if (typeof stored !== 'object' || Array.isArray(stored))
    return { settings: initial, notes: [`${path} has no settings in it. The usual ones are used.`] };
  const read: Record<string, unknown> = { ...initial };
  for (const [key, value] of Object.entries(stored)) {
    const schema = Object.hasOwn(SettingsSchema.entries, key)
      ? SettingsSchema.entries[key as keyof Settings]
      : undefined;
    if (schema === undefined) notes.push(`${path}: this version has no setting "${key}". It is passed over.`);
    else if (v.is(schema, value)) read[key] = value;
    else notes.push(`${path}: ${key} cannot be ${JSON.stringify(value)}. The usual value is used.`);
  }
  // One file is told of once, with all that is to be said of it.
  return { settings: v.parse(SettingsSchema, read), notes: notes.length === 0 ? [] : [notes.join(' ')] };
}

/** A person may have changed the file by hand: its values are used as far as they can be, and that is said. */
async function readFields(path: string, notes: string[]): Promise<unknown> {
  try {
    return await readSealedJson(path, limit);
  } catch {
    const { sha256: _, ...fields } = (await readJson(path, limit)) as Record<string, unknown>;
    notes.push(`${path} is not as Reprise wrote it. Check the settings and save them.`);
    return fields;
  }
}

export async function writeSettings(home: string, settings: Settings): Promise<Settings> {
  await writeSealedJson(fileIn(home), settings);
  return settings;
}
