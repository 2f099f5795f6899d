/** The workstation's desktop: dialogs, the trash, the file manager, the browser, and printing. */
import { app, type BrowserWindow, dialog, type FileFilter, type OpenDialogOptions } from 'electron';
import type { FileKind } from '../api/requests.ts';
import type { Desktop } from '../workstation/machine/desktop.ts';
import { openLink, openPath, showItem, trash } from './links.ts';
import { printPdf } from './pdf.ts';

const fileFilters: Readonly<Record<FileKind, FileFilter>> = {
  weights: {
    name: 'PyTorch, safetensors',
    extensions: ['pth', 'pt', 'pth.tar', 'tar', 'ckpt', 'bin', 'pkl', 'safetensors'],
  },
  list: { name: 'txt', extensions: ['txt'] },
  bundle: { name: 'bundle.json', extensions: ['json'] },
  detections: { name: 'COCO', extensions: ['json'] },
  wheels: { name: 'wheel', extensions: ['whl'] },
  curves: { name: 'TensorBoard, CSV, JSON lines', extensions: ['csv', 'tsv', 'txt', 'jsonl', 'ndjson', 'log'] },
};

/** Asks the user for paths, in a dialog of the window if there is one. @returns none if the dialog was cancelled */
async function pickPaths(window: BrowserWindow | null, options: OpenDialogOptions): Promise<readonly string[]> {
  const picked = window === null ? await dialog.showOpenDialog(options) : await dialog.showOpenDialog(window, options);
  return picked.canceled ? [] : picked.filePaths;
}

/** The same for one path. @returns null if the dialog was cancelled */
export async function pickPath(window: BrowserWindow | null, options: OpenDialogOptions): Promise<string | null> {
  return (await pickPaths(window, options))[0] ?? null;
}

const filtersOf = (kind: FileKind): FileFilter[] => [fileFilters[kind], { name: '*', extensions: ['*'] }];

export function createDesktop(window: () => BrowserWindow | null): Desktop {
  return {
    pickFolder: () => pickPath(window(), { properties: ['openDirectory'] }),
    pickFile: (kind) => pickPath(window(), { properties: ['openFile'], filters: filtersOf(kind) }),
    pickFiles: (kind) => pickPaths(window(), { properties: ['openFile', 'multiSelections'], filters: filtersOf(kind) }),
    trash,
    openPath,
    showItem: async (path) => showItem(path),
    openLink,
    isSandboxed: !app.commandLine.hasSwitch('no-sandbox'),
    htmlToPdf: printPdf,
  };
}
