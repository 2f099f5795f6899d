/** The workspace to open: given by the environment, chosen in the settings, or the default. */
import { app } from 'electron';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMissing } from '../../trainer/durable/files.ts';
import { defaultHome } from '../workstation/workspace/home.ts';

function file(): string {
  return join(app.getPath('userData'), 'home.txt');
}

export function rememberedHome(): string {
  const asked = process.env['REPRISE_HOME'];
  if (asked !== undefined && asked !== '') return asked;
  try {
    const chosen = readFileSync(file(), 'utf8').trim();
    if (chosen !== '') return chosen;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return defaultHome();
}

export function rememberHome(folder: string): void {
  writeFileSync(file(), folder);
}
