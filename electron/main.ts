/** Composition root of the desktop program: a table of contents, each concern set up by a function of its own. */
import { app } from 'electron';
import { join } from 'node:path';
import { declareScheme, servePages } from './shell/app-protocol.ts';
import { createAppearance, presenceState } from './shell/appearance.ts';
import { fail, watchForCrashes } from './shell/crash.ts';
import { createDesktop } from './shell/desktop.ts';
import { desktopHandlers } from './shell/desktop-handlers.ts';
import { answerRequests } from './shell/ipc.ts';
import { createMainWindow, reopenOnRequest } from './shell/main-window.ts';
import { stayOffline } from './shell/offline.ts';
import { openOrExplain } from './shell/open-workstation.ts';
import { isPdfJob, runPdfJob } from './shell/pdf-job.ts';
import { createPresence } from './shell/presence.ts';
import { createPushRelay } from './shell/push-relay.ts';
import { quitSafely } from './shell/quit.ts';
import { denyPermissions, hardenContents } from './shell/window.ts';

const appRoot = app.getAppPath();
const icon = join(appRoot, 'resources/icons/reprise.png');

// The root user cannot use the sandbox of Chromium; the start script passes the flag then, never this code.
if (!process.argv.includes('--no-sandbox')) app.enableSandbox();
declareScheme();
stayOffline();
watchForCrashes();
app.setAppUserModelId('invalid.reprise');

if (isPdfJob(process.argv)) {
  void runPdfJob(process.argv);
} else if (!app.requestSingleInstanceLock()) {
  app.quit();
} else {
  hardenContents();
  void app.whenReady().then(run).catch(fail);
}

async function run(): Promise<void> {
  denyPermissions();
  const pages = servePages(join(appRoot, 'out/renderer'));

  const window = createMainWindow(appRoot, icon);
  const relay = createPushRelay(window.current);
  const workstation = await openOrExplain(appRoot, createDesktop(window.current), relay.push);
  if (workstation === null) return;
  pages.readReportsBy(workstation.reportPage);

  const { settings } = await workstation.handlers.about.answer();
  const presence = createPresence(window.current, icon, presenceState(settings), (run) => relay.push('showRun', run));
  const appearance = createAppearance(settings, presence, (command) => relay.push('command', command));
  relay.connect(presence, workstation);
  answerRequests(desktopHandlers(workstation, appearance, window.current), (request, fault) =>
    console.error(`${request}: ${fault.code}: ${fault.message}`),
  );
  quitSafely(workstation, presence, window.current, appearance.text);
  reopenOnRequest(window);

  window.open();
  await relay.refreshPresence();
}
