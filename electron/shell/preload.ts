/** Exposes the window's only API object. Bundled to a single CommonJS file; the only importer of ipcRenderer. */
import { contextBridge, ipcRenderer, webUtils } from 'electron';
import { pushNames } from '../api/pushes.ts';
import { requestNames } from '../api/requests.ts';

const requests = Object.fromEntries(
  requestNames.map((name) => [name, (...args: readonly unknown[]) => ipcRenderer.invoke(`workstation:${name}`, args)]),
);

/** Only the pushed values reach the window, never Electron's event. */
function on(push: string, listener: (...values: readonly unknown[]) => void): () => void {
  if (!(pushNames as readonly string[]).includes(push))
    throw new Error(`No push "${push}". Known: ${pushNames.join(', ')}.`);
  const heard = (_event: unknown, ...values: readonly unknown[]): void => listener(...values);
  ipcRenderer.on(`push:${push}`, heard);
  return () => {
    ipcRenderer.removeListener(`push:${push}`, heard);
  };
}

contextBridge.exposeInMainWorld('workstation', {
  ...requests,
  on,
  pathOf: (file: File) => webUtils.getPathForFile(file),
});
