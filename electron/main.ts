/** Composition root of the desktop program: a table of contents, each concern set up by a function of its own. */
import { app } from 'electron';
import { join } from 'node:path';
import { readSettings } from './workstation/machine/settings.ts';
import { declareScheme, servePages } from './shell/app-protocol.ts';
import { createAppearance, presenceState } from './shell/appearance.ts';
import { fail, watchForCrashes } from './shell/crash.ts';
import { createDesktop } from './shell/desktop.ts';
import { desktopHandlers } from './shell/desktop-handlers.ts';
import { offerFonts } from './shell/fonts.ts';
import { answerRequests } from './shell/ipc.ts';
import { rememberedHome } from './shell/home.ts';
import { createMainWindow, reopenOnRequest } from './shell/main-window.ts';
import { stayOffline } from './shell/offline.ts';
import { openOrExplain } from './shell/open-workstation.ts';
import { isOnlyStart } from './shell/other-start.ts';
import { isPdfJob, runPdfJob } from './shell/pdf-job.ts';
import { createPresence } from './shell/presence.ts';
import { createPushRelay } from './shell/push-relay.ts';
import { quitSafely } from './shell/quit.ts';
import { denyPermissions, hardenContents } from './shell/window.ts';

const appRoot = app.getAppPath();
// In a package the window's own files are in an archive, and what plain Node reads lies beside it.
const workstationRoot = app.isPackaged ? join(process.resourcesPath, 'program') : appRoot;
const icon = join(appRoot, 'resources/icons/reprise.png');

// The root user cannot use the sandbox of Chromium; the start script passes the flag then, never this code.
if (!process.argv.includes('--no-sandbox')) app.enableSandbox();
declareScheme();
stayOffline();
offerFonts(join(workstationRoot, 'out/fonts'));
watchForCrashes();
app.setAppUserModelId('invalid.reprise');

if (isPdfJob(process.argv)) {
  void runPdfJob(process.argv);
} else if (!isOnlyStart()) {
  app.quit();
} else {
  hardenContents();
  void app.whenReady().then(run).catch(fail);
}

async function run(): Promise<void> {
  denyPermissions();
  const pages = servePages(join(appRoot, 'out/renderer'));

  const { settings } = await readSettings(rememberedHome());
  const state = presenceState(settings);
  const window = createMainWindow(appRoot, icon, state.language);
  const relay = createPushRelay(window.current);
  const presence = createPresence(window.current, icon, state, (run) => relay.push('showRun', run));
  const appearance = createAppearance(settings, presence, (command) => relay.push('command', command));

  // A workspace of many runs takes a second to be looked through: the window stands meanwhile, and its questions wait.
  const opening = openOrExplain(workstationRoot, state, window.current, createDesktop(window.current), relay.push);
  const handlers = opening.then((opened) => opened && desktopHandlers(opened, appearance, window.current));
  answerRequests(handlers, (request, fault) => console.error(`${request}: ${fault.code}: ${fault.message}`));
  quitSafely(opening, presence, window.current, appearance.text);
  window.open();

  const workstation = await opening;
  if (workstation === null) return;
  pages.readReportsBy(workstation.reportPage);
  relay.connect(presence, workstation);
  reopenOnRequest(window, appearance.text);
  await relay.refreshPresence();
}
