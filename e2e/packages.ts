/** Installed packages, in a system of their own, without a network, as a user who is not root. */
import { test, type Page } from '@playwright/test';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { basename, join } from 'node:path';
import type { PlanRow } from '../electron/api/plans.ts';
import type { ReportRow } from '../electron/api/reports.ts';
import type { Settings } from '../electron/api/settings.ts';
import { ask, expect, root } from './app.ts';
import { expectNoNode, expectNoWayOut, expectStrictPolicy } from './closed-page.ts';
import { expectFuses, withWindowOf } from './packaged.ts';

const system = process.env['REPRISE_CLEAN_ROOT']!;
const packages = process.env['REPRISE_PACKAGES']!;
const pictures = join(root, 'test-results', 'packages');
const userHome = '/home/researcher';

const packageOf = (ending: string): string => {
  const name = readdirSync(packages).find((file) => file.endsWith(ending));
  if (name === undefined) throw new Error(`There is no package *${ending} in ${packages}.`);
  return join(packages, name);
};

/** Runs a program of the system as its root user. */
const asRoot = (...words: readonly string[]): string =>
  execFileSync('chroot', [system, ...words], { encoding: 'utf8', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } });

const userEnvironment = { HOME: userHome, PATH: '/usr/bin:/bin:/usr/sbin', LANG: 'C.UTF-8' };
/**
 * Not by chroot alone, in which the kernel makes no user namespaces: then Chromium would have no sandbox but by a program that root
 * has set up.
 */
const userWords = [
  ...['--mount', 'sh', '-e', '-c', 'cd "$0"; pivot_root . mnt; umount --lazy /mnt; exec "$@"', system],
  ...['setpriv', '--reuid=researcher', '--regid=researcher', '--init-groups'],
];

/** Runs a program of the system as its ordinary user. */
const asUser = (...words: readonly string[]): string =>
  execFileSync('unshare', [...userWords, ...words], {
    encoding: 'utf8',
    env: userEnvironment,
    cwd: system,
    stdio: ['ignore', 'pipe', 'inherit'],
  });

const startAsUser = (words: readonly string[], environment: Readonly<Record<string, string>> = {}): ChildProcess =>
  spawn('unshare', [...userWords, ...words], {
    env: { ...userEnvironment, DISPLAY: ':7', ...environment },
    cwd: system,
    stdio: ['ignore', 'pipe', 'pipe'],
  });

interface Installed {
  /** Where the program lies, in the system. */
  readonly folder: string;
  readonly terminal: string;
  readonly window: string;
  remove(): void;
}

/** A user's own folder of the installation would be no proof: nobody may write there. */
function seal(folder: string): void {
  execFileSync('mount', ['--bind', join(system, folder), join(system, folder)]);
  execFileSync('mount', ['-o', 'remount,bind,ro', join(system, folder)]);
}
const unseal = (folder: string): void => void execFileSync('umount', ['--lazy', join(system, folder)]);

/** Installs by the system's own means, without a network. */
function install(kind: 'deb' | 'rpm' | 'tar.gz'): Installed {
  const file = packageOf(`.${kind}`);
  const inside = `/tmp/${basename(file)}`;
  execFileSync('cp', [file, join(system, inside)]);
  const edition = /^reprise(-dev)?/.exec(basename(file))?.[1] ?? '';
  const name = `reprise${edition}`;
  let folder = `/opt/Reprise${edition}`;
  let removal = ['dpkg', '--purge', name];
  if (kind === 'deb') asRoot('dpkg', '--install', inside);
  else if (kind === 'rpm') {
    asRoot('rpm', '--install', '--nodeps', '--force-debian', inside);
    removal = ['rpm', '--erase', name];
  } else {
    asRoot('tar', '--extract', '--file', inside, '--directory', '/opt');
    folder = `/opt/${basename(file, '.tar.gz')}`;
    removal = ['rm', '--recursive', folder];
  }
  rmSync(join(system, inside));
  seal(folder);
  const isLinked = kind !== 'tar.gz';
  return {
    folder,
    terminal: isLinked ? name : `${folder}/reprise`,
    window: isLinked ? `${name}-desktop` : `${folder}/${name}-desktop`,
    remove() {
      unseal(folder);
      asRoot(...removal);
    },
  };
}

