/** The user's settings: one small file in the workspace. */
import { join } from 'node:path';
import * as v from 'valibot';
import { readJson, writeJson } from '../../../trainer/durable/files.ts';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Settings } from '../../api/settings.ts';

export const SettingsSchema = v.strictObject({
  language: v.picklist(['system', 'en', 'zh']),
  theme: v.picklist(['system', 'light', 'dark']),
  resumeAutomatically: v.boolean(),
  keepAwake: v.boolean(),
  threads: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(256))),
});

const initial: Settings = {
  language: 'system',
  theme: 'system',
  resumeAutomatically: false,
  keepAwake: true,
  threads: null,
};

const limit = 1 << 20;
const fileIn = (home: string): string => join(home, 'settings.json');

export async function readSettings(home: string): Promise<Settings> {
  const stored = await readJson(fileIn(home), limit);
  if (stored === null) return initial;
  const parsed = v.safeParse(SettingsSchema, stored);
  if (parsed.success) return parsed.output;
  const message = `${fileIn(home)} is not as expected: ${parsed.issues[0].message}. Mend or delete it.`;
  throw new FaultError('unreadable-file', message, { path: fileIn(home) });
}

export async function writeSettings(home: string, settings: Settings): Promise<Settings> {
  await writeJson(fileIn(home), settings);
  return settings;
}
