/** The index of Python packages that the user's environment names, as pip has it: by a variable, or in pip's own settings. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { FaultError } from '../../../trainer/durable/fault-error.ts';

const usual = 'https://pypi.org/simple/';

/** pip's files of settings, the nearest to the user first. */
const settingsFiles = (environment: NodeJS.ProcessEnv): readonly string[] => [
  ...(environment['PIP_CONFIG_FILE'] ? [environment['PIP_CONFIG_FILE']] : []),
  join(environment['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'pip', 'pip.conf'),
  join(homedir(), '.pip', 'pip.conf'),
  '/etc/pip.conf',
];

export async function packageIndex(environment: NodeJS.ProcessEnv): Promise<URL> {
  const named = environment['PIP_INDEX_URL'] || (await inSettings(environment)) || usual;
  if (URL.canParse(named)) return new URL(named);
  throw new FaultError('bad-argument', `The index of packages that pip is set to, "${named}", is no address.`);
}

async function inSettings(environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const path of settingsFiles(environment)) {
    // Most people have none of them.
    const text = await readFile(path, 'utf8').catch(() => '');
    const [, address] = /^[ \t]*index[-_]url[ \t]*[=:][ \t]*(\S+)/m.exec(text) ?? [];
    if (address !== undefined) return address;
  }
  return undefined;
}