/** What there is of the program outside of the user's own folder. */
const traces = (): string => asRoot('find', '/etc', '/opt', '/usr', '/var', '-iname', '*reprise*');

async function withInstalled(kind: 'deb' | 'rpm' | 'tar.gz', use: (installed: Installed) => Promise<void>) {
  mkdirSync(join(system, 'opt'), { recursive: true });
  const installed = install(kind);
  try {
    await use(installed);
  } finally {
    installed.remove();
  }
  mkdirSync(join(system, 'opt'), { recursive: true });
  expect(traces()).toBe('');
}

/** A virtual display of the system. */
async function withDisplay(use: () => Promise<void>): Promise<void> {
  // What an Xvfb that was killed left behind would be taken for this one.
  for (const left of ['tmp/.X7-lock', 'tmp/.X11-unix/X7']) rmSync(join(system, left), { force: true });
  const display = startAsUser(['Xvfb', ':7', '-screen', '0', '1280x800x24', '-nolisten', 'tcp']);
  try {
    await expect.poll(() => existsSync(join(system, 'tmp/.X11-unix/X7'))).toBe(true);
    await use();
  } finally {
    display.kill();
  }
}

/** Starts the window as a user would. */
const withWindow = (installed: Installed, use: (page: Page) => Promise<void>): Promise<void> =>
  withWindowOf(startAsUser([installed.window, '--remote-debugging-port=0', '--lang=en-US']), use);

/** Command lines of the window's processes, by process id: of all there are here, since the tests' own know nothing of types. */
const processes = (): ReadonlyMap<string, string> =>
  new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => [pid, existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : ''] as const)
      .filter(([, line]) => /--type=|-desktop/.test(line)),
  );

async function checkSecurity(page: Page): Promise<void> {
  expect(page.url()).toMatch(/^app:\/\/reprise\//);
  await expectNoNode(page);
  await expectStrictPolicy(page);
  await expectNoWayOut(page);
  const running = [...processes()];
  expect(running.filter(([, line]) => line.includes('--no-sandbox'))).toEqual([]);
  const renderers = running.filter(([, line]) => line.includes('--type=renderer'));
  expect(renderers.length).toBeGreaterThan(0);
  for (const [pid] of renderers) expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^Seccomp:\s+2$/m);
}

/** The program's file as it is seen from here. */
const fileOf = ({ window }: Installed): string =>
  join(system, asRoot('sh', '-c', `readlink -f "$(command -v ${window})"`).trim());

/** What the fuses promise, tried: the program is no Node, preloads nothing and opens no inspector. */
async function tryToMisuse(installed: Installed): Promise<void> {
  const marker = `${userHome}/misused`;
  writeFileSync(join(system, userHome, 'misuse.cjs'), `require('fs').writeFileSync('${marker}', '')`);
  const attempts: readonly { readonly words: readonly string[]; readonly env: Readonly<Record<string, string>> }[] = [
    { words: [`${userHome}/misuse.cjs`], env: { ELECTRON_RUN_AS_NODE: '1' } },
    { words: [], env: { NODE_OPTIONS: `--require=${userHome}/misuse.cjs` } },
    { words: ['--inspect=9229'], env: {} },
  ];
  for (const { words, env } of attempts) {
    const program = startAsUser([installed.window, `--user-data-dir=${userHome}/misuse`, ...words], {
      ...env,
      REPRISE_HOME: `${userHome}/misuse-workspace`,
    });
    const ended = new Promise((done) => program.once('exit', done));
    // It is the program with its window, whatever it was started as.
    await expect.poll(() => [...processes().values()].some((line) => line.includes('--type=renderer'))).toBe(true);
    const isInspected = await new Promise((done) => {
      const socket = connect(9229, '127.0.0.1', () => done(true));
      socket.once('error', () => done(false));
    });
    expect(isInspected).toBe(false);
    program.kill('SIGTERM');
    await ended;
  }
  expect(existsSync(join(system, marker))).toBe(false);
}

