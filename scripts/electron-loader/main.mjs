/**
 * Stands in for Electron's own default application, which the fallback build lacks: `electron [flags] FOLDER` opens the
 * application in that folder. Copied to `resources/app` of the unpacked Electron.
 *
 * A module on purpose: its top-level await holds back `ready` until the application has set itself up.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { app } from 'electron';

const folder = process.argv.slice(1).find((word) => !word.startsWith('-'));
if (folder === undefined) {
  console.error('Say which application to open: electron FOLDER, where FOLDER has a package.json.');
  app.exit(2);
} else {
  const home = resolve(folder);
  const { name, productName, version, main } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  app.setName(productName ?? name);
  // Electron's own default application calls these two; they are not in its type declarations.
  const internals = /** @type {{ setAppPath(path: string): void, setVersion(version: string): void }} */ (
    /** @type {unknown} */ (app)
  );
  internals.setAppPath(home);
  internals.setVersion(version);
  if (!app.commandLine.hasSwitch('user-data-dir')) app.setPath('userData', join(app.getPath('appData'), app.getName()));
  await import(pathToFileURL(join(home, main)).href);
}
