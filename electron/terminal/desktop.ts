/** Stand-ins for the desktop in a terminal: a trash folder, paths printed instead of opened, a PDF through the app's own program. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { FaultError } from '../../trainer/durable/fault-error.ts';
import type { Installation } from '../workstation/installation.ts';
import type { Desktop } from '../workstation/machine/desktop.ts';

export interface TerminalDesktopOptions extends Pick<Installation, 'window'> {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly print: (text: string) => void;
}

export function createTerminalDesktop(options: TerminalDesktopOptions): Desktop {
  const say = (path: string): Promise<void> => {
    options.print(path);
    return Promise.resolve();
  };
  return {
    pickFolder: () => Promise.resolve(null),
    pickFile: () => Promise.resolve(null),
    pickFiles: () => Promise.resolve([]),
    trash: (path) => moveToTrash(path, options),
    openPath: say,
    showItem: say,
    openLink: say,
    isSandboxed: !electronFlags(options.env).includes('--no-sandbox'),
    htmlToPdf: printer(options),
  };
}

/** The system's trash (freedesktop.org Trash 1.0) where it is on the same disk, else a folder in the workspace. */
async function moveToTrash(path: string, { home, env }: TerminalDesktopOptions): Promise<void> {
  const system = join(env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'Trash');
  const name = `${basename(path)}-${Date.now().toString(36)}`;
  if (process.platform === 'linux' && (await sameDisk(system, path))) {
    for (const folder of ['info', 'files']) await mkdir(join(system, folder), { recursive: true });
    const deleted = new Date().toISOString().slice(0, 19);
    const info = `[Trash Info]\nPath=${encodeURI(resolve(path))}\nDeletionDate=${deleted}\n`;
    // The note first: a file in the trash without one cannot be put back.
    await writeFile(join(system, 'info', `${name}.trashinfo`), info, { flag: 'wx' });
    await rename(path, join(system, 'files', name));
    return;
  }
  await mkdir(join(home, 'trash'), { recursive: true });
  await rename(path, join(home, 'trash', name));
}

async function sameDisk(folder: string, path: string): Promise<boolean> {
  let there = folder;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  const [one, other] = await Promise.all([stat(there), stat(path)]);
  return one.dev === other.dev;
}

/** Flags that Electron needs on this machine, as the start script found them. */
function electronFlags(env: NodeJS.ProcessEnv): readonly string[] {
  const found = env['REPRISE_ELECTRON_FLAGS'];
  if (found !== undefined) return found.split(' ').filter((flag) => flag !== '');
  return process.getuid?.() === 0 ? ['--no-sandbox'] : [];
}

/** The program with a window prints the page; without a display it needs Xvfb. Where either is missing, a sentence says so. */
function printer({ window, env }: TerminalDesktopOptions): Desktop['htmlToPdf'] {
  const { program, words: folders } = window;
  const missing = [program, ...folders.map((folder) => join(folder, 'out', 'main', 'main.js'))].find(
    (part) => !existsSync(part),
  );
  if (missing !== undefined)
    return {
      unavailable: `Printing a PDF needs the program with a window, of which ${missing} is missing. In a checkout, run "npm start" once to make it.`,
    };
  const hasDisplay = process.platform !== 'linux' || Boolean(env['DISPLAY']) || Boolean(env['WAYLAND_DISPLAY']);
  const xvfb = hasDisplay ? null : findProgram('Xvfb', env);
  if (!hasDisplay && xvfb === null)
    return {
      unavailable:
        'Printing a PDF needs a display or Xvfb, and neither was found (on Debian: apt install xvfb). The HTML report has the same content.',
    };
  return async (html, pdf) => {
    const display = xvfb === null ? null : await startDisplay(xvfb, env);
    try {
      const words = [...folders, ...electronFlags(env), '--disable-gpu', '--print-pdf', html, pdf];
      await runToEnd(program, words, { ...env, ...(display === null ? {} : { DISPLAY: display.name }) });
    } finally {
      display?.stop();
    }
  };
}

function findProgram(name: string, env: NodeJS.ProcessEnv): string | null {
  const folders = (env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}

const displayMs = 15_000;
const printMs = 120_000;

/** Xvfb chooses a free display itself and writes its number to the given descriptor. */
async function startDisplay(
  xvfb: string,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly name: string; readonly stop: () => void }> {
  const child = spawn(xvfb, ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'], {
    env,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const stop = (): void => void child.kill();
  const number = await new Promise<string>((done, fail) => {
    const timer = setTimeout(
      () => fail(new FaultError('not-available', `Xvfb did not open a display within ${displayMs / 1000} s.`)),
      displayMs,
    );
    const settle = (): void => clearTimeout(timer);
    let text = '';
    child.stdio[3]?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (!text.includes('\n')) return;
      settle();
      done(text.trim());
    });
    child.once('error', (error) => {
      settle();
      fail(new FaultError('not-available', `Xvfb could not be started: ${error.message}`));
    });
    child.once('exit', (code) => {
      settle();
      fail(new FaultError('not-available', `Xvfb exited at once (exit code ${String(code)}).`));
    });
  }).catch((error: unknown) => {
    stop();
    throw error;
  });
  return { name: `:${number}`, stop };
}

async function runToEnd(program: string, words: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(program, words, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let tail = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (tail = (tail + text).slice(-2000)));
  let isLate = false;
  const timer = setTimeout(() => (isLate = child.kill('SIGKILL')), printMs);
  const ended = await new Promise<number | NodeJS.Signals>((done, fail) => {
    child.once('error', fail);
    child.once('exit', (code, signal) => done(code ?? signal!));
  }).finally(() => clearTimeout(timer));
  if (ended === 0) return;
  const how = typeof ended === 'number' ? `exit code ${ended}` : `ended by ${ended}`;
  throw new FaultError(
    'not-available',
    `Electron could not print the PDF (${isLate ? 'not finished after 2 minutes' : how}). ${tail.trim().slice(-400)}`,
  );
}
