/** Composition root of the desktop program: each concern set up in order, no logic. */
import { app, type BrowserWindow, dialog, type FileFilter, Menu, nativeTheme, type OpenDialogOptions } from 'electron';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FaultError } from '../trainer/durable/fault-error.ts';
import type { CommandId, Pushes } from './api/pushes.ts';
import type { FileKind } from './api/requests.ts';
import type { Language, Settings } from './api/settings.ts';
import { declareScheme, servePages } from './shell/app-protocol.ts';
import { fail, watchForCrashes } from './shell/crash.ts';
import { createPresence, type DesktopPresence } from './shell/desktop.ts';
import { answerRequests, pushTo, trustWindow } from './shell/ipc.ts';
import { openLink, openPath, showItem, trash } from './shell/links.ts';
import { buildMenu } from './shell/menu.ts';
import { printPdf } from './shell/pdf.ts';
import { rememberHome, rememberedHome } from './shell/home.ts';
import { createWindow, denyPermissions, hardenContents } from './shell/window.ts';
import { words } from './shell/words.ts';
import { openWorkstation, type Workstation } from './workstation/workstation.ts';

const fileFilters: Readonly<Record<FileKind, FileFilter>> = {
  weights: { name: 'PyTorch, safetensors', extensions: ['pth', 'pt', 'pth.tar', 'ckpt', 'safetensors'] },
  list: { name: 'txt', extensions: ['txt'] },
  bundle: { name: 'bundle.json', extensions: ['json'] },
};

// The root user cannot use the sandbox of Chromium; the start script passes the flag then, never this code.
if (!process.argv.includes('--no-sandbox')) app.enableSandbox();
declareScheme();
watchForCrashes();
app.setAppUserModelId('invalid.reprise');

const pdfJob = process.argv.indexOf('--print-pdf');
const appRoot = app.getAppPath();
const icon = join(appRoot, 'resources/icons/reprise.png');

if (pdfJob >= 0) {
  void app
    .whenReady()
    .then(() => printPdf(resolve(process.argv[pdfJob + 1] ?? ''), resolve(process.argv[pdfJob + 2] ?? '')))
    .then(
      () => app.exit(0),
      (error: unknown) => {
        console.error(error instanceof Error ? error.message : error);
        app.exit(1);
      },
    );
} else if (!app.requestSingleInstanceLock()) {
  app.quit();
} else {
  hardenContents();
  void app.whenReady().then(run).catch(fail);
}

