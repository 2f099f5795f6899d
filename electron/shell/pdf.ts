/** Prints a finished HTML report to PDF in a hidden window that may only read that file and runs no scripts. */
import { BrowserWindow, session } from 'electron';
import { open, rename, rm } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { printOptions } from '../workstation/report/print.ts';

export async function printPdf(html: string, pdf: string): Promise<void> {
  const address = pathToFileURL(html).href;
  const own = session.fromPartition(`report-${String(process.pid)}-${String(performance.now())}`);
  own.webRequest.onBeforeRequest((details, decide) =>
    decide({ cancel: details.url !== address && !details.url.startsWith('data:') }),
  );
  const window = new BrowserWindow({
    show: false,
    // Elements are numbered when they are first painted. If only the printer paints them, they are numbered in page
    // order.
    paintWhenInitiallyHidden: false,
    webPreferences: { session: own, sandbox: true, javascript: false },
  });
  try {
    await window.loadURL(address);
    const bytes = await window.webContents.printToPDF(printOptions);
    const part = `${pdf}.part`;
    const file = await open(part, 'w');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, pdf);
  } finally {
    window.destroy();
    await rm(`${pdf}.part`, { force: true });
  }
}
