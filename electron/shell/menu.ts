/** One list of commands feeds the menu; standard items are roles. */
import { Menu, type MenuItemConstructorOptions } from 'electron';
import type { CommandId } from '../api/pushes.ts';
import { accelerators } from '../words/accelerators.ts';
import type { Words } from './words.ts';

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
        command('palette'),
        separator,
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
    { label: text.help, role: 'help', submenu: [command('shortcuts')] },
  ]);
}
