/** One list of commands feeds the menu; standard items are roles. */
import { Menu, type MenuItemConstructorOptions } from 'electron';
import type { CommandId } from '../api/pushes.ts';
import type { Words } from './words.ts';

const accelerators: Readonly<Record<CommandId, string>> = {
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
};

export function buildMenu(text: Words, carryOut: (command: CommandId) => void) {
  const command = (id: CommandId): MenuItemConstructorOptions => ({
    id,
    label: text[id],
    accelerator: accelerators[id],
    click: () => carryOut(id),
  });
  const separator: MenuItemConstructorOptions = { type: 'separator' };
  return Menu.buildFromTemplate([
    ...(process.platform === 'darwin' ? [{ role: 'appMenu' } satisfies MenuItemConstructorOptions] : []),
    {
      label: text.file,
      submenu: [
        command('newRun'),
        command('openFolder'),
        command('exportReport'),
        separator,
        command('settings'),
        separator,
        { role: 'quit', label: text.quit },
      ],
    },
    { label: text.edit, role: 'editMenu' },
    {
      label: text.go,
      submenu: [
        command('plans'),
        command('runs'),
        command('compare'),
        command('datasets'),
        command('weights'),
        command('reports'),
        command('hardware'),
      ],
    },
    {
      label: text.view,
      submenu: [
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        separator,
        { role: 'togglefullscreen' },
        { role: 'toggleDevTools' },
      ],
    },
    { label: text.window, role: 'windowMenu' },
  ]);
}