const pdfText = (path: string): string => readFileSync(path, 'latin1').slice(0, 8);

test.beforeAll(() => {
  rmSync(pictures, { recursive: true, force: true });
  mkdirSync(pictures, { recursive: true });
});

test('deb: the window carries the first plan through to its table and its report', async () => {
  await withInstalled('deb', (installed) =>
    withDisplay(async () => {
      await expectFuses(fileOf(installed));
      await tryToMisuse(installed);
      await withWindow(installed, async (page) => {
        await checkSecurity(page);
        const settings = (await ask(page, 'about')) as { readonly settings: Settings };
        for (const language of ['zh', 'en'] as const) {
          await ask(page, 'changeSettings', { ...settings.settings, language });
          await page.reload();
          await expect(page.getByRole('navigation').first()).toBeVisible();
          await page.screenshot({ path: join(pictures, `first-launch-${language}.png`) });
        }
        await page.evaluate(() => (location.hash = '#/settings'));
        const licences = page.getByTestId('licences').getByRole('listitem');
        await expect.poll(() => licences.count()).toBeGreaterThan(20);
        await licences.filter({ hasText: 'TensorFlow' }).first().getByRole('button').click();
        await expect(page.getByTestId('licences')).toContainText('Apache License');
        await page.screenshot({ path: join(pictures, 'licences.png') });
        await page.evaluate(() => (location.hash = '#/plans'));
        await page.getByRole('link', { name: 'Start here' }).click();
        await page.getByRole('button', { name: 'Start the plan', exact: true }).click();
        const state = async () =>
          ((await ask(page, 'plans')) as readonly PlanRow[]).find(({ plan }) => plan.id === 'first')?.state;
        await expect.poll(state, { timeout: 180_000 }).toBe('running');
        await expect.poll(state, { timeout: 50 * 60_000, intervals: [5000] }).toBe('done');
        await page.screenshot({ path: join(pictures, 'plan-done.png') });
        await page.getByRole('link', { name: 'See the comparison' }).click();
        await page.screenshot({ path: join(pictures, 'comparison.png') });
        await page.getByRole('button', { name: 'Export report', exact: true }).click();
        await page.getByRole('menuitem', { name: 'PDF' }).click();
        const reports = async () => (await ask(page, 'reports')) as readonly ReportRow[];
        await expect.poll(async () => (await reports()).length).toBe(1);
        const pdf = (await reports())[0]!.files.find(({ format }) => format === 'pdf');
        expect(pdfText(join(system, pdf!.path))).toContain('%PDF');
      });
    }),
  );
});

test('tar.gz: the terminal carries the first plan through to its table and its report', async () => {
  await withInstalled('tar.gz', async ({ terminal }) => {
    expect(asUser(terminal, 'doctor')).toContain('TensorFlow 2');
    const workspace = `${userHome}/terminal`;
    asUser(terminal, 'plan', 'first', '--home', workspace);
    expect(asUser(terminal, 'compare', '--plan', 'first', '--home', workspace)).toContain('VICReg');
    asUser(terminal, 'report', '--plan', 'first', '--home', workspace);
    const [report] = readdirSync(join(system, workspace, 'reports'));
    const folder = join(system, workspace, 'reports', report!);
    const pdf = readdirSync(folder).find((file) => file.endsWith('.pdf'));
    expect(pdf, readdirSync(folder).join()).toBeDefined();
    expect(pdfText(join(folder, pdf!))).toContain('%PDF');
  });
});

test('rpm: installed without its dependencies, it trains in the terminal and opens its window', async () => {
  await withInstalled('rpm', (installed) =>
    withDisplay(async () => {
      const words = ['--preset', 'vicreg-small', '--dataset', 'fashion-mnist', '--set', 'epochs=0.1'];
      asUser(installed.terminal, 'run', ...words, '--home', `${userHome}/rpm`);
      expect(asUser(installed.terminal, 'runs', '--home', `${userHome}/rpm`)).toContain('VICReg');
      await withWindow(installed, checkSecurity);
    }),
  );
});
