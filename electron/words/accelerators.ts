/** Keys of the menu's commands, as Electron writes them: for the menu, and for the window's list of shortcuts. */
import type { CommandId } from '../api/pushes.ts';

export const accelerators: Readonly<Record<CommandId, string>> = {
  palette: 'CmdOrCtrl+K',
  newRun: 'CmdOrCtrl+N',
  openFolder: 'CmdOrCtrl+O',
  exportReport: 'CmdOrCtrl+E',
  plans: 'CmdOrCtrl+1',
  runs: 'CmdOrCtrl+2',
  compare: 'CmdOrCtrl+3',
  datasets: 'CmdOrCtrl+4',
  weights: 'CmdOrCtrl+5',
  reports: 'CmdOrCtrl+6',
  hardware: 'CmdOrCtrl+7',
  settings: 'CmdOrCtrl+,',
  shortcuts: 'F1',
};

/** `CmdOrCtrl+K` → "Ctrl+K", on a Mac "⌘K". */
export function keysInWords(accelerator: string, isMac: boolean): string {
  return isMac ? accelerator.replace('CmdOrCtrl+', '⌘') : accelerator.replace('CmdOrCtrl', 'Ctrl');
}
