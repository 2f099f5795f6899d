/** Default location of the workspace, for both the app and the terminal. */
import { homedir } from 'node:os';
import { join } from 'node:path';

export function defaultHome(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  const asked = environment['REPRISE_HOME'];
  if (asked !== undefined && asked !== '') return asked;
  if (platform === 'win32') return join(environment['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'Reprise');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Reprise Workspace');
  return join(environment['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'reprise');
}