async function run(): Promise<void> {
  denyPermissions();
  servePages(join(appRoot, 'out/renderer'));

  let window: BrowserWindow | null = null;
  const current = (): BrowserWindow | null => window;
  let presence: DesktopPresence | null = null;
  const push = <K extends keyof Pushes>(name: K, ...values: Parameters<Pushes[K]>): void => {
    if (window !== null && !window.isDestroyed()) pushTo(window.webContents, name, values);
    if (name === 'progress') presence?.progress(values[0] as Parameters<Pushes['progress']>[0]);
    if (name === 'runsChanged') void refreshPresence().catch(fail);
  };

  const pick = async (options: OpenDialogOptions): Promise<string | null> => {
    const picked =
      window === null ? await dialog.showOpenDialog(options) : await dialog.showOpenDialog(window, options);
    return picked.canceled ? null : (picked.filePaths[0] ?? null);
  };
  let workstation: Workstation;
  try {
    workstation = await openWorkstation({
      home: rememberedHome(),
      appRoot,
      runtime: process.env['REPRISE_RUNTIME'] ?? join(appRoot, '.runtime'),
      node: process.env['REPRISE_NODE'] ?? join(appRoot, 'node_modules/node/bin/node'),
      version: app.getVersion(),
      edition: process.env['REPRISE_FALLBACK_ELECTRON'] === '1' ? '-dev' : '',
      write: true,
      push,
      desktop: {
        pickFolder: () => pick({ properties: ['openDirectory'] }),
        pickFile: (kind) =>
          pick({ properties: ['openFile'], filters: [fileFilters[kind], { name: '*', extensions: ['*'] }] }),
        trash,
        openPath,
        showItem: (path) => {
          showItem(path);
          return Promise.resolve();
        },
        openLink,
        htmlToPdf: printPdf,
      },
    });
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    // Somebody else holds the workspace, or it was made by a newer version: said plainly, nothing is touched.
    dialog.showErrorBox(app.getName(), error.message);
    app.exit(1);
    return;
  }

  const { handlers } = workstation;
  const systemLanguage: Language = app.getLocale().startsWith('zh') ? 'zh' : 'en';
  const language = (settings: Settings): Language =>
    settings.language === 'system' ? systemLanguage : settings.language;
  const about = await handlers.about.answer();
  let settings = about.settings;

  const command = (id: CommandId): void => push('command', id);
  const apply = (next: Settings): void => {
    settings = next;
    nativeTheme.themeSource = next.theme;
    const text = words[language(next)];
    Menu.setApplicationMenu(buildMenu(text, command));
    presence?.change({ keepAwake: next.keepAwake, text });
  };
  const refreshPresence = async (): Promise<void> => presence?.runs(await handlers.runs.answer());

  presence = createPresence(current, icon, { keepAwake: settings.keepAwake, text: words[language(settings)] }, (run) =>
    push('runsChanged', [run]),
  );
  apply(settings);

  answerRequests(
    {
      ...handlers,
      about: {
        ...handlers.about,
        answer: async () => ({
          ...(await handlers.about.answer()),
          systemLanguage,
          versions: { ...about.versions, electron: process.versions.electron, chrome: process.versions.chrome },
        }),
      },
      changeSettings: {
        ...handlers.changeSettings,
        answer: async (next) => {
          const saved = await handlers.changeSettings.answer(next);
          apply(saved);
          return saved;
        },
      },
      chooseHome: {
        ...handlers.chooseHome,
        answer: async () => {
          if (await isTraining())
            throw new FaultError('busy', 'A run is training in this workspace. Stop it before choosing another one.');
          const folder = await pick({ properties: ['openDirectory', 'createDirectory'] });
          if (folder === null) return null;
          rememberHome(folder);
          app.relaunch();
          app.quit();
          return folder;
        },
      },
    },
    (request, fault) => console.error(`${request}: ${fault.code}: ${fault.message}`),
  );

  async function isTraining(): Promise<boolean> {
    return (await handlers.runs.answer()).some((row) => row.status === 'running');
  }

  function openWindow(): void {
    window = createWindow(join(appRoot, 'out/preload/preload.cjs'), icon);
    trustWindow(window.webContents);
    window.on('close', (event) => {
      if (leaving) return;
      event.preventDefault();
      app.quit();
    });
    window.on('closed', () => (window = null));
    handOver(process.argv.slice(1));
  }

  /** A folder, or a file of weights, named on the command line or by a second instance is looked at. */
  function handOver(args: readonly string[]): void {
    const folder = args
      .filter((arg) => !arg.startsWith('-'))
      .map((arg) => resolve(arg))
      .find((path) => path !== resolve(appRoot) && existsSync(path));
    if (folder === undefined || window === null) return;
    const contents = window.webContents;
    if (contents.isLoading()) contents.once('did-finish-load', () => push('pathDropped', folder));
    else push('pathDropped', folder);
  }

  let leaving = false;
  let asking = false;
  const leave = async (): Promise<void> => {
    leaving = true;
    await workstation.close('safely');
    presence?.dispose();
    app.exit(0);
  };
  const askToLeave = async (): Promise<void> => {
    const text = words[language(settings)];
    if ((await isTraining()) && window !== null && process.env['REPRISE_TEST'] !== '1') {
      const { response } = await dialog.showMessageBox(window, {
        type: 'question',
        message: text.quitQuestion,
        detail: text.quitDetail,
        buttons: [text.stopSafely, text.keepInBackground, text.cancel],
        defaultId: 0,
        cancelId: 2,
      });
      if (response === 1) presence?.keepInTray();
      if (response !== 0) return;
    }
    await leave();
  };
  app.on('before-quit', (event) => {
    if (leaving) return;
    event.preventDefault();
    if (asking) return;
    asking = true;
    askToLeave()
      .catch(fail)
      .finally(() => (asking = false));
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void leave().catch(fail));
  app.on('second-instance', (_event, args, cwd) => {
    if (window === null) openWindow();
    window?.show();
    window?.focus();
    handOver(args.slice(1).map((arg) => (arg.startsWith('-') ? arg : resolve(cwd, arg))));
  });
  app.on('activate', () => {
    if (window === null) openWindow();
  });
  app.on('window-all-closed', () => undefined);

  openWindow();
  await refreshPresence();
}
