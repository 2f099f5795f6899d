/** Runs the program only to print, with `--print-pdf HTML PDF`, for a report written in the terminal. */
import { app } from 'electron';
import { resolve } from 'node:path';
import { printPdf } from './pdf.ts';

const flag = '--print-pdf';

export function isPdfJob(args: readonly string[]): boolean {
  return args.includes(flag);
}

/** Prints once the program is ready, then exits with 0, or with 1 and the reason. */
export async function runPdfJob(args: readonly string[]): Promise<void> {
  const at = args.indexOf(flag);
  try {
    await app.whenReady();
    await printPdf(resolve(args[at + 1] ?? ''), resolve(args[at + 2] ?? ''));
    app.exit(0);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    app.exit(1);
  }
}
