/** Handles a failure of the program itself: a note on disk and a plain dialog independent of the app; no upload. */
import { app, crashReporter, dialog } from 'electron';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export function watchForCrashes(): void {
  crashReporter.start({ uploadToServer: false });
  process.on('uncaughtException', (error) => fail(error));
  process.on('unhandledRejection', (reason) => fail(reason));
}

let failed = false;

/** Exceptions are fatal, errors are values: anything that arrives here is a bug in the program. */
export function fail(reason: unknown): void {
  if (failed) return;
  failed = true;
  const error = reason instanceof Error ? reason : new Error(String(reason));
  const folder = join(app.getPath('userData'), 'crashes');
  const file = join(folder, `${new Date().toISOString().replaceAll(':', '-')}.txt`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `${app.getName()} ${app.getVersion()} on ${process.platform}\n${error.stack ?? error.message}\n`);
  console.error(error);
  if (app.isReady() && process.env['REPRISE_TEST'] !== '1') {
    dialog.showErrorBox(
      `${app.getName()} has to close · 程序需要关闭`,
      `${error.message}\n\nYour runs are safe in the workspace; a running trainer saves and stops by itself.\n运行记录都在工作区中；正在运行的训练进程会自行保存并停止。\n\n${file}`,
    );
  }
  app.exit(1);
}
